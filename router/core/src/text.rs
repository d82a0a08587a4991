//! The one cleaning of text that came from outside: for a line of a page, and at every edge where text is shown.

use std::borrow::Cow;

/// Stands for what was taken out.
const TAKEN_OUT: char = char::REPLACEMENT_CHARACTER;

/// Makes hostile text fit for one line on anyone's screen: runs of white space and line breaks become one space,
/// runs of characters that are [unfit](is_unfit) one U+FFFD, and what is over `most` characters is cut with `…`.
pub fn clean(text: &str, most: usize) -> String {
    // Nearly every text is as it is to be, and most of them are looked at more than once.
    match text.len() <= most && is_plain_line(text.as_bytes()) {
        true => text.to_owned(),
        false => cleaned(text, most),
    }
}

/// Whether it is ASCII that is printed as it stands, words with one space between them. Both loops go to the end, so
/// that they are made of instructions for many bytes at once.
fn is_plain_line(text: &[u8]) -> bool {
    let is_printed = is_printed(text);
    let behind = text.get(1..).unwrap_or_default();
    let has_gap = text.iter().zip(behind).fold(false, |any, (a, b)| any | ((*a == b' ') & (*b == b' ')));
    is_printed && !has_gap && text.first() != Some(&b' ') && text.last() != Some(&b' ')
}

/// Whether every byte is ASCII that is printed as it stands.
pub(crate) fn is_printed(text: &[u8]) -> bool {
    text.iter().fold(true, |all, byte| all & (b' '..=b'~').contains(byte))
}

fn cleaned(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most.saturating_mul(4)));
    let mut length = 0;
    let fit = text.chars().map(|c| match c {
        _ if c.is_whitespace() => ' ',
        _ if is_unfit(c) => TAKEN_OUT,
        _ => c,
    });
    for c in fit {
        let goes_on = c == ' ' && out.is_empty() || matches!(c, ' ' | TAKEN_OUT) && out.ends_with(c);
        if goes_on {
            continue;
        }
        if length == most {
            out.pop();
            out.push('…');
            break;
        }
        out.push(c);
        length += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Fit for a text of HTML and for a value in quotes: no markup comes of it.
pub fn without_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// The last look at text that leaves: what is unfit is written as JSON would escape it, `\u202e`; line breaks stay.
///
/// In a JSON text that changes nothing but the spelling: such characters stand in its strings only.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_shown = |c: char| c == '\n' || !is_unfit(c);
    if is_printed(text.as_bytes()) || text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_shown(c) {
            true => out.push(c),
            false => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    Cow::Owned(out)
}

/// What has no place in a line: it controls the screen, turns or hides what stands beside it, or is nothing that
/// anyone could see or name. In the words of Unicode: controls, line and paragraph separators, format characters,
/// what is ignorable by default (variation selectors and tags among it), blanks that are letters, private use,
/// and noncharacters.
pub fn is_unfit(c: char) -> bool {
    if (' '..='~').contains(&c) {
        return false;
    }
    c.is_control()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind of what must not be shown.
    const UNFIT: &str = "\0\u{7}\u{8}\u{b}\u{1b}\u{7f}\u{80}\u{85}\u{9b}\u{ad}\u{34f}\u{61c}\u{115f}\u{180b}\u{180e}\
         \u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\
         \u{2061}\u{2066}\u{2067}\u{2068}\u{2069}\u{206a}\u{206f}\u{2800}\u{3164}\u{e000}\u{fdd0}\u{fe00}\u{fe0f}\
         \u{feff}\u{ffa0}\u{fff9}\u{fffa}\u{fffb}\u{fffe}\u{ffff}\u{1bca0}\u{1d173}\u{1ffff}\u{e0001}\u{e0020}\
         \u{e007f}\u{e0100}\u{f0000}\u{10fffd}\u{10ffff}";

    #[test]
    fn hostile_text_becomes_one_harmless_line() {
        let hostile = "\u{202e}a\r\nBcc: x\u{0}\t\u{200b} b\u{2069}\u{2068}  ";
        assert_eq!(clean(hostile, 200), "\u{fffd}a Bcc: x\u{fffd} \u{fffd} b\u{fffd}");
        assert_eq!(clean("äöüß", 3), "äö…");
        assert_eq!(clean("äöü", 3), "äöü");
        assert_eq!(clean(" \n ", 3), "");
        for unfit in UNFIT.chars() {
            let expected = if unfit.is_whitespace() { "a b" } else { "a\u{fffd}b" };
            assert_eq!(clean(&format!("a{unfit}b"), 200), expected, "{unfit:?}");
        }
    }

    #[test]
    fn a_plain_line_is_taken_as_it_is_and_no_other() {
        for text in ["", "a", "a b", "~!", " a", "a ", "a  b", "a\tb", "a\u{7f}", "ä", "a b c  ", "a\nb"] {
            assert_eq!(clean(text, 200), cleaned(text, 200), "{text:?}");
            assert_eq!(clean(text, 2), cleaned(text, 2), "{text:?}");
            assert_eq!(
                is_plain_line(text.as_bytes()),
                cleaned(text, 200) == text && text.is_ascii(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn names_in_any_script_stay_as_they_are() {
        let names = "Zürich naïve Ελλάδα Москва שלום مرحبا हिन्दी 日本語 한국어 ไทย 🔥 — … → ‘’ é e\u{301} №";
        assert_eq!(clean(names, 500), names);
        assert_eq!(visible(names), names);
    }

    #[test]
    fn at_the_edge_what_is_unfit_is_spelt_out_and_a_json_text_says_the_same() {
        assert_eq!(visible("a\nb"), "a\nb");
        assert_eq!(visible("a\u{202e}b\r\u{e0041}"), "a\\u202eb\\u000d\\udb40\\udc41");
        for unfit in UNFIT.chars() {
            assert!(visible(&unfit.to_string()).is_ascii(), "{unfit:?}");
        }
        let value = serde_json::json!({ UNFIT: [UNFIT, 7] });
        let shown = visible(&value.to_string()).into_owned();
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).ok(), Some(value));
    }
}
