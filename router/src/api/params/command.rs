//! A command as it is sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::command::CommandKind;

use super::Named;

/// A command as it is sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Who asks; whoever is known by more than the operators' token goes by that name, and this is what they call themselves.
    #[serde(default)]
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// What.
    pub wish: CommandKind,
    /// On what, for an action.
    #[serde(default)]
    pub on: Option<Named>,
    /// Only rehearsed.
    #[serde(default)]
    pub dry_run: bool,
    /// Told apart by this: sent again with it, it is one command; another command with it is refused. Left out,
    /// every sending is its own.
    #[serde(default)]
    pub id: Option<String>,
}
