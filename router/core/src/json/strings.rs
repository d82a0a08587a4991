//! The strings of a text, unescaped; half a surrogate pair and the like become U+FFFD.

use std::borrow::Cow;

use super::fault::Amiss;
use super::reader::Reader;

/// Stands for what is not text.
const NOT_TEXT: char = char::REPLACEMENT_CHARACTER;

impl<'a> Reader<'a> {
    /// Reads the string that begins with this quote, which has been peeked at.
    pub(super) fn string(&mut self, quote: u8) -> Cow<'a, str> {
        self.advance(1);
        let mut unescaped: Option<String> = None;
        let mut from = self.at();
        loop {
            self.advance_to_text_end(quote);
            match self.next_byte() {
                None => {
                    self.fault(Amiss::CutOff, "end of string");
                    return self.joined(unescaped, from);
                }
                Some(b'\\') => {
                    let out = unescaped.get_or_insert_default();
                    out.push_str(self.text_from(from));
                    let unescaped = self.escape();
                    out.push(unescaped);
                    from = self.at();
                }
                Some(byte) if byte == quote => {
                    let string = self.joined(unescaped, from);
                    self.advance(1);
                    return string;
                }
                // A raw control character says what its escape would.
                Some(_) => {
                    self.fault(Amiss::NotText, "no control character");
                    self.advance(1);
                }
            }
        }
    }

    fn joined(&self, unescaped: Option<String>, from: usize) -> Cow<'a, str> {
        let rest = self.text_from(from);
        match unescaped {
            Some(unescaped) => Cow::Owned(unescaped + rest),
            None => Cow::Borrowed(rest),
        }
    }

    /// Reads the escape that begins with this backslash.
    fn escape(&mut self) -> char {
        let at = self.at();
        self.advance(1);
        let Some(kind) = self.next_byte() else {
            self.fault(Amiss::CutOff, "end of escape");
            return NOT_TEXT;
        };
        let plain = match kind {
            b'u' => return self.code_point(at),
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            // What follows is read as it stands.
            _ => {
                self.fault_at(Amiss::NotText, at, "escape");
                return NOT_TEXT;
            }
        };
        self.advance(1);
        plain
    }

    /// Reads the `uXXXX` of the escape that began there, and the other half if that is the first of a pair.
    fn code_point(&mut self, at: usize) -> char {
        self.advance(1);
        let Some(unit) = self.hexadecimal() else {
            match self.next_byte() {
                None => self.fault(Amiss::CutOff, "hexadecimal digit"),
                Some(_) => self.fault_at(Amiss::NotText, at, "four hexadecimal digits"),
            }
            return NOT_TEXT;
        };
        if let Some(character) = char::from_u32(unit) {
            return character;
        }
        let behind_the_first = self.at();
        let is_first = (0xd800..0xdc00).contains(&unit);
        if is_first && self.rest().starts_with("\\u") {
            self.advance(2);
            let second = self.hexadecimal().filter(|second| (0xdc00..0xe000).contains(second));
            let pair = second.map(|second| 0x1_0000 + ((unit - 0xd800) << 10) + (second - 0xdc00));
            if let Some(character) = pair.and_then(char::from_u32) {
                return character;
            }
        }
        // Whatever follows is a character of its own.
        self.back_to(behind_the_first);
        self.fault_at(Amiss::NotText, at, "surrogate pair");
        NOT_TEXT
    }

    /// Four hexadecimal digits; none where there are fewer, and those are passed.
    fn hexadecimal(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| {
            let digit = char::from(self.next_byte()?).to_digit(16)?;
            self.advance(1);
            Some(unit << 4 | digit)
        })
    }
}
