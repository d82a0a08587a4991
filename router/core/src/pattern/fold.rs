//! Text compared without regard to case: each character of the pattern also as its lower and upper case.

use std::fmt;

/// A text and the other cases of each of its characters.
///
/// It is the pattern that is folded, never the event: `ß` matches `SS`, but `SS` does not match `ß`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    source: Box<str>,
    /// Of each character: its spellings that differ from each other, itself first.
    spellings: Box<[Vec<Box<str>>]>,
}

impl Folded {
    /// Folds a text by Unicode, one character at a time.
    pub(super) fn new(source: &str) -> Self {
        Folded { source: source.into(), spellings: source.chars().map(spellings).collect() }
    }

    /// The text in lower case, where another fits exactly if it is that in lower case, too: where it is ASCII.
    pub(super) fn in_lower_case(&self) -> Option<String> {
        self.source.is_ascii().then(|| self.source.to_ascii_lowercase())
    }

    /// Whether the whole text is this one in some case.
    pub(super) fn equals(&self, text: &str) -> bool {
        self.strip_prefix(text) == Some("")
    }

    /// Whether the text starts with this one in some case.
    pub(super) fn starts(&self, text: &str) -> bool {
        self.strip_prefix(text).is_some()
    }

    /// Whether the text ends with this one in some case.
    pub(super) fn ends(&self, text: &str) -> bool {
        let step = |rest: &str, spellings: &Vec<Box<str>>| {
            spellings.iter().find_map(|spelling| rest.strip_suffix(&**spelling)).map(str::len)
        };
        let ends =
            self.spellings.iter().rev().try_fold(text.len(), |end, spelling| step(&text[..end], spelling));
        ends.is_some()
    }

    /// What follows. The first spelling that fits is the only one: no spelling begins or ends another.
    fn strip_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.spellings.iter().try_fold(text, |rest, spellings| {
            spellings.iter().find_map(|spelling| rest.strip_prefix(&**spelling))
        })
    }
}

fn spellings(character: char) -> Vec<Box<str>> {
    let mut spellings = vec![character.to_string().into_boxed_str()];
    for other in [character.to_lowercase().to_string(), character.to_uppercase().to_string()] {
        if !spellings.iter().any(|known| **known == *other) {
            spellings.push(other.into());
        }
    }
    spellings
}

impl fmt::Display for Folded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_folded_and_not_the_event() {
        for (pattern, equal, other) in [
            ("Foo", "fOO", "fo"),
            ("ß", "SS", "s"),
            ("SS", "ss", "ß"),
            ("É", "é", "E\u{301}"),
            ("k", "K", "\u{212a}"),
            ("\u{212a}", "k", "K"),
            ("\u{1c5}", "\u{1c5}", "dž"),
            ("𐐀", "𐐨", "𐐩"),
            ("", "", "x"),
        ] {
            assert!(Folded::new(pattern).equals(equal), "{pattern} on {equal}");
            assert!(!Folded::new(pattern).equals(other), "{pattern} on {other}");
        }
    }

    #[test]
    fn either_end_is_compared_in_any_case() {
        assert!(Folded::new("straße").starts("STRASSE 5"));
        assert!(Folded::new("straße").ends("Lange STRASSE"));
        assert!(!Folded::new("straße").ends("STRASS"));
        assert!(Folded::new("").starts("x") && Folded::new("").ends("x"));
    }

    #[test]
    fn no_spelling_of_a_character_begins_or_ends_another() {
        for character in '\0'..=char::MAX {
            let spellings = spellings(character);
            for one in &spellings {
                let mut others = spellings.iter().filter(|other| *other != one);
                assert!(
                    !others.any(|other| one.starts_with(&**other) || one.ends_with(&**other)),
                    "{character:?}"
                );
            }
        }
    }
}
