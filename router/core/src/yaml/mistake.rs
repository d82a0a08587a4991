//! What is wrong with a value: what is expected, what was found, and what to do about it.

use std::fmt;

/// A mistake without its place. At least one of the first two is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistake {
    /// What may stand there; none where the mistake is not one of a value.
    pub expected: Option<String>,
    /// What stands there, or, where nothing can be expected instead, what is wrong with it.
    pub found: Option<String>,
    /// What to do, or why it is so.
    pub hint: Option<String>,
}

/// A mistake by what may stand there.
pub fn expected(what: impl Into<String>) -> Mistake {
    Mistake { expected: Some(what.into()), ..Mistake::default() }
}

/// A mistake by what is wrong, where that says it all.
pub fn wrong(what: impl Into<String>) -> Mistake {
    Mistake { found: Some(what.into()), ..Mistake::default() }
}

/// A sentence that says all that is wrong.
impl From<String> for Mistake {
    fn from(said: String) -> Self {
        wrong(said)
    }
}

impl Mistake {
    /// With what stands there.
    #[must_use]
    pub fn found(self, what: impl Into<String>) -> Self {
        Self { found: Some(what.into()), ..self }
    }

    /// With what to do, or why it is so.
    #[must_use]
    pub fn hint(self, what: impl Into<String>) -> Self {
        Self { hint: Some(what.into()), ..self }
    }

    /// Out of a sentence such as `expected E, found F: hint`. Serde hands on what a type of ours says of its text as a
    /// sentence; what is none of ours is wrong as it stands.
    pub fn of_sentence(said: &str) -> Self {
        let Some(rest) = said.strip_prefix("expected ") else { return wrong(said) };
        let (what, hint) = match outside(rest, ": ") {
            Some((what, hint)) => (what, Some(hint.to_owned())),
            None => (rest, None),
        };
        let mistake = match outside(what, ", found ") {
            Some((what, stands)) => expected(what).found(stands),
            None => expected(what),
        };
        Self { hint, ..mistake }
    }
}

/// Split at the first `between` that stands outside of backticks.
fn outside<'s>(text: &'s str, between: &str) -> Option<(&'s str, &'s str)> {
    let places = text.match_indices(between);
    let at = places.map(|(at, _)| at).find(|at| text[..*at].matches('`').count().is_multiple_of(2))?;
    Some((&text[..at], &text[at + between.len()..]))
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found, hint } = self;
        match (expected, found) {
            (Some(expected), Some(found)) => write!(out, "expected {expected}, found {found}")?,
            (Some(expected), None) => write!(out, "expected {expected}")?,
            (None, Some(found)) => out.write_str(found)?,
            (None, None) => {}
        }
        hint.iter().try_for_each(|hint| write!(out, ": {hint}"))
    }
}

impl std::error::Error for Mistake {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_taken_apart_and_says_the_same_again() {
        let table = [
            ("expected a minute, found `61`", expected("a minute").found("`61`")),
            ("expected at most 30 days", expected("at most 30 days")),
            (
                "expected a day, found both, `8` and `TUE`: cron begins on either",
                expected("a day").found("both, `8` and `TUE`").hint("cron begins on either"),
            ),
            ("expected `a: b`, found `c, found d: e`", expected("`a: b`").found("`c, found d: e`")),
            ("expected an address: https only", expected("an address").hint("https only")),
            ("a tab cannot indent: use spaces", wrong("a tab cannot indent: use spaces")),
        ];
        for (said, mistake) in table {
            assert_eq!(Mistake::of_sentence(said), mistake, "{said}");
            assert_eq!(mistake.to_string(), said);
        }
    }
}
