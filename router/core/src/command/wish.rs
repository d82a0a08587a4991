//! What a human may ask for.

use serde::{Deserialize, Serialize};

use crate::action::ActionName;
use crate::decision::Cause;
use crate::ids::ApprovalId;
use crate::ids::{ChannelName, EventId, IncidentKey, SilenceId};
use crate::silence::{Extension, SilenceDraft};

/// One thing that a human asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Given by whoever takes it in; the same on every repeat.
    pub id: EventId,
    /// Who asks.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// The channel that they asked by, and that knows of it already.
    #[serde(default)]
    pub via: Option<ChannelName>,
    /// The incident's episode that is meant; whichever is going on, if left out.
    #[serde(default)]
    pub episode: Option<u32>,
    /// What.
    pub wish: Wish,
}

impl Command {
    /// What a decision about it answers.
    pub fn cause(&self) -> Cause {
        let Self { id: _, by, reason, via: _, episode: _, wish } = self;
        Cause::Command { by: by.clone(), reason: reason.clone(), approves: wish.approves().cloned() }
    }
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
    /// Somebody has the incident: it is not escalated further.
    Acknowledge(IncidentKey),
    /// The same, whoever had it before.
    Take(IncidentKey),
    /// Nobody has it any more: its response clock runs again.
    Unacknowledge(IncidentKey),
    /// The incident is over, whatever its findings say.
    Resolve(IncidentKey),
    /// Somebody else is to have it.
    Reassign {
        /// Which incident.
        incident: IncidentKey,
        /// Who: a channel of the configuration, which is paged, or a name, which is only recorded.
        to: String,
    },
    /// What matches is not paged for a while.
    Silence(SilenceDraft),
    /// A silence ends now.
    Expire(SilenceId),
    /// A silence ends later than it was to.
    Extend(Extension),
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
            Wish::Acknowledge(_) => "acknowledge",
            Wish::Take(_) => "take",
            Wish::Unacknowledge(_) => "unacknowledge",
            Wish::Resolve(_) => "resolve",
            Wish::Reassign { .. } => "reassign",
            Wish::Silence(_) => "silence",
            Wish::Expire(_) => "expire-silence",
            Wish::Extend(_) => "extend-silence",
        }
    }

    /// The incident that it says something of; none where it says nothing of one.
    pub fn incident(&self) -> Option<&IncidentKey> {
        match self {
            Wish::Acknowledge(incident)
            | Wish::Take(incident)
            | Wish::Unacknowledge(incident)
            | Wish::Resolve(incident)
            | Wish::Reassign { incident, to: _ } => Some(incident),
            Wish::Approve(_)
            | Wish::Deny(_)
            | Wish::Release(_)
            | Wish::Act(_)
            | Wish::SwitchOff
            | Wish::SwitchOn
            | Wish::Silence(_)
            | Wish::Expire(_)
            | Wish::Extend(_) => None,
        }
    }

    /// The plan that it approves, if it does.
    pub fn approves(&self) -> Option<&ApprovalId> {
        if let Wish::Approve(id) = self { Some(id) } else { None }
    }
}
