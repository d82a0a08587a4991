//! What may be asked behind a `?`, and bodies that say nothing.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::annotation::LabelFilter;
use watchfire_core::priority::Priority;

/// Which incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incidents {
    /// Open ones, or those that are over, too.
    #[serde(default)]
    pub state: IncidentsIn,
    /// Only of that priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Only what has had an event since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only what that person has, or is to have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mine: Option<String>,
    /// Only what has these labels: names, or names with values, with a comma between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelFilter>,
    /// Only what a silence with that pattern would match: an event pattern, as JSON.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// No more than so many, the most urgent; 500 at most, and if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u16>,
}

/// In which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentsIn {
    /// Open.
    #[default]
    Open,
    /// Open, or over.
    All,
}

/// About what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Of {
    /// Its name: an id, or as much of it as no other has.
    pub of: String,
}

/// Which entries of the audit trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Those behind that number; the newest, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// Which silences: all, or the one that is meant by a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Silences {
    /// Its id, or as much of it as no other has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// How many decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// No more than so many, the newest; 200 at most, 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u16>,
}

/// There is nothing to be said about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reload {}
