//! What a decision answers: nobody has to guess it from a name or a text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::ApprovalId;

/// Somebody who is known by more than the token of all operators: how, what whoever vouches for them calls them, which
/// they cannot choose, beside what they call themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// How they are known, such as `token` or `iam`. Entries of earlier releases are of those whom AWS let in.
    #[serde(default = "iam")]
    pub how: String,
    /// What whoever vouches for them calls them, such as an ARN; none where that is the name.
    #[serde(default, alias = "arn", skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The name that they gave, where it is another than the one that they are known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

impl Caller {
    /// What whoever vouches for them calls them, else how they are known.
    pub fn known(&self) -> &str {
        self.subject.as_deref().unwrap_or(&self.how)
    }

    /// Behind the name that they go by: how they are known, and what they call themselves where that is another name.
    pub fn clause(&self) -> String {
        let known = self.known();
        self.says
            .as_ref()
            .map_or_else(|| format!(" ({known})"), |says| format!(" ({known}, who says to be {says})"))
    }
}

fn iam() -> String {
    "iam".to_owned()
}

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
        /// What they say by it beside why, such as a note; none where what they asked for says it all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        says: Option<String>,
        /// The plan that they approved; none where they asked for something else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approves: Option<ApprovalId>,
        /// Who they are, where more is known than the name that they gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller: Option<Caller>,
    },
    /// A record whose time has come.
    Timer,
    /// An act has come to its end.
    Report,
    /// The cluster has said what it could not say in time.
    Completion,
    /// A model was asked about it.
    Triage,
}

impl Cause {
    /// The plan that was approved; none where nobody approved one.
    pub fn approves(&self) -> Option<&ApprovalId> {
        match self {
            Cause::Command { approves, .. } => approves.as_ref(),
            Cause::Event | Cause::Timer | Cause::Report | Cause::Completion | Cause::Triage => None,
        }
    }
}
