//! Reads a text once, from its first byte to its last, whatever it is.

use std::borrow::Cow;

use super::fault::{Amiss, Fault};
use super::{Json, MAX_DEPTH, scan};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Where in a text reading has come to.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// What ends each of the arrays and objects that are open.
    ends: Vec<u8>,
    faults: Vec<Fault>,
}

/// What may come next within an array or object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    ItemOrEnd,
    Item,
    CommaOrEnd,
}

impl Due {
    fn expected(self) -> &'static str {
        match self {
            Due::ItemOrEnd => "value or end of sequence",
            Due::Item => "value",
            Due::CommaOrEnd => "comma or end of sequence",
        }
    }
}

impl<'a> Reader<'a> {
    /// A byte order mark before a text is no part of it.
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        Self { text, at, ends: Vec::new(), faults: Vec::new() }
    }

    /// What was amiss so far, in the order of the text.
    pub(super) fn faults(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| fault.offset);
        self.faults
    }

    /// The one value of a text.
    pub(super) fn whole(&mut self) -> Json<'a> {
        let Some(next) = self.peek() else {
            self.fault(Amiss::CutOff, "value");
            return Json::Null;
        };
        let json = self.value(next);
        if self.peek().is_some() {
            self.fault(Amiss::Behind, "end of file");
        }
        json
    }

    /// The value that begins with this byte, which has been peeked at; at least that byte is read.
    pub(super) fn value(&mut self, next: u8) -> Json<'a> {
        match next {
            b'"' => Json::String(self.string(next)),
            b'\'' => {
                self.fault(Amiss::NotJson, "value");
                Json::String(self.string(next))
            }
            b'[' | b'{' if self.ends.len() == MAX_DEPTH => {
                self.fault(Amiss::TooDeep, "value");
                self.skip(next);
                Json::Null
            }
            b'[' => {
                let mut elements = Vec::new();
                self.sequence(b']', |reader, next| elements.push(reader.value(next)));
                Json::Array(elements)
            }
            b'{' => {
                let mut members = Vec::new();
                self.sequence(b'}', |reader, next| members.extend(reader.member(next, Self::value)));
                Json::Object(members)
            }
            _ => self.bare(),
        }
    }

    /// Whatever stands between this bracket, which has been peeked at, and its `end`.
    pub(super) fn sequence(&mut self, end: u8, mut item: impl FnMut(&mut Self, u8)) {
        self.advance(1);
        self.ends.push(end);
        let mut due = Due::ItemOrEnd;
        loop {
            let Some(next) = self.peek() else {
                self.fault(Amiss::CutOff, due.expected());
                break;
            };
            match next {
                _ if next == end => {
                    if due == Due::Item {
                        self.fault(Amiss::NotJson, due.expected());
                    }
                    self.advance(1);
                    break;
                }
                b',' => {
                    if due != Due::CommaOrEnd {
                        self.fault(Amiss::NotJson, due.expected());
                    }
                    self.advance(1);
                    due = Due::Item;
                }
                b']' | b'}' => {
                    self.fault(Amiss::NotJson, due.expected());
                    // The end of what is around this ends this; one that ends nothing is passed.
                    if self.ends.contains(&next) {
                        break;
                    }
                    self.advance(1);
                }
                _ => {
                    if due == Due::CommaOrEnd {
                        self.fault(Amiss::NotJson, due.expected());
                    }
                    item(self, next);
                    due = Due::CommaOrEnd;
                }
            }
        }
        self.ends.pop();
    }

    /// A member of an object; none where there is no value to its name.
    pub(super) fn member<T>(
        &mut self,
        next: u8,
        value: impl FnOnce(&mut Self, u8) -> T,
    ) -> Option<(Cow<'a, str>, T)> {
        let name = match next {
            b'"' => self.string(next),
            b'[' | b'{' => {
                self.fault(Amiss::NotJson, "string");
                self.skip(next);
                return None;
            }
            b'\'' => {
                self.fault(Amiss::NotJson, "string");
                self.string(next)
            }
            _ => {
                self.fault(Amiss::NotJson, "string");
                Cow::Borrowed(self.word())
            }
        };
        match self.peek() {
            Some(b':') => self.advance(1),
            other => {
                self.missing(other, "colon");
                return None;
            }
        }
        match self.peek() {
            Some(next) if !matches!(next, b',' | b']' | b'}') => Some((name, value(self, next))),
            other => {
                self.missing(other, "value");
                None
            }
        }
    }

    /// `null`, `true`, `false`, a number; any other word as a string.
    fn bare(&mut self) -> Json<'a> {
        let at = self.at;
        match self.word() {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            number if is_number(number.as_bytes()) => Json::Number(Cow::Borrowed(number)),
            word => {
                self.fault_at(Amiss::NotJson, at, "value");
                Json::string(word)
            }
        }
    }

    /// Everything up to what cannot be part of a word, and at least one character.
    pub(super) fn word(&mut self) -> &'a str {
        let from = self.at;
        self.advance_character();
        self.skip_while(|byte| {
            !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b'[' | b']' | b'{' | b'}' | b'"')
        });
        self.text_from(from)
    }

    /// Passes a value without taking it apart, however deep it nests.
    pub(super) fn skip(&mut self, next: u8) {
        match next {
            b'"' | b'\'' => self.skip_string(next),
            b'[' | b'{' => {
                if let Some(end) = scan::container_end(self.text.as_bytes(), self.at) {
                    self.at = end;
                    return;
                }
                // It is cut off, or not JSON.
                let mut depth = 0_usize;
                loop {
                    self.skip_while(|byte| !matches!(byte, b'[' | b']' | b'{' | b'}' | b'"'));
                    match self.next_byte() {
                        None => return,
                        Some(b'"') => self.skip_string(b'"'),
                        Some(b'[' | b'{') => {
                            depth += 1;
                            self.advance(1);
                        }
                        Some(_) => {
                            depth -= 1;
                            self.advance(1);
                        }
                    }
                    if depth == 0 {
                        return;
                    }
                }
            }
            _ => drop(self.word()),
        }
    }

    fn skip_string(&mut self, quote: u8) {
        self.advance(1);
        loop {
            self.skip_while(|byte| byte != quote && byte != b'\\');
            match self.next_byte() {
                None => return,
                Some(b'\\') => {
                    self.advance(1);
                    self.advance_character();
                }
                Some(_) => return self.advance(1),
            }
        }
    }

    /// The next byte that is no white space. White space that JSON does not know is passed, too.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.next_byte()? {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                byte @ b'!'..=b'~' => return Some(byte),
                byte => {
                    let character = self.rest().chars().next()?;
                    if !(character.is_whitespace() || character.is_control() || character == BYTE_ORDER_MARK)
                    {
                        return Some(byte);
                    }
                    self.fault(Amiss::NotJson, "value");
                    self.at += character.len_utf8();
                }
            }
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text_between(self.at, self.text.len())
    }

    pub(super) fn text_from(&self, from: usize) -> &'a str {
        self.text_between(from, self.at)
    }

    fn text_between(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).expect("reading stops between characters only")
    }

    pub(super) fn next_byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes so many bytes, each of them a character.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Passes what a string holds as it stands.
    pub(super) fn advance_to_text_end(&mut self, quote: u8) {
        self.at = scan::text_end(self.text.as_bytes(), self.at, quote);
    }

    fn advance_character(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    /// Passes bytes; a byte that stops it is ASCII.
    pub(super) fn skip_while(&mut self, goes_on: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !goes_on(*byte)).unwrap_or(rest.len());
    }

    fn missing(&mut self, found: Option<u8>, expected: &'static str) {
        self.fault(if found.is_none() { Amiss::CutOff } else { Amiss::NotJson }, expected);
    }

    pub(super) fn fault(&mut self, amiss: Amiss, expected: &'static str) {
        self.fault_at(amiss, self.at, expected);
    }

    /// Remembers the first of each kind.
    pub(super) fn fault_at(&mut self, amiss: Amiss, offset: usize, expected: &'static str) {
        if self.faults.iter().all(|known| known.amiss != amiss) {
            self.faults.push(Fault { amiss, offset, expected });
        }
    }
}

/// The string whose opening quote is there; none where anything in it is not as JSON has it.
pub(crate) fn unescaped(text: &str, quote: usize) -> Option<Cow<'_, str>> {
    let mut reader = Reader { text, at: quote, ends: Vec::new(), faults: Vec::new() };
    let string = reader.string(b'"');
    reader.faults.is_empty().then_some(string)
}

/// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`
pub(crate) fn is_number(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let fraction = rest.strip_prefix(b".").map(digits);
    let rest = fraction.map_or(rest, |(_, rest)| rest);
    let exponent = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E"));
    let exponent = exponent.map(|signed| {
        digits(signed.strip_prefix(b"+").or_else(|| signed.strip_prefix(b"-")).unwrap_or(signed))
    });
    let rest = exponent.map_or(rest, |(_, rest)| rest);
    let has_digits = |part: Option<(&[u8], &[u8])>| part.is_none_or(|(digits, _)| !digits.is_empty());
    let is_whole = matches!(whole, [b'0'] | [b'1'..=b'9', ..]);
    is_whole && has_digits(fraction) && has_digits(exponent) && rest.is_empty()
}

/// The digits that it begins with, and what follows them.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}
