//! What was decided about one thing, as people are told it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::decision::{Because, Caller, Cause};
use watchfire_core::ids::{EffectId, EventId, FindingKey, RouteName, RuleName};
use watchfire_core::journal::Entry;
use watchfire_core::priority::Priority;
use watchfire_core::standing::{Delivery, NotDone, Progress, Standing, ended};
use watchfire_core::verdict::{Verdict, Why};

/// What was decided about one event, command or passing of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// What the event's sender calls it, or the id of a command or of something else of ours.
    pub event: String,
    /// The whole id, which nothing else has.
    #[serde(default)]
    pub id: Option<EventId>,
    /// When.
    pub at: Timestamp,
    /// What decided: an event, a human, or that something was due.
    pub by: DecidedBy,
    /// The finding's type, the detail-type, or what of ours it was.
    pub kind: String,
    /// The finding.
    pub finding: Option<FindingKey>,
    /// What it is about, in a line.
    pub subject: String,
    /// The rule.
    pub rule: RuleName,
    /// The rule's family.
    pub family: String,
    /// The priority.
    pub priority: Priority,
    /// Whether a human hears of it, and when.
    pub verdict: Verdict,
    /// The reason.
    pub why: Why,
    /// The reason in a sentence.
    pub because: String,
    /// The routes that it went by; none where there are no routes but the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteName>,
    /// What was wanted and was not done, and what has become of it since.
    pub withheld: Vec<NotDone>,
    /// Who was told, in order.
    pub effects: Vec<Delivery>,
    /// What was done to the cluster, in order.
    pub acts: Vec<Act>,
    /// Which records it changed and why, in order; of many the first.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// What a decision was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// An event.
    Event,
    /// A human asked for it: who, and why.
    Human {
        /// Who.
        name: String,
        /// Why, in their words.
        reason: String,
        /// Who they are, where more is known than the name that they gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller: Option<Caller>,
    },
    /// Its time had come, or something of ours was reported.
    Itself,
}

impl DecidedBy {
    fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Event => DecidedBy::Event,
            Cause::Command { by, reason, approves: _, caller } => {
                let (name, reason, caller) = (by.clone(), reason.clone(), caller.clone());
                DecidedBy::Human { name, reason, caller }
            }
            Cause::Timer | Cause::Report | Cause::Completion => DecidedBy::Itself,
        }
    }
}

/// One thing that was done to the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Act {
    /// Its id.
    pub id: EffectId,
    /// To what.
    pub target: String,
    /// What became of it.
    pub result: Progress,
    /// When.
    pub at: Option<Timestamp>,
    /// In a sentence.
    pub said: String,
}

/// A record that a decision changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Which.
    pub record: String,
    /// Why.
    pub because: Because,
    /// Both in a clause.
    pub said: String,
    /// Whether the rest of the decision says it already.
    pub is_detail: bool,
}

impl Decision {
    /// A decision, with what has become of what it did not do.
    pub(crate) fn of(entry: &Entry, standing: &Standing) -> Self {
        let decision = &entry.decision;
        let acts = decision.acts.iter().map(|act| {
            let (result, at, said) = ended(entry.outcomes.get(&act.id));
            Act { id: act.id.clone(), target: act.target.named(), result, at, said }
        });
        let own = decision.incident.as_ref();
        let changes = decision.edits.iter().map(|edit| Change {
            record: edit.key.to_string(),
            because: edit.because,
            said: edit.sentence(own),
            is_detail: edit.is_detail(own),
        });
        let not_done = |withheld| standing.not_done(&decision.event, withheld);
        Self {
            event: decision.event.shown(),
            id: Some(decision.event.clone()),
            at: decision.at,
            by: DecidedBy::of(&decision.cause),
            kind: decision.kind.clone(),
            finding: decision.finding.clone(),
            subject: decision.subject.clone(),
            rule: decision.rule.clone(),
            family: decision.family.clone(),
            priority: decision.priority,
            verdict: decision.verdict,
            why: decision.why,
            because: decision.why.sentence().to_owned(),
            routes: decision.routes.clone(),
            withheld: decision.withheld.iter().map(not_done).collect(),
            effects: Delivery::of(entry),
            acts: acts.collect(),
            changes: changes.collect(),
        }
    }
}
