//! Why a pattern does not match: the first field that stands in the way.

use std::fmt;

use crate::json::Json;

use super::Pattern;
use super::compile::Field;
use super::evaluation::{Evaluation, Outcome};
use super::operator::{self, Scalar};

/// The first field, in the order of evaluation, that stands in the way of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The field's path, or that of the `$or` of which no alternative matched.
    pub path: String,
    /// What the pattern asks for there.
    pub wanted: String,
    /// What the event has there; long values are shortened.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "event" } else { &self.path };
        write!(out, "{path}: wanted {}, found {}", self.wanted, self.found)
    }
}

/// How many values of one path are shown.
const SHOWN: usize = 3;
/// How many characters of one value are shown.
const LONGEST: usize = 80;

/// None when the pattern matches.
pub(super) fn explain(pattern: &Pattern, event: &Json<'_>) -> Option<Mismatch> {
    let mut evaluation = pattern.alone.evaluation(event);
    if evaluation.matches(0) {
        return None;
    }
    if !matches!(event, Json::Object(_)) {
        let wanted = "an object".to_owned();
        return Some(Mismatch { path: String::new(), wanted, found: shortened(&event.to_string()) });
    }
    let alternatives = &pattern.compiled.alternatives;
    let Some(or) = &pattern.compiled.or else { return Some(mismatch(pattern, &mut evaluation, 0)) };
    // A field that every alternative needs says more than the `$or` does.
    let everywhere = |field| alternatives.iter().all(|alternative| alternative.contains(field));
    let outcomes = evaluation.outcomes(0, 0);
    let needed = alternatives[0]
        .iter()
        .zip(&outcomes)
        .position(|(field, outcome)| *outcome == Outcome::Fails && everywhere(field));
    if let Some(field) = needed {
        return Some(failed(pattern, &evaluation, 0, field));
    }
    let count = alternatives.len();
    let shown: Vec<String> = (0..count.min(SHOWN))
        .map(|alternative| mismatch(pattern, &mut evaluation, alternative).to_string())
        .collect();
    let more = if count > SHOWN { format!("; and {} more", count - SHOWN) } else { String::new() };
    Some(Mismatch {
        path: or.clone(),
        wanted: format!("one of {count} alternatives"),
        found: format!("that none matched: {}{more}", shown.join("; ")),
    })
}

/// The first field in the way of one alternative, which must not match.
fn mismatch(pattern: &Pattern, evaluation: &mut Evaluation<'_>, alternative: usize) -> Mismatch {
    let outcomes = evaluation.outcomes(0, alternative);
    if let Some(field) = outcomes.iter().position(|outcome| *outcome == Outcome::Fails) {
        return failed(pattern, evaluation, alternative, field);
    }
    // Each field holds by itself, so it is array consistency that fails.
    let field = evaluation.hold_together(0, alternative);
    let mut mismatch = failed(pattern, evaluation, alternative, field);
    mismatch.wanted += " in the same array element as the fields before it";
    mismatch
}

fn failed(pattern: &Pattern, evaluation: &Evaluation<'_>, alternative: usize, index: usize) -> Mismatch {
    let field = &pattern.compiled.alternatives[alternative][index];
    let values = evaluation.found(0, alternative, index);
    Mismatch { path: field.path.clone(), wanted: wanted(field), found: found(values) }
}

fn wanted(field: &Field) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = operator::alternatives(&mut text, &field.operators);
    text
}

fn found<'a>(values: impl Iterator<Item = Scalar<'a>>) -> String {
    let mut shown = Vec::new();
    let mut more = 0;
    for value in values {
        if shown.len() < SHOWN { shown.push(shortened(&value.to_string())) } else { more += 1 }
    }
    match (shown.is_empty(), more) {
        (true, _) => "nothing".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// At most [`LONGEST`] characters of a value.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
