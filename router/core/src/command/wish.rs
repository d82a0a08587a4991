//! What a human may ask for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::ActionName;
use crate::annotation::{Annotation, NoteText};
use crate::decision::{Caller, Cause};
use crate::ids::{ApprovalId, ChannelName, EventId, IncidentKey, SilenceId};
use crate::silence::{Extension, SilenceDraft};
use crate::text::clean;

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
    /// The plan that is answered, by its hash in short, as it was shown; whichever waits, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Who they are, where more is known than the name that they gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Box<Caller>>,
    /// Where they ask from: for the audit trail alone, since whoever asks again may do so from elsewhere.
    #[serde(skip)]
    pub from: Option<String>,
    /// What.
    pub wish: CommandKind,
}

impl Command {
    /// What a decision about it answers.
    pub fn cause(&self) -> Cause {
        let Self { id: _, by, reason, via: _, episode: _, plan: _, caller, from: _, wish } = self;
        let (by, reason, caller) = (by.clone(), reason.clone(), caller.as_deref().cloned());
        Cause::Command { by, reason, says: wish.says(), approves: wish.approves().cloned(), caller }
    }
}

/// What a human may ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// A plan that waits is carried out.
    Approve(ApprovalId),
    /// A plan that waits is not.
    Deny(ApprovalId),
    /// What was done on an incident's account is undone.
    Release(IncidentKey),
    /// An action on what the context of the command names.
    Act(ActionName),
    /// The same is planned on an incident's account, and waits for somebody who approves it.
    Propose {
        /// Which incident.
        incident: IncidentKey,
        /// What is to be done.
        action: ActionName,
    },
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
    /// Something is added to an incident, or taken away: a note, a link, labels; whether it is open or over.
    Annotate {
        /// Which incident.
        incident: IncidentKey,
        /// What.
        with: Annotation,
    },
    /// What is to be done after an incident becomes a ticket of its own, and a note on it.
    FollowUp {
        /// Which incident.
        incident: IncidentKey,
        /// What is to be done.
        text: NoteText,
        /// The channel that keeps the ticket; the only one that keeps any, if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<ChannelName>,
    },
    /// What matches is not paged for a while.
    Silence(SilenceDraft),
    /// A silence ends now.
    Expire(SilenceId),
    /// A silence ends later than it was to.
    Extend(Extension),
}

impl CommandKind {
    /// The word in the journal.
    pub fn as_str(&self) -> &'static str {
        match self {
            CommandKind::Approve(_) => "approve",
            CommandKind::Deny(_) => "deny",
            CommandKind::Release(_) => "release",
            CommandKind::Act(action) => action.as_str(),
            CommandKind::Propose { .. } => "propose",
            CommandKind::SwitchOff => "mitigation-off",
            CommandKind::SwitchOn => "mitigation-on",
            CommandKind::Acknowledge(_) => "acknowledge",
            CommandKind::Take(_) => "take",
            CommandKind::Unacknowledge(_) => "unacknowledge",
            CommandKind::Resolve(_) => "resolve",
            CommandKind::Reassign { .. } => "reassign",
            CommandKind::Annotate { incident: _, with } => with.as_str(),
            CommandKind::FollowUp { .. } => "follow-up",
            CommandKind::Silence(_) => "silence",
            CommandKind::Expire(_) => "expire-silence",
            CommandKind::Extend(_) => "extend-silence",
        }
    }

    /// The incident that it says something of; none where it says nothing of one.
    pub fn incident(&self) -> Option<&IncidentKey> {
        match self {
            CommandKind::Acknowledge(incident)
            | CommandKind::Take(incident)
            | CommandKind::Unacknowledge(incident)
            | CommandKind::Resolve(incident)
            | CommandKind::Reassign { incident, to: _ }
            | CommandKind::Annotate { incident, with: _ }
            | CommandKind::Propose { incident, action: _ }
            | CommandKind::FollowUp { incident, text: _, to: _ } => Some(incident),
            CommandKind::Approve(_)
            | CommandKind::Deny(_)
            | CommandKind::Release(_)
            | CommandKind::Act(_)
            | CommandKind::SwitchOff
            | CommandKind::SwitchOn
            | CommandKind::Silence(_)
            | CommandKind::Expire(_)
            | CommandKind::Extend(_) => None,
        }
    }

    /// What is said by it, beside why; none where its name says it all.
    pub fn says(&self) -> Option<String> {
        match self {
            CommandKind::Annotate { incident: _, with } => Some(with.says()),
            CommandKind::Reassign { incident: _, to } => Some(format!("to {}", clean(to, 100))),
            CommandKind::FollowUp { incident: _, text, to: _ } => Some(text.as_str().to_owned()),
            CommandKind::Propose { incident: _, action } => Some(action.as_str().to_owned()),
            CommandKind::Approve(_)
            | CommandKind::Deny(_)
            | CommandKind::Release(_)
            | CommandKind::Act(_)
            | CommandKind::SwitchOff
            | CommandKind::SwitchOn
            | CommandKind::Acknowledge(_)
            | CommandKind::Take(_)
            | CommandKind::Unacknowledge(_)
            | CommandKind::Resolve(_)
            | CommandKind::Silence(_)
            | CommandKind::Expire(_)
            | CommandKind::Extend(_) => None,
        }
    }

    /// The plan that it approves, if it does.
    pub fn approves(&self) -> Option<&ApprovalId> {
        if let CommandKind::Approve(id) = self { Some(id) } else { None }
    }
}
