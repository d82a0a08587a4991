//! What was wanted and is not done, as a page tells it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::ActionName;
use crate::text::clean;

/// How the reason of a plan begins that a human has to approve.
pub(crate) const WAITS: &str = "waits for approval";
/// Longer it is not told.
const LONGEST: usize = 600;

/// What was wanted and is not done. Wherever a page is kept or sent it is the sentence, and what that is about is read from it
/// here and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Undone {
    /// The action, where it is one.
    pub action: Option<ActionName>,
    /// Whether a human is asked for it.
    pub waits: bool,
    sentence: String,
}

impl Undone {
    /// In a sentence, which names the action.
    pub(crate) fn new(action: Option<ActionName>, waits: bool, sentence: &str) -> Self {
        Self { action, waits, sentence: clean(sentence, LONGEST) }
    }

    /// The action and nothing else.
    pub fn named(action: ActionName) -> Self {
        Self::new(Some(action), false, action.as_str())
    }

    /// The sentence: one line, cleaned.
    pub fn as_str(&self) -> &str {
        &self.sentence
    }

    /// What waited for a human cannot be approved, for that reason.
    pub(super) fn not_asked(&mut self, because: &str) {
        if let (true, Some(action)) = (self.waits, self.action) {
            *self = Self::new(self.action, false, &format!("{}: {because}", action.as_str()));
        }
    }
}

impl fmt::Display for Undone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.sentence)
    }
}

impl From<Undone> for String {
    fn from(undone: Undone) -> Self {
        undone.sentence
    }
}

impl From<String> for Undone {
    fn from(sentence: String) -> Self {
        let word = sentence.split([':', ' ']).next().unwrap_or_default();
        let reason = sentence.split_once(": ").map_or("", |(_, reason)| reason);
        Self { action: ActionName::named(word), waits: reason.starts_with(WAITS), sentence }
    }
}

impl From<&str> for Undone {
    fn from(sentence: &str) -> Self {
        sentence.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_says_is_not_done_is_the_same_when_it_is_read_back() {
        let told = [
            Undone::new(Some(ActionName::Cordon), true, "cordon: waits for approval (mode) until 12:00"),
            Undone::new(Some(ActionName::Cordon), false, "cordon: the namespace is protected"),
            Undone::new(Some(ActionName::DeletePod), false, "delete-pod failed: waits for a volume"),
            Undone::named(ActionName::Drain),
            Undone::new(None, false, "page: silenced until noon"),
            Undone::new(None, false, ""),
        ];
        for undone in told {
            let written = serde_json::to_string(&undone).unwrap();
            assert_eq!(written, format!("\"{undone}\""));
            assert_eq!(serde_json::from_str::<Undone>(&written).unwrap(), undone);
        }
    }
}
