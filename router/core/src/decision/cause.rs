//! What a decision answers: nobody has to guess it from a name or a text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::ApprovalId;

/// What a decision answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An event: a finding, an alarm, or what Watchfire reports of itself.
    #[default]
    Event,
    /// Somebody asked for something.
    Command {
        /// Who.
        by: String,
        /// Why, in their words; may be empty.
        reason: String,
        /// The plan that they approved; none where they asked for something else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approves: Option<ApprovalId>,
    },
    /// A record whose time has come.
    Timer,
    /// An act has come to its end.
    Report,
    /// The cluster has said what it could not say in time.
    Completion,
}

impl Cause {
    /// The plan that was approved; none where nobody approved one.
    pub fn approves(&self) -> Option<&ApprovalId> {
        match self {
            Cause::Command { approves, .. } => approves.as_ref(),
            Cause::Event | Cause::Timer | Cause::Report | Cause::Completion => None,
        }
    }
}
