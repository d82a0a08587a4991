//! A sentence of ours with words of others in it: each form shows theirs so that they can be nothing else.

use serde::{Serialize, Serializer};
use watchfire_core::text::clean;

/// So much is shown of what somebody else wrote.
const MOST: usize = 1_000;

/// What a sentence is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Our own words.
    Ours(String),
    /// What a sender, a receiver or a person wrote, cleaned.
    Theirs(String),
}

/// A sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Vec<Part>);

impl Words {
    pub(crate) fn ours(text: impl Into<String>) -> Self {
        Self(vec![Part::Ours(text.into())])
    }

    pub(crate) fn theirs(text: &str) -> Self {
        Self::default().and_theirs(text)
    }

    /// Our own words behind it.
    pub(crate) fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Ours(text.into()));
        self
    }

    /// Somebody else's behind it; nothing where they said nothing.
    pub(crate) fn and_theirs(mut self, text: &str) -> Self {
        let text = clean(text, MOST);
        if !text.is_empty() {
            self.0.push(Part::Theirs(text));
        }
        self
    }

    /// Somebody else's behind it, and what stands before them; nothing where they said nothing.
    pub(crate) fn with(self, before: &str, text: &str) -> Self {
        if text.trim().is_empty() { self } else { self.and(before).and_theirs(text) }
    }

    /// All of another sentence behind it.
    pub(crate) fn and_all(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// As plain text.
    pub(crate) fn plain(&self) -> String {
        self.written(str::to_owned, str::to_owned)
    }

    /// All of it, as each form has its parts.
    pub(crate) fn written(&self, ours: impl Fn(&str) -> String, theirs: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Ours(text) => ours(text),
            Part::Theirs(text) => theirs(text),
        };
        self.0.iter().map(part).collect()
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.plain())
    }
}
