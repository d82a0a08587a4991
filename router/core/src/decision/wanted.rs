//! What was wanted, whether or not it is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::ActionName;

/// What a rule, or a human, wanted. It is recorded as its word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Wanted {
    /// That somebody is paged.
    Page,
    /// That this is done.
    Action(ActionName),
    /// What a command says, by its word.
    Command(String),
}

const PAGE: &str = "page";

impl Wanted {
    /// Its word in records, pages and the log.
    pub fn as_str(&self) -> &str {
        match self {
            Wanted::Page => PAGE,
            Wanted::Action(action) => action.as_str(),
            Wanted::Command(word) => word,
        }
    }

    /// The action; none where it is a page or a command.
    pub fn action(&self) -> Option<ActionName> {
        match self {
            Wanted::Action(action) => Some(*action),
            Wanted::Page | Wanted::Command(_) => None,
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl From<Wanted> for String {
    fn from(wanted: Wanted) -> Self {
        wanted.to_string()
    }
}

impl From<String> for Wanted {
    fn from(word: String) -> Self {
        match ActionName::named(&word) {
            Some(action) => Wanted::Action(action),
            None if word == PAGE => Wanted::Page,
            None => Wanted::Command(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wanted_is_the_same_when_it_is_read_back() {
        let actions = ActionName::ALL.map(Wanted::Action);
        let others = [Wanted::Page, Wanted::Command("release".to_owned())];
        for wanted in actions.into_iter().chain(others) {
            let written = serde_json::to_string(&wanted).unwrap();
            assert_eq!(written, format!("\"{wanted}\""));
            assert_eq!(serde_json::from_str::<Wanted>(&written).unwrap(), wanted);
        }
    }
}
