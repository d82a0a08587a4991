//! The bytes of a message as text, whatever they are: what is not text is U+FFFD.

use std::borrow::Cow;

/// The text of a body: UTF-8, or UTF-16 where its first bytes say so.
pub fn text_of(body: &[u8]) -> Cow<'_, str> {
    match utf16(body) {
        Some(unit) => {
            let units: Vec<u16> = body.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
            Cow::Owned(String::from_utf16_lossy(&units))
        }
        None => String::from_utf8_lossy(body),
    }
}

/// Whether a body is taken for UTF-16: it has no lines that a byte would tell apart.
pub fn is_utf16(body: &[u8]) -> bool {
    utf16(body).is_some()
}

/// How two bytes are a unit, by a byte order mark or by the zero beside the first bracket.
fn utf16(body: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match body {
        [0xff, 0xfe, ..] | [b'{' | b'[', 0, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_body_is_made_of_it_is_text_and_what_is_text_in_it_stays() {
        let text = "{\"a\":\"é😀\"}";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(matches!(text_of(text.as_bytes()), Cow::Borrowed(same) if same == text));
        assert_eq!([text_of(&little), text_of(&big)], [text, text]);
        let marked = |mark: [u8; 2], body: &[u8]| text_of(&[&mark, body].concat()).into_owned();
        let expected = format!("\u{feff}{text}");
        assert_eq!([marked([0xff, 0xfe], &little), marked([0xfe, 0xff], &big)], [&*expected, &*expected]);
        assert_eq!(text_of(b"{\"a\":\"x\xff\xfey\",\"b\":1}"), "{\"a\":\"x\u{fffd}\u{fffd}y\",\"b\":1}");
        assert_eq!(text_of(b"\xed\xa0\xbd"), "\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(text_of(b""), "");
    }
}
