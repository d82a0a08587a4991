//! What a human may ask for.

use serde::{Deserialize, Serialize};

use crate::containment::ApprovalId;
use crate::ids::{EventId, IncidentKey};
use crate::rules::ActionName;

/// One thing that a human asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Given by whoever takes it in; the same on every repeat.
    pub id: EventId,
    /// Who asks.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// What.
    pub wish: Wish,
}

/// What a human may ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// A plan that waits is carried out.
    Approve(ApprovalId),
    /// A plan that waits is not.
    Deny(ApprovalId),
    /// What was done on an incident's account is undone.
    Release(IncidentKey),
    /// An action on what the context of the command names.
    Act(ActionName),
    /// Nothing more is done to the cluster, whatever rules and approvals say.
    SwitchOff,
    /// It is again.
    SwitchOn,
}

impl Wish {
    /// The word in the journal.
    pub fn as_str(&self) -> &'static str {
        match self {
            Wish::Approve(_) => "approve",
            Wish::Deny(_) => "deny",
            Wish::Release(_) => "release",
            Wish::Act(action) => action.as_str(),
            Wish::SwitchOff => "mitigation-off",
            Wish::SwitchOn => "mitigation-on",
        }
    }
}
