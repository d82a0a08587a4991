//! What is remembered about acting: what was done to a target, who switched mitigation off, and which plans wait
//! for a human.

mod suspects;

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::{Act, ActWhen, ActionKind, Step, Target};
use crate::ids::{ApprovalId, EffectId, EventId, IncidentKey};
use crate::notice::Notice;
use crate::priority::Priority;
use crate::text::clean;

pub use suspects::{RESTARTS_AFTER, Restart, Ripe, Suspects, ripe};

/// One thing that can be contained: `pod/<uid>`, `workload/<uid>`, `node/<uid>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetKey(String);

/// What was done to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// What it is.
    pub target: Target,
    /// On whose account it was contained last.
    pub incident: IncidentKey,
    /// One for each act, the oldest first; at most [`TargetRecord::MOST`].
    pub acts: Vec<Containment>,
    /// Of a workload: its pods that are suspect.
    #[serde(default, skip_serializing_if = "Suspects::is_none")]
    pub suspects: Suspects,
}

/// One act on a target, from its plan to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Containment {
    /// Which action.
    pub action: ActionKind,
    /// In which decision.
    pub event: EventId,
    /// Which act of it.
    pub effect: EffectId,
    /// When it was planned.
    pub at: Timestamp,
    /// How far it is.
    pub state: ContainmentState,
    /// What undoes it, in this order; nothing for what cannot be undone.
    pub undo: Vec<Step>,
    /// Who approved it or asked for it as it is now; none: the rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it came to be as it is; none while it is planned, or where it was not written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What was said when it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// It is done only if that other act fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<EffectId>,
}

/// How far a containment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContainmentState {
    /// It is decided; it may be under way.
    Planned,
    /// It is done, and verified where that can be.
    Done,
    /// It failed; some of its steps may have been done.
    Failed,
    /// It was undone.
    Released,
}

/// Whether mitigation is switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// By whom, why and since when; none while it is on.
    pub off: Option<SwitchedOff>,
}

/// Who switched mitigation off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchedOff {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A plan that waits for a human, or was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRecord {
    /// The event it was planned for.
    pub event: EventId,
    /// The plan, exactly; its hash is what is approved.
    pub act: Act,
    /// What undoes it.
    pub undo: Vec<Step>,
    /// Why a human is asked.
    pub because: String,
    /// How urgent its incident was.
    pub priority: Priority,
    /// The page that asked, for the words of what follows.
    pub notice: Notice,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it is too late.
    pub expires_at: Timestamp,
    /// What the human said.
    pub answer: Option<Answer>,
    /// Who asked for it, as [`Approver::person`] tells people apart; none where a rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// Who has approved it, where that takes more people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
}

/// One of several who have to approve a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approver {
    /// Their name.
    pub by: String,
    /// What tells them from others, whatever they call themselves.
    pub person: String,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A human's answer, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Yes or no.
    pub verdict: Verdict,
    /// Who.
    pub by: String,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ApprovalVerdict")]
pub enum Verdict {
    /// It is done.
    Approved,
    /// It is not.
    Denied,
}

impl TargetKey {
    /// The key of what an act is done to; none for what nothing is done to.
    pub fn of(target: &Target) -> Option<Self> {
        match target {
            Target::Pod(object) => Some(Self(format!("pod/{}", object.uid))),
            Target::Workload(object) => Some(Self(format!("workload/{}", object.uid))),
            Target::Node(object) => Some(Self(format!("node/{}", object.uid))),
            Target::Image(_) | Target::Event => None,
        }
    }

    /// The key that is written so; none if there is no such key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, uid) = text.split_once('/')?;
        let is_known = matches!(kind, "pod" | "workload" | "node") && !uid.is_empty();
        is_known.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ApprovalId {
    /// The word for one act of one event: 12 hexadecimal digits, the same on every repeat.
    pub fn of(event: &EventId, effect: &EffectId) -> Self {
        let hash = crate::hash::sha256(&format!("{}\n{effect}", event.as_str()));
        Self::new(hash.chars().take(12).collect::<String>())
    }
}

impl Containment {
    /// One that was decided now.
    pub(crate) fn planned(act: &Act, event: &EventId, undo: Vec<Step>, now: Timestamp) -> Self {
        let only_if = match &act.when {
            ActWhen::IfFailed(other) => Some(other.clone()),
            ActWhen::Now | ActWhen::NotBefore(_) => None,
        };
        Self {
            action: act.action,
            event: event.clone(),
            effect: act.id.clone(),
            at: now,
            state: ContainmentState::Planned,
            undo,
            by: act.approved_by.clone(),
            ended_at: None,
            said: String::new(),
            only_if,
        }
    }

    /// It came to be so, by that act.
    pub(crate) fn becomes(&mut self, state: ContainmentState, act: &Act, said: &str, now: Timestamp) {
        self.state = state;
        self.ended_at = Some(now);
        self.by.clone_from(&act.approved_by);
        self.said = match state {
            ContainmentState::Failed => clean(said, 200),
            ContainmentState::Planned | ContainmentState::Done | ContainmentState::Released => String::new(),
        };
    }
}

impl TargetRecord {
    /// More acts than this on one target are forgotten, the oldest first.
    pub const MOST: usize = 16;

    /// The last of that action on it.
    pub fn last(&self, action: ActionKind) -> Option<&Containment> {
        self.acts.iter().rev().find(|containment| containment.action == action)
    }

    pub(crate) fn push(&mut self, containment: Containment) {
        if self.acts.len() == Self::MOST {
            self.acts.remove(0);
        }
        self.acts.push(containment);
    }

    /// What would undo everything that may have been done and was not undone yet, the last first.
    pub fn undo(&self) -> Vec<Step> {
        let held = self.acts.iter().rev().filter(|containment| match containment.state {
            ContainmentState::Planned | ContainmentState::Done | ContainmentState::Failed => true,
            ContainmentState::Released => false,
        });
        held.flat_map(|containment| containment.undo.iter().cloned()).collect()
    }
}

impl fmt::Display for TargetKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
