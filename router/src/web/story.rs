//! All that was decided about an event, a finding or an incident, as `/v1/story` says it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use watchfire_core::decision::Cause;
use watchfire_core::ids::{EffectId, EventId, FindingKey, RuleName};
use watchfire_core::journal::Entry;
use watchfire_core::priority::Priority;
use watchfire_core::standing::{Delivery, NotDone, Progress, Standing, ended};
use watchfire_core::verdict::{Verdict, Why};

use super::shown::IncidentShown;
use crate::router::{Story, StoryOf};

/// All that is known by a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryShown {
    /// What the name stands for.
    pub of: StoryKind,
    /// The event that was asked about, as its sender calls it.
    pub event: Option<String>,
    /// The same by its whole id.
    #[serde(default)]
    pub id: Option<EventId>,
    /// Other events whose senders call them the same, by their whole ids, the newest first; at most 20.
    #[serde(default)]
    pub others: Vec<EventId>,
    /// The finding that was asked about.
    pub finding: Option<FindingKey>,
    /// The incident; none where it belongs to none, or is forgotten.
    pub incident: Option<IncidentShown>,
    /// What was decided about it, the oldest first; at most 200 of the latest.
    pub decisions: Vec<DecisionShown>,
    /// By which decision it was said with others.
    pub said_with: Option<DecisionShown>,
    /// How it stands: what is contained, what waits for approval, who was told and who still has to be.
    #[serde(default)]
    pub standing: Standing,
    /// What comes next, a line each.
    pub next: Vec<String>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoryKind {
    /// An event.
    Event,
    /// A finding.
    Finding,
    /// An incident.
    Incident,
}

impl StoryShown {
    /// A story as it is at `now`.
    pub(crate) fn of(story: &Story, now: Timestamp) -> Self {
        let Story { incident, record, entries, bundle: _, said_with, next, standing, of, others } = story;
        let (of, id, finding) = match of {
            StoryOf::Event(event) => (StoryKind::Event, Some(event.clone()), None),
            StoryOf::Finding(finding) => (StoryKind::Finding, None, Some(finding.clone())),
            StoryOf::Incident => (StoryKind::Incident, None, None),
        };
        Self {
            of,
            event: id.as_ref().map(EventId::shown),
            id,
            others: others.clone(),
            finding,
            incident: record.as_ref().map(|record| IncidentShown::of(incident.clone(), record, now)),
            decisions: entries.iter().map(|entry| DecisionShown::of(entry, standing)).collect(),
            said_with: said_with.as_ref().map(|entry| DecisionShown::of(entry, standing)),
            standing: standing.clone(),
            next: next.clone(),
        }
    }
}

/// What was decided about one event, command or passing of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionShown {
    /// What the event's sender calls it, or the id of a command or of something else of ours.
    pub event: String,
    /// The whole id, which nothing else has.
    #[serde(default)]
    pub id: Option<EventId>,
    /// When.
    pub at: Timestamp,
    /// What decided: an event, a human, or that something was due.
    pub by: Decided,
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
    /// What was wanted and was not done, and what has become of it since.
    pub withheld: Vec<NotDone>,
    /// Who was told, in order.
    pub effects: Vec<Delivery>,
    /// What was done to the cluster, in order.
    pub acts: Vec<ActShown>,
}

/// What a decision was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// An event.
    Event,
    /// A human asked for it: who, and why.
    Human {
        /// Who.
        name: String,
        /// Why, in their words.
        reason: String,
    },
    /// Its time had come, or something of ours was reported.
    Itself,
}

impl Decided {
    fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Event => Decided::Event,
            Cause::Command { by, reason, approves: _ } => {
                Decided::Human { name: by.clone(), reason: reason.clone() }
            }
            Cause::Timer | Cause::Report { .. } | Cause::Completion => Decided::Itself,
        }
    }
}

/// One thing that was done to the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActShown {
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

impl DecisionShown {
    /// A decision, with what has become of what it did not do.
    pub(super) fn of(entry: &Entry, standing: &Standing) -> Self {
        let decision = &entry.decision;
        let acts = decision.acts.iter().map(|act| {
            let (result, at, said) = ended(entry.outcomes.get(&act.id));
            ActShown { id: act.id.clone(), target: act.target.named(), result, at, said }
        });
        Self {
            event: decision.event.shown(),
            id: Some(decision.event.clone()),
            at: decision.at,
            by: Decided::of(&decision.cause),
            kind: decision.kind.clone(),
            finding: decision.finding.clone(),
            subject: decision.subject.clone(),
            rule: decision.rule.clone(),
            family: decision.family.clone(),
            priority: decision.priority,
            verdict: decision.verdict,
            why: decision.why,
            because: decision.why.sentence().to_owned(),
            withheld: decision.withheld.iter().map(|withheld| standing.not_done(withheld)).collect(),
            effects: Delivery::of(entry),
            acts: acts.collect(),
        }
    }
}
