//! EventBridge event patterns: compile many, match one event against all.
//!
//! The whole published language, with AWS's own reading of its corners: fields are evaluated by path in
//! UTF-16 order, `$or` forks a pattern where it stands, a path that comes again replaces the first, and
//! the values of one match may not come from different elements of one array. Numbers are compared as
//! doubles where a double holds them exactly, else by their text.
//!
//! Beyond AWS: nothing is too complex, because a wildcard never goes back; nothing is ever resolved by
//! name; addresses of different families never match; case is folded by Unicode in all planes.
//!
//! A match costs time linear in the event, with one exception that no AWS service sends: where an object
//! repeats a key whose values are arrays, the ways of sharing fields out among them are tried up to a
//! bound, and past it the pattern does not match.

mod cidr;
mod compile;
mod consistency;
mod cover;
mod evaluation;
mod explain;
mod flatten;
mod fold;
mod index;
mod notes;
mod number;
mod operator;
mod paths;
mod remainder;
mod set;
mod texts;
mod value;
mod walk;
mod wildcard;

use crate::json::Json;

pub use explain::Mismatch;
pub use notes::Notes;
pub use remainder::Domain;
pub use set::PatternSet;

use compile::{Alternative, Compiled};

/// One compiled event pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    compiled: Compiled,
    /// The pattern as a set of itself.
    alone: PatternSet,
}

/// What is wrong with a pattern, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected {expected}, found {found}", if path.is_empty() { "pattern" } else { path })]
pub struct PatternError {
    /// The place, as in `detail.severity[0].numeric` or `detail.$or[1].type`; empty for the pattern as a whole.
    pub path: String,
    /// What may stand there.
    pub expected: String,
    /// What stands there; long texts are shortened.
    pub found: String,
}

impl PatternError {
    fn new(path: &str, expected: &str, found: &Json<'_>) -> Self {
        let found = explain::shortened(&found.to_string());
        PatternError { path: path.to_owned(), expected: expected.to_owned(), found }
    }
}

impl Pattern {
    /// Reads a pattern from its text. Read it from the text as it was written: the spelling of numbers
    /// counts.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Self::from_json(&Self::json(text)?)
    }

    /// A pattern's text as JSON.
    pub(crate) fn json(text: &str) -> Result<Json<'_>, PatternError> {
        Json::parse(text).map_err(|error| PatternError {
            path: String::new(),
            expected: "a JSON object".to_owned(),
            found: error.to_string(),
        })
    }

    /// Reads a pattern from JSON; the error is the first mistake in it.
    pub fn from_json(json: &Json<'_>) -> Result<Self, PatternError> {
        Self::read(json).map_err(|mut mistakes| mistakes.remove(0))
    }

    /// Reads a pattern from JSON.
    ///
    /// # Errors
    /// Every mistake in it, in the order it is written, never none.
    pub fn read(json: &Json<'_>) -> Result<Self, Vec<PatternError>> {
        let compiled = compile::compile(json)?;
        let alone = PatternSet::compile(std::iter::once(&compiled.alternatives[..]));
        Ok(Pattern { compiled, alone })
    }

    /// Matches every event that is an object: what a rule without a pattern means. EventBridge itself has
    /// no way to write it.
    pub fn any() -> Self {
        let compiled = Compiled { alternatives: vec![Alternative::new()], or: None };
        let alone = PatternSet::compile(std::iter::once(&compiled.alternatives[..]));
        Pattern { compiled, alone }
    }

    /// Matches no event: what stands for a pattern that cannot be read any more.
    pub fn nothing() -> Self {
        let compiled = Compiled { alternatives: Vec::new(), or: None };
        Pattern { compiled, alone: PatternSet::compile(std::iter::once(&[][..])) }
    }

    /// Whether the event matches. An event that is not an object matches nothing.
    pub fn matches(&self, event: &Json<'_>) -> bool {
        self.alone.matching(event).next().is_some()
    }

    /// Whether it is proven that every event which matches the other pattern matches one of these. False says
    /// nothing.
    pub fn cover<'p>(patterns: impl Iterator<Item = &'p Pattern> + Clone, other: &Pattern) -> bool {
        cover::cover(patterns.flat_map(|pattern| &pattern.compiled.alternatives), &other.compiled)
    }

    /// Why the event does not match: the first field in the way, in the order of evaluation. None when it
    /// matches.
    pub fn explain(&self, event: &Json<'_>) -> Option<Mismatch> {
        explain::explain(self, event)
    }
}
