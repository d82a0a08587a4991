//! What was decided about one thing, as people are told it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::act::{Step, StepName, StepResult};
use watchfire_core::decision::{Because, Caller, Cause};
use watchfire_core::ids::{EffectId, EventId, FindingKey, RouteName, RuleName};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::priority::Priority;
use watchfire_core::standing::{Delivery, NotDone, Progress, Standing, ended};
use watchfire_core::text::clean;
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
        /// What they say by it beside why, such as a note; none where what they asked for says it all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        says: Option<String>,
        /// Who they are, where more is known than the name that they gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller: Option<Caller>,
    },
    /// Its time had come, or something of ours was reported.
    Itself,
}

impl DecidedBy {
    /// What somebody says by it, and why, in their words; empty where nobody says anything.
    pub(crate) fn said(&self) -> String {
        match self {
            DecidedBy::Human { says, reason, .. } => {
                let said = says.iter().chain(Some(reason)).filter(|said| !said.is_empty());
                said.map(String::as_str).collect::<Vec<_>>().join(": ")
            }
            DecidedBy::Event | DecidedBy::Itself => String::new(),
        }
    }

    fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Event => DecidedBy::Event,
            Cause::Command { by, reason, says, approves: _, caller } => {
                let (name, reason, says, caller) = (by.clone(), reason.clone(), says.clone(), caller.clone());
                DecidedBy::Human { name, reason, says, caller }
            }
            Cause::Timer | Cause::Report | Cause::Completion | Cause::Triage => DecidedBy::Itself,
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
    /// Its steps, in order; none for what is not a matter of steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ActStep>,
}

/// A step of what is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActStep {
    /// Which.
    pub step: StepName,
    /// What it does, in a clause.
    pub plan: String,
    /// What became of it; none of what was not tried yet, or at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StepResult>,
    /// What there is to say of that; may be empty.
    #[serde(default)]
    pub note: String,
}

impl ActStep {
    /// Each step that was planned, with what became of it.
    fn of(planned: &[Step], outcome: Option<&Outcome>) -> Vec<Self> {
        let tried = match outcome {
            Some(Outcome::Acted { steps, .. }) => steps.as_slice(),
            Some(Outcome::Done { .. } | Outcome::Failed { .. } | Outcome::NotNeeded { .. }) | None => &[],
        };
        let mut tried = tried.iter().peekable();
        let step = |step: &Step| {
            let record = tried.next_if(|record| record.step == step.name());
            Self {
                step: step.name(),
                plan: clean(&step.clause(), 300),
                result: record.map(|record| record.result),
                note: record.map(|record| record.note.clone()).unwrap_or_default(),
            }
        };
        planned.iter().map(step).collect()
    }
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
            let steps = ActStep::of(&act.steps, entry.outcomes.get(&act.id));
            Act { id: act.id.clone(), target: act.target.named(), result, at, said, steps }
        });
        let own = decision.incident.as_ref();
        let changes = decision.edits.iter().map(|edit| Change {
            record: edit.key.to_string(),
            because: edit.because,
            said: edit.sentence(own),
            is_detail: edit.is_detail(own),
        });
        let not_done = |withheld| standing.not_done(decision, withheld);
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
