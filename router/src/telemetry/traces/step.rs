//! The steps of an event's way, and what a span says of each.

use strum::IntoStaticStr;
use watchfire_core::act::Act;
use watchfire_core::decision::{Decision, Effect};
use watchfire_core::journal::{ActEnd, Outcome};

use crate::failure::{Nack, Tried};
use crate::telemetry::metrics::outcome_of;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Step {
    /// It waited in its queue.
    Queue,
    /// All that is done about a message.
    Receive,
    /// What is in the journal and was not done is taken up.
    Resume,
    /// From an event to its entry in the journal.
    Decide,
    /// A decision is written down, if what it goes by is as it was.
    Commit,
    /// A channel is tried.
    Page,
    /// Something is done to the cluster.
    Act,
}

/// What came of a step: ids, and words of our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) has_failed: bool,
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// As OTLP numbers the kinds of spans: a consumer's and a client's are other sides to somebody.
    pub(super) fn kind(self) -> u8 {
        match self {
            Step::Queue | Step::Receive => 5,
            Step::Commit | Step::Page | Step::Act => 3,
            Step::Resume | Step::Decide => 1,
        }
    }
}

impl Said {
    pub(super) fn cut_off() -> Self {
        Self { attributes: vec![("watchfire.outcome", "cut_off".to_owned())], has_failed: true }
    }

    fn outcome(mut self, outcome: &str, has_failed: bool) -> Self {
        self.attributes.push(("watchfire.outcome", outcome.to_owned()));
        Self { has_failed, ..self }
    }
}

/// A message, and whether it is done with.
pub(crate) fn of_message<T>(id: Option<&str>, result: &Result<T, Nack>) -> Said {
    let attributes = id.map(|id| ("messaging.message.id", id.to_owned())).into_iter().collect();
    let outcome = if result.is_ok() { "done" } else { "left" };
    Said { attributes, has_failed: false }.outcome(outcome, result.is_err())
}

/// What was decided; none where it could not be.
pub(crate) fn of_decision(decision: Option<&Decision>) -> Said {
    let Some(decision) = decision else { return Said::default().outcome("undecided", true) };
    let mut attributes = vec![
        ("watchfire.event", decision.event.to_string()),
        ("watchfire.rule", decision.rule.to_string()),
        ("watchfire.priority", decision.priority.as_str().to_owned()),
        ("watchfire.verdict", decision.verdict.as_str().to_owned()),
        ("watchfire.why", decision.why.as_str().to_owned()),
    ];
    attributes.extend(decision.incident.iter().map(|incident| ("watchfire.incident", incident.to_string())));
    Said { attributes, has_failed: false }
}

/// What the store said.
pub(crate) fn of_commit(decision: &Decision, committed: Option<&'static str>) -> Said {
    of_event(decision).outcome(committed.unwrap_or("failed"), committed.is_none())
}

/// Whether all of it is done.
pub(crate) fn of_resumed(decision: &Decision, performed: &Result<(), Nack>) -> Said {
    let outcome = if performed.is_ok() { "done" } else { "left" };
    of_event(decision).outcome(outcome, performed.is_err())
}

fn of_event(decision: &Decision) -> Said {
    let event = [("watchfire.event", decision.event.to_string())];
    Said { attributes: event.into(), has_failed: false }
}

/// What a channel said.
pub(crate) fn of_page(effect: &Effect, kind: &'static str, tried: &Tried) -> Said {
    let attributes = vec![
        ("watchfire.effect", effect.id.to_string()),
        ("watchfire.channel", effect.channel.to_string()),
        ("watchfire.channel.kind", kind.to_owned()),
        ("watchfire.effect.kind", effect.kind.as_str().to_owned()),
    ];
    Said { attributes, has_failed: false }.outcome(outcome_of(tried), tried.result.is_err())
}

/// How an act ended; none where it goes on later.
pub(crate) fn of_act(act: &Act, ended: Option<&Outcome>) -> Said {
    let attributes = vec![
        ("watchfire.act", act.id.to_string()),
        ("watchfire.action", act.action.as_str().to_owned()),
        ("watchfire.incident", act.incident.to_string()),
    ];
    let (outcome, has_failed) = match ended {
        Some(Outcome::Acted { end: ActEnd::Done, .. } | Outcome::Done { .. }) => ("done", false),
        Some(Outcome::Acted { end: ActEnd::Needless, .. } | Outcome::NotNeeded { .. }) => ("needless", false),
        Some(Outcome::Acted { end: ActEnd::Failed, .. } | Outcome::Failed { .. }) => ("failed", true),
        None => ("later", false),
    };
    Said { attributes, has_failed: false }.outcome(outcome, has_failed)
}
