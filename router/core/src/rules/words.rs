//! What serde says of a rule file, in words for whoever wrote it.

use super::near::nearest;
use crate::yaml::Misfit;

/// Whether it is the name of a member that is wrong, not its value.
pub(super) fn is_of_a_name(misfit: &Misfit) -> bool {
    misfit.message.starts_with("unknown field ")
}

/// What was expected, and what was found.
pub(super) fn of(misfit: &Misfit) -> String {
    let said = misfit.message.as_str();
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
        return format!("expected {}, found {}", kind(expected), value(found));
    }
    match said.strip_prefix("missing field ") {
        Some(name) => format!("expected {name}, found none"),
        None => said.to_owned(),
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
