//! JSON as it was written: numbers keep their text, objects keep their order and their repeats.
//!
//! AWS's event patterns compare some numbers by their spelling and see every occurrence of a repeated
//! key, so a tree that has already rounded the one and dropped the other cannot be matched correctly.
//!
//! One reader, with two answers: [`Json::parse`] refuses what is not JSON, [`Json::read`] makes the best of it
//! and says what was amiss. Whoever chooses one text in an event can spoil that text, and nothing beside it.

mod fault;
mod outline;
mod reader;
pub(crate) mod scan;
mod strings;
mod written;

use std::borrow::Cow;

pub use fault::{Amiss, Fault};
pub(crate) use outline::{Member, Outline, outline};
use reader::Reader;
pub(crate) use reader::{is_number, unescaped};

/// How deep arrays and objects may nest; the same bound as `serde_json`.
pub const MAX_DEPTH: usize = 128;

/// One JSON value, borrowing from the text wherever nothing had to be unescaped.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, by its text.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object: its members in the order they came, repeats included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {offset}: {expected}")]
pub struct JsonError {
    /// Byte at which it stops being JSON.
    pub offset: usize,
    /// What was expected there.
    pub expected: String,
}

impl<'a> Json<'a> {
    /// Parses a whole text: exactly one value, nothing after it but white space.
    ///
    /// # Errors
    /// The first thing in it that is not JSON.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let (json, faults) = Json::read(text);
        match faults.into_iter().next() {
            None => Ok(json),
            Some(Fault { amiss: _, offset, expected }) => {
                Err(JsonError { offset, expected: format!("{expected} expected") })
            }
        }
    }

    /// Reads as much of a text as can be read, in a time that grows with its length and no more.
    ///
    /// What is not text becomes U+FFFD; a word that is no value of JSON becomes a string; what nests too deep
    /// becomes null; what is cut off ends where the text does. The faults are in the order of the text, the
    /// first of each kind: there are none exactly where the text is JSON.
    pub fn read(text: &'a str) -> (Self, Vec<Fault>) {
        let mut reader = Reader::new(text);
        let json = reader.whole();
        (json, reader.faults())
    }

    /// Whether a text ends before its value is over.
    pub(crate) fn is_cut_off(text: &str) -> bool {
        Json::read(text).1.iter().any(|fault| fault.amiss == Amiss::CutOff)
    }

    /// The member of that name; of repeats the last, as every AWS SDK reads them.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => {
                members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// The elements of an array; none for anything else.
    pub fn elements(&self) -> &[Json<'a>] {
        match self {
            Json::Array(elements) => elements,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => &[],
        }
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match self {
            Json::Object(members) => members,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => &[],
        }
    }

    /// A string value that owns or borrows its text.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Json::String(text.into())
    }
}
