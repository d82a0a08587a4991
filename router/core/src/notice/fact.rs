//! A fact of a page, and the question of its reader that it answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

/// A label and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Stored", into = "Stored")]
pub struct Fact {
    /// Which question it answers.
    pub group: Group,
    /// What it is.
    pub label: String,
    /// Its value, cleaned, in one line.
    pub value: String,
}

/// The questions of whoever was woken, in the order in which they are asked.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    VariantArray,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What was seen: a process, a connection, a call.
    Seen,
    /// Where it runs: from the cluster down to the image.
    #[default]
    Where,
    /// Who owns it: whom to ask, what keeps it as it is.
    Owner,
    /// What else is open there.
    Near,
}

/// As it is kept: facts of before there were groups have none.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Stored(String, String, #[serde(default)] Group);

impl Fact {
    /// A fact of that group.
    pub fn new(group: Group, label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { group, label: label.into(), value: value.into() }
    }
}

impl Group {
    /// All of them, in their order.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// What stands above its facts.
    pub fn head(self) -> &'static str {
        match self {
            Group::Seen => "What was seen",
            Group::Where => "Where it runs",
            Group::Owner => "Who owns it",
            Group::Near => "What else is open there",
        }
    }
}

impl From<Stored> for Fact {
    fn from(Stored(label, value, group): Stored) -> Self {
        Self { group, label, value }
    }
}

impl From<Fact> for Stored {
    fn from(Fact { group, label, value }: Fact) -> Self {
        Self(label, value, group)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_of_an_older_store_is_about_where_it_runs() {
        let read: Vec<Fact> = serde_json::from_str(r#"[["Pod","a"],["User","root","seen"]]"#).unwrap();
        let expected = [Fact::new(Group::Where, "Pod", "a"), Fact::new(Group::Seen, "User", "root")];
        assert_eq!(read, expected);
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(written, r#"[["Pod","a","where"],["User","root","seen"]]"#);
    }
}
