//! What operators are answered about acting: commands, approvals, what is contained, and the switch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::act::{Act, PlanHash, StepRecord, summary};
use watchfire_core::containment::{Answer, ApprovalRecord, Approver, Containment, SwitchedOff, TargetRecord};
use watchfire_core::decision::Decision;
use watchfire_core::ids::{ApprovalId, EffectId, IncidentKey};
use watchfire_core::journal::Outcome;
use watchfire_core::mitigation::Mode;
use watchfire_core::priority::Priority;
use watchfire_core::silence::SilenceEffect;

use super::Silence;

/// What came of a command. That it is declined is an answer, too: then the decision's `why` says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommandResult {
    /// Whether it was only rehearsed: nothing is changed, and nothing recorded.
    pub dry_run: bool,
    /// What was decided, as the journal has it.
    pub decision: Decision,
    /// Unless it was rehearsed: what became of each effect and act of the decision; none yet of what is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<BTreeMap<EffectId, Outcome>>,
    /// Where it was rehearsed: what would be done to the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts: Option<Vec<Rehearsed>>,
    /// Of a new silence: what it would have done to the events of the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<SilenceEffect>,
    /// The silence that the command was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// What whoever asks may not know, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// An act, and what the API server said to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsed {
    /// The act.
    pub act: Act,
    /// Its steps, as far as they went.
    pub steps: Vec<StepRecord>,
}

/// A plan that waits for a human, or was answered lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// The word that approves it.
    pub id: ApprovalId,
    /// The shortest beginning of it, of at least eight characters, that stands for it alone.
    pub short: String,
    /// The action.
    pub action: String,
    /// What it would be done to, as people call it.
    pub target: String,
    /// Its steps, in a line.
    pub plan: String,
    /// What the approval is bound to.
    pub hash: PlanHash,
    /// Why it is wanted.
    pub because: String,
    /// The incident's.
    pub priority: Priority,
    /// On whose account.
    pub incident: IncidentKey,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Until when an answer is waited for.
    pub expires_at: Timestamp,
    /// The answer, if there is one.
    pub answer: Option<Answer>,
    /// Who has approved it, where that takes more people than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
}

impl Approval {
    /// A plan by its id, and what is enough of it.
    pub(crate) fn of(id: ApprovalId, short: String, record: ApprovalRecord) -> Self {
        let ApprovalRecord {
            event: _,
            act,
            undo: _,
            because,
            priority,
            notice: _,
            asked_at,
            expires_at,
            answer,
            asked_by: _,
            approvers,
        } = record;
        Self {
            id,
            short,
            action: act.action.as_str().to_owned(),
            target: act.target.named(),
            plan: summary(&act.steps),
            hash: act.hash,
            because,
            priority,
            incident: act.incident,
            asked_at,
            expires_at,
            answer,
            approvers,
        }
    }
}

/// Something that is contained, and can be released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contained {
    /// On whose account.
    pub incident: IncidentKey,
    /// The shortest beginning of that, of at least eight characters, that stands for it alone.
    pub short: String,
    /// What it is, as people call it.
    pub target: String,
    /// What was done to it, the oldest first; at most 16.
    pub acts: Vec<Containment>,
    /// What a release would do, in a line.
    pub undo: String,
}

impl Contained {
    /// A target, and what is enough of its incident's key.
    pub(crate) fn of(record: TargetRecord, short: String) -> Self {
        let undo = summary(&record.undo());
        let TargetRecord { target, incident, acts, suspects: _ } = record;
        Self { incident, short, target: target.named(), acts, undo }
    }
}

/// Whether anything is done to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mitigation {
    /// Who switched it off by a command; none where nobody did.
    pub off: Option<SwitchedOff>,
    /// Why it is off by the ConfigMap of the configuration; none where it is not.
    pub elsewhere: Option<String>,
    /// The mode of the configuration; none where there is none to say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}
