//! `{"wildcard": "a*b"}`: literal pieces in order, found left to right without going back.

use std::fmt;

/// A text with gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wildcard {
    source: Box<str>,
    /// What the text starts with.
    head: Box<str>,
    /// What follows, when there is a gap at all.
    rest: Option<Rest>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rest {
    /// What stands between two gaps, in order.
    pieces: Box<[Box<str>]>,
    /// What the text ends with.
    tail: Box<str>,
}

impl Wildcard {
    /// Reads `*` as a gap, `\*` and `\\` as themselves; two gaps in a row and other escapes are refused.
    pub(super) fn parse(source: &str) -> Result<Self, &'static str> {
        let mut pieces = vec![String::new()];
        let mut previous_was_gap = false;
        let mut characters = source.chars();
        while let Some(character) = characters.next() {
            let gap = character == '*';
            let literal = match character {
                '*' if previous_was_gap => return Err("no two `*` in a row"),
                '*' => None,
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '\\')) => Some(escaped),
                    _ => return Err("`\\` only before `*` or `\\`"),
                },
                other => Some(other),
            };
            match (literal, pieces.last_mut()) {
                (Some(literal), Some(piece)) => piece.push(literal),
                _ => pieces.push(String::new()),
            }
            previous_was_gap = gap;
        }
        let mut pieces = pieces.into_iter().map(String::into_boxed_str);
        let head = pieces.next().unwrap_or_default();
        let mut pieces: Vec<Box<str>> = pieces.collect();
        let tail = pieces.pop();
        Ok(Wildcard {
            source: source.into(),
            head,
            rest: tail.map(|tail| Rest { pieces: pieces.into(), tail }),
        })
    }

    /// Whether the whole text fits. Taking each piece at its first place is enough: it leaves the most
    /// room for what follows. So the time is linear in the text, whatever the gaps.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(Rest { pieces, tail }) = &self.rest else { return text == &*self.head };
        let Some(text) = text.strip_prefix(&*self.head) else { return false };
        let Some(mut text) = text.strip_suffix(&**tail) else { return false };
        for piece in pieces {
            let Some(at) = text.find(&**piece) else { return false };
            text = &text[at + piece.len()..];
        }
        true
    }

    /// The text that fits, where there is no gap.
    pub(super) fn as_text(&self) -> Option<&str> {
        self.rest.is_none().then_some(&self.head)
    }

    /// What every text that fits begins with, holds, in this order, and ends with.
    pub(super) fn literals(&self) -> (&str, &[Box<str>], &str) {
        match &self.rest {
            None => (&self.head, &[], ""),
            Some(Rest { pieces, tail }) => (&self.head, pieces, tail),
        }
    }

    /// Whether anything may follow what fits.
    pub(super) fn ends_open(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.tail.is_empty())
    }

    /// Whether anything may come before what fits.
    pub(super) fn begins_open(&self) -> bool {
        self.rest.is_some() && self.head.is_empty()
    }

    /// Whether every text that fits begins with that one.
    pub(super) fn begins_with(&self, text: &str) -> bool {
        self.head.starts_with(text)
    }
}

impl fmt::Display for Wildcard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.source)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gap_is_any_text_and_an_escape_is_itself() {
        for (wildcard, matching, other) in [
            ("", "", "a"),
            ("a", "a", "ab"),
            ("a*", "a", "ba"),
            ("*a", "bba", "ab"),
            ("a*a", "aa", "a"),
            ("ab*ba", "abba", "aba"),
            ("*a*b*", "xaxbx", "ba"),
            (r"a\*b", "a*b", "axb"),
            (r"a\\b", r"a\b", "ab"),
            (r"\**", "*x", "x"),
            (r"*\\", r"x\", "x"),
            ("é*ü", "é-日-ü", "e-ü"),
        ] {
            let compiled = Wildcard::parse(wildcard).unwrap();
            assert!(compiled.matches(matching), "{wildcard} on {matching}");
            assert!(!compiled.matches(other), "{wildcard} on {other}");
        }
    }

    #[test]
    fn two_gaps_in_a_row_and_other_escapes_are_refused() {
        for wildcard in ["**", "a**b", r"\", r"a\b", r"*\", r"\\**", r"\n"] {
            assert!(Wildcard::parse(wildcard).is_err(), "{wildcard}");
        }
    }

    #[test]
    fn many_gaps_over_a_long_text_do_not_go_back() {
        let wildcard = Wildcard::parse(&"*a".repeat(2_000)).unwrap();
        assert!(wildcard.matches(&"a".repeat(1_000_000)));
        assert!(!wildcard.matches(&("a".repeat(1_000_000) + "b")));
    }

    /// The definition, tried in every way.
    fn slowly(wildcard: &[u8], text: &[u8]) -> bool {
        match wildcard {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|taken| slowly(rest, &text[taken..])),
            [byte, rest @ ..] => text.first() == Some(byte) && slowly(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_trying_everything(wildcard in "(\\*?[ab]){0,4}\\*?", text in "[ab]{0,10}") {
            let expected = slowly(wildcard.as_bytes(), text.as_bytes());
            prop_assert_eq!(Wildcard::parse(&wildcard).unwrap().matches(&text), expected);
        }
    }
}
