//! What serde says of a file, in words for whoever wrote it.

use super::Misfit;
use crate::near::nearest;

impl Misfit {
    /// Whether it is the name of a member that is wrong, not its value.
    pub fn is_of_a_name(&self) -> bool {
        self.message.starts_with("unknown field ")
    }

    /// What was expected, and what was found.
    pub fn in_words(&self) -> String {
        let said = self.message.as_str();
        if let Some((name, expected)) = unknown(said, "unknown field ") {
            return match nearest(name, names(expected)) {
                Some(near) => format!("unknown member `{name}`: did you mean `{near}`?"),
                None => format!("unknown member `{name}`: expected {expected}"),
            };
        }
        if let Some((word, expected)) = unknown(said, "unknown variant ") {
            return match nearest(word, names(expected)) {
                Some(near) => format!("expected {expected}, found `{word}`: did you mean `{near}`?"),
                None => format!("expected {expected}, found `{word}`"),
            };
        }
        let invalid = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: "));
        if let Some((found, expected)) = invalid.and_then(|rest| rest.split_once(", expected ")) {
            return match expected {
                "a mapping with one name" => format!("expected {expected}, found another number of them"),
                expected => format!("expected {}, found {}", kind(expected), value(found)),
            };
        }
        match said.strip_prefix("missing field ") {
            Some(name) => format!("expected {name}, found none"),
            None if said == "invalid socket address syntax" => {
                "expected an address with a port, such as 127.0.0.1:8080".to_owned()
            }
            None => said.to_owned(),
        }
    }
}

/// ``unknown field `a`, expected one of `b`, `c` ``.
fn unknown<'s>(said: &'s str, what: &str) -> Option<(&'s str, &'s str)> {
    let (name, expected) = said.strip_prefix(what)?.strip_prefix('`')?.split_once("`, expected ")?;
    Some((name, expected))
}

/// The names between backticks.
fn names(expected: &str) -> impl Iterator<Item = &str> {
    expected.split('`').skip(1).step_by(2)
}

fn kind(expected: &str) -> &str {
    match expected {
        "a string" | "string or map" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a mapping",
        other => other,
    }
}

fn value(found: &str) -> String {
    let unquoted = |kind: &str| found.strip_prefix(kind).map(|rest| rest.trim_matches('`').to_owned());
    match found {
        "sequence" => "a list".to_owned(),
        "map" => "a mapping".to_owned(),
        "null" | "unit value" => "nothing".to_owned(),
        found => unquoted("string ")
            .or_else(|| unquoted("integer "))
            .or_else(|| unquoted("floating point "))
            .or_else(|| unquoted("boolean "))
            .unwrap_or_else(|| found.to_owned()),
    }
}
