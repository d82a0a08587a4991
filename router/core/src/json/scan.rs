//! Where what is passed in a text ends: a string is looked at sixteen bytes at a time, an array or object sixty-four.
//!
//! What is passed is not read: whether it is JSON is not asked, only where its brackets and quotes are.

use wide::u8x16;

/// Where a string ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StringEnd {
    /// The byte of its closing quote.
    pub(crate) at: usize,
    /// Whether there is a backslash in it.
    pub(crate) is_escaped: bool,
}

/// The end of the string whose first byte behind the quote is at `from`; none where the text ends before it.
#[inline]
pub(crate) fn string_end(bytes: &[u8], from: usize) -> Option<StringEnd> {
    let (mut at, mut is_escaped) = (from, false);
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let chunk = u8x16::new(*chunk);
        let stops = equal(chunk, b'"') | equal(chunk, b'\\');
        let stops = stops.to_bitmask();
        if stops == 0 {
            at += 16;
            continue;
        }
        at += stops.trailing_zeros() as usize;
        if bytes[at] == b'"' {
            return Some(StringEnd { at, is_escaped });
        }
        is_escaped = true;
        at += 2;
    }
    // The last few bytes of the text.
    loop {
        match bytes.get(at)? {
            b'"' => return Some(StringEnd { at, is_escaped }),
            b'\\' => (is_escaped, at) = (true, at + 2),
            _ => at += 1,
        }
    }
}

/// The same of a key; and whether it has neither a backslash nor a dot.
#[inline]
pub(crate) fn key_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let chunk = u8x16::new(*chunk);
        let quotes = equal(chunk, b'"').to_bitmask();
        let others = (equal(chunk, b'\\') | equal(chunk, b'.')).to_bitmask();
        // The bits up to the first quote; all, if there is none.
        if others & (quotes ^ quotes.wrapping_sub(1)) != 0 {
            return Some((string_end(bytes, from)?.at, false));
        }
        if quotes != 0 {
            return Some((at + quotes.trailing_zeros() as usize, true));
        }
        at += 16;
    }
    let StringEnd { at: end, is_escaped } = string_end(bytes, at)?;
    Some((end, !is_escaped && !bytes[at..end].contains(&b'.')))
}

/// The first byte from there that ends a string or is not to be taken as it stands: a quote of that kind, a backslash, a
/// control character; or the end of the text.
#[inline]
pub(crate) fn text_end(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let chunk = u8x16::new(*chunk);
        let is_control = chunk.min(u8x16::splat(0x1f)).simd_eq(chunk);
        let stops = (equal(chunk, quote) | equal(chunk, b'\\') | is_control).to_bitmask();
        if stops != 0 {
            return at + stops.trailing_zeros() as usize;
        }
        at += 16;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let stops = |byte: &u8| *byte == quote || *byte == b'\\' || *byte < 0x20;
    at + rest.iter().position(stops).unwrap_or(rest.len())
}

/// Behind the bracket that closes the one at `from`; none where the text ends before it, or a backslash stands
/// outside of a string.
#[inline]
pub(crate) fn container_end(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut depth) = (from, 0_usize);
    let mut scan = Scan { in_string: 0, is_escaped: 0 };
    loop {
        let rest = bytes.get(at..)?;
        let Brackets { open, close } = match rest.first_chunk::<64>() {
            Some(block) => scan.brackets(block)?,
            None if rest.is_empty() => return None,
            None => {
                let mut block = [b' '; 64];
                block[..rest.len()].copy_from_slice(rest);
                scan.brackets(&block)?
            }
        };
        let mut left = open | close;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            if open & bit != 0 {
                depth += 1;
            } else if depth > 1 {
                depth -= 1;
            } else {
                return Some(at + left.trailing_zeros() as usize + 1);
            }
            left ^= bit;
        }
        at += 64;
    }
}

/// What is known where a block begins.
struct Scan {
    /// All ones within a string, else 0.
    in_string: u64,
    /// 1 where a backslash has just taken the next byte its meaning, else 0.
    is_escaped: u64,
}

/// Of a block of 64 bytes: a bit for each bracket outside of strings.
struct Brackets {
    open: u64,
    close: u64,
}

impl Scan {
    #[inline]
    fn brackets(&mut self, block: &[u8; 64]) -> Option<Brackets> {
        let (mut quotes, mut backslashes, mut open, mut close) = (0, 0, 0, 0);
        for (index, chunk) in block.as_chunks::<16>().0.iter().enumerate() {
            let chunk = u8x16::new(*chunk);
            // `[` and `{`, `]` and `}` differ in this bit alone.
            let folded = chunk | u8x16::splat(0x20);
            let bits = |equal: u8x16| u64::from(equal.to_bitmask()) << (16 * index);
            quotes |= bits(equal(chunk, b'"'));
            backslashes |= bits(equal(chunk, b'\\'));
            open |= bits(equal(folded, b'{'));
            close |= bits(equal(folded, b'}'));
        }
        let escaped = self.escaped(backslashes);
        let inside = self.inside(quotes & !escaped);
        if backslashes & !inside != 0 {
            return None;
        }
        Some(Brackets { open: open & !inside, close: close & !inside })
    }

    /// The bytes from a quote on up to the one that ends it.
    fn inside(&mut self, quotes: u64) -> u64 {
        let mut inside = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= self.in_string;
        self.in_string = if inside >> 63 == 1 { u64::MAX } else { 0 };
        inside
    }

    /// The bytes behind a backslash that is not itself behind one: of a run of them every second.
    fn escaped(&mut self, backslashes: u64) -> u64 {
        if backslashes == 0 {
            return std::mem::take(&mut self.is_escaped);
        }
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslashes = backslashes & !self.is_escaped;
        let follows = backslashes << 1 | self.is_escaped;
        let odd_starts = backslashes & !EVEN & !follows;
        let (even_runs, carried) = odd_starts.overflowing_add(backslashes);
        self.is_escaped = u64::from(carried);
        (EVEN ^ even_runs << 1) & follows
    }
}

#[inline]
fn equal(chunk: u8x16, byte: u8) -> u8x16 {
    chunk.simd_eq(u8x16::splat(byte))
}

/// Behind the word (a number, `true`) that begins at `from`.
#[inline]
pub(crate) fn word_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    from + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One byte after the other.
    fn slowly(bytes: &[u8]) -> Option<usize> {
        let (mut depth, mut in_string, mut at) = (0, false, 0);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' if in_string => at += 1,
                b'\\' => return None,
                b'"' => in_string = !in_string,
                b'[' | b'{' if !in_string => depth += 1,
                b']' | b'}' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_stands_among_the_sixteen() {
        for length in 0..70 {
            for behind in [0, 1, 15, 16, 40] {
                let text =
                    format!("\"{}\"{}", "é".repeat(length / 2) + &"x".repeat(length % 2), " ".repeat(behind));
                let end = StringEnd { at: 1 + length / 2 * 2 + length % 2, is_escaped: false };
                assert_eq!(string_end(text.as_bytes(), 1), Some(end), "{text}");
            }
            let escaped = format!("{}\\\\\\\"\" \"", "x".repeat(length));
            let end = StringEnd { at: length + 4, is_escaped: true };
            assert_eq!(string_end(escaped.as_bytes(), 0), Some(end), "{escaped}");
            assert_eq!(string_end(&escaped.as_bytes()[..length + 3], 0), None, "{escaped}");
        }
    }

    #[test]
    fn a_key_ends_where_a_string_does_and_is_plain_without_backslash_and_dot() {
        for length in 0..40 {
            for behind in ["", ".", "\\", ": \"a longer text. behind it\""] {
                let key = "x".repeat(length);
                assert_eq!(key_end(format!("{key}\"{behind}").as_bytes(), 0), Some((length, true)));
                assert_eq!(key_end(format!("{key}.x\"{behind}").as_bytes(), 0), Some((length + 2, false)));
                assert_eq!(key_end(format!(".{key}\"{behind}").as_bytes(), 0), Some((length + 1, false)));
                assert_eq!(key_end(format!("{key}\\\"x\"{behind}").as_bytes(), 0), Some((length + 3, false)));
                assert_eq!(key_end(key.as_bytes(), 0), None);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_048, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_array_or_object_ends_where_it_does_one_byte_after_the_other(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "[", "]", "{", "}", "\"", "\\", "\\\\", "\\\"", "x", "é", "abcdefghijklmno", "\"]\"", "[1]", "\"a\":",
            ]), 0..90),
        ) {
            let text = format!("[{}", pieces.concat());
            let end = container_end(text.as_bytes(), 0);
            // Where it is not JSON, giving up is right, too.
            if end.is_some() || !text.contains('\\') {
                prop_assert_eq!(end, slowly(text.as_bytes()));
            }
        }
    }
}
