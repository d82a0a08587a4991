//! All that was decided about an event, a finding or an incident, as `/v1/story` says it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use watchfire_core::command::Command;
use watchfire_core::decision::{Decision, Effect, EffectKind, Verdict, When, Why, Withheld};
use watchfire_core::event::OWN_SOURCE;
use watchfire_core::ids::{ChannelName, DedupKey, EffectId, EventId, FindingKey, RuleName};
use watchfire_core::journal::{ActEnd, Entry, Outcome};
use watchfire_core::priority::Priority;

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
        let Story { incident, record, entries, bundle: _, said_with, next, of, others } = story;
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
            decisions: entries.iter().map(DecisionShown::of).collect(),
            said_with: said_with.as_ref().map(DecisionShown::of),
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
    /// What was wanted and is not done.
    pub withheld: Vec<Withheld>,
    /// What was done, in order.
    pub effects: Vec<EffectShown>,
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

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectShown {
    /// Its id.
    pub id: EffectId,
    /// What.
    pub kind: EffectKind,
    /// Over which channel.
    pub channel: ChannelName,
    /// Under which dedup key.
    pub dedup_key: DedupKey,
    /// Whether it is the fallback of another.
    pub fallback: bool,
    /// What became of it.
    pub result: Progress,
    /// When.
    pub at: Option<Timestamp>,
    /// What the channel said.
    pub said: String,
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

/// What became of what was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It was done.
    Done,
    /// It was not, and will not be.
    Failed,
    /// It did not have to be.
    NotNeeded,
    /// It is still tried.
    Pending,
}

impl Progress {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Progress::Done => "done",
            Progress::Failed => "failed",
            Progress::NotNeeded => "not needed",
            Progress::Pending => "pending",
        }
    }
}

impl DecisionShown {
    fn of(entry: &Entry) -> Self {
        let decision = &entry.decision;
        let effect = |effect: &Effect| {
            let Effect { id, kind, channel, when, dedup_key, notice: _ } = effect;
            let fallback = matches!(when, When::Unless { .. });
            let (result, at, said) = ended(entry.outcomes.get(id));
            let (id, channel, dedup_key) = (id.clone(), channel.clone(), dedup_key.clone());
            EffectShown { id, kind: *kind, channel, dedup_key, fallback, result, at, said }
        };
        let acts = decision.acts.iter().map(|act| {
            let (result, at, said) = ended(entry.outcomes.get(&act.id));
            ActShown { id: act.id.clone(), target: act.target.named(), result, at, said }
        });
        Self {
            event: decision.event.shown(),
            id: Some(decision.event.clone()),
            at: decision.at,
            by: decided(decision, &entry.raw),
            kind: decision.kind.clone(),
            finding: decision.finding.clone(),
            subject: decision.subject.clone(),
            rule: decision.rule.clone(),
            family: decision.family.clone(),
            priority: decision.priority,
            verdict: decision.verdict,
            why: decision.why,
            because: decision.why.sentence().to_owned(),
            withheld: decision.withheld.clone(),
            effects: decision.effects.iter().map(effect).collect(),
            acts: acts.collect(),
        }
    }
}

/// Only what is not an event can have been a command: an event's text may say anything.
fn decided(decision: &Decision, raw: &str) -> Decided {
    if decision.face.is_some() {
        return Decided::Event;
    }
    let is_command = decision.source == OWN_SOURCE && decision.kind.starts_with("Command:");
    match serde_json::from_str::<Command>(raw) {
        Ok(Command { by, reason, .. }) if is_command => Decided::Human { name: by, reason },
        Ok(_) | Err(_) => Decided::Itself,
    }
}

fn ended(outcome: Option<&Outcome>) -> (Progress, Option<Timestamp>, String) {
    match outcome {
        None => (Progress::Pending, None, String::new()),
        Some(Outcome::Done { at, receipt }) => (Progress::Done, Some(*at), receipt.clone()),
        Some(Outcome::Failed { at, reason }) => (Progress::Failed, Some(*at), reason.clone()),
        Some(Outcome::NotNeeded { at }) => (Progress::NotNeeded, Some(*at), String::new()),
        Some(Outcome::Acted { at, end, said, steps: _ }) => {
            let result = match end {
                ActEnd::Done => Progress::Done,
                ActEnd::Failed => Progress::Failed,
                ActEnd::Needless => Progress::NotNeeded,
            };
            (result, Some(*at), said.clone())
        }
    }
}
