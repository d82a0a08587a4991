//! A command as it is sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::action::ActionName;
use watchfire_core::command::CommandKind;
use watchfire_core::ids::{ApprovalId, IncidentKey, SilenceId};
use watchfire_core::silence::{Extension, SilenceDraft};

use super::Named;

/// A command as it is sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Who asks.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// What.
    #[serde(with = "KindSchema")]
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

/// What a human may ask for.
// A variant that core has and this has not, or the other way round, does not compile.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "CommandKind", rename_all = "snake_case")]
#[schemars(rename = "CommandKind")]
enum KindSchema {
    /// A plan that waits is carried out.
    Approve(ApprovalId),
    /// A plan that waits is not.
    Deny(ApprovalId),
    /// What was done on an incident's account is undone.
    Release(IncidentKey),
    /// An action on what the command names.
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
