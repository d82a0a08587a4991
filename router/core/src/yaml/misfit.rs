//! What serde says of a file, in words for whoever wrote it.

use super::{Diagnostic, Mistake, Node, Place, expected, wrong};
use crate::near::nearest;

/// One thing in a node that is not as its type wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where it stands: a value, or the name that is wrong.
    pub place: Place,
    /// Where inside the node, such as `to[1]`; empty for the node itself.
    pub path: String,
    /// What is wrong.
    pub mistake: Mistake,
}

impl Misfit {
    /// By what serde says of that node.
    pub(super) fn of(said: &str, node: &Node, path: String) -> Self {
        let is_of_a_name = said.starts_with("unknown field ");
        let place = if is_of_a_name { node.name_place() } else { node.place() };
        Self { place, path, mistake: in_words(&plain(said)) }
    }

    /// The same in the node at that path of a file.
    pub fn under(self, path: &str) -> (Place, String, Mistake) {
        (self.place, inside(path, &self.path), self.mistake)
    }

    /// In a file whose lines are not shown.
    pub fn unshown(self, file: &str) -> Diagnostic {
        Diagnostic::unshown(file, Some(self.place), self.path, self.mistake)
    }
}

/// A path inside the part at another one: `to[1]` in `routes.P0` is `routes.P0.to[1]`.
pub fn inside(path: &str, part: &str) -> String {
    let dot = if path.is_empty() || part.is_empty() || part.starts_with('[') { "" } else { "." };
    format!("{path}{dot}{part}")
}

/// Serde's message without the names of Rust's types.
fn plain(said: &str) -> String {
    said.replace("expected u16", "expected a whole number up to 65535")
        .replace("expected u32", "expected a whole number up to 4294967295")
        .replace("expected map with a single key", "expected a mapping with one name")
}

fn in_words(said: &str) -> Mistake {
    let meant = |near: &str| format!("did you mean `{near}`?");
    if let Some((name, known)) = unknown(said, "unknown field ") {
        let mistake = wrong(format!("unknown member `{name}`"));
        return match nearest(name, names(known)) {
            Some(near) => mistake.hint(meant(near)),
            None => mistake.hint(format!("expected {known}")),
        };
    }
    if let Some((word, known)) = unknown(said, "unknown variant ") {
        let mistake = expected(known).found(format!("`{word}`"));
        return match nearest(word, names(known)) {
            Some(near) => mistake.hint(meant(near)),
            None => mistake,
        };
    }
    let invalid = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: "));
    if let Some((found, what)) = invalid.and_then(|rest| rest.split_once(", expected ")) {
        return match what {
            "a mapping with one name" => expected(what).found("another number of them"),
            what => expected(kind(what)).found(value(found)),
        };
    }
    match said.strip_prefix("missing field ") {
        Some(name) => expected(name).found("none"),
        None if said == "invalid socket address syntax" => {
            expected("an address with a port, such as 127.0.0.1:8080")
        }
        None => Mistake::of_sentence(said),
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

fn kind(what: &str) -> &str {
    match what {
        "a string" | "string or map" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a mapping",
        // By the name that it has in the program.
        what if what.starts_with("struct ") => "a mapping",
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
