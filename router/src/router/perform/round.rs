//! One round of performing: what came of each effect.

use std::collections::BTreeMap;
use std::time::Duration;

use watchfire_core::decision::{Decision, Effect};
use watchfire_core::event::OWN_SOURCE;
use watchfire_core::ids::EffectId;
use watchfire_core::journal::Outcome;
use watchfire_core::verdict::Verdict;

use crate::failure::Failure;

/// What came of one effect in this round.
pub(super) enum Attempt {
    Settled(Outcome),
    /// Whoever should have heard of it has not.
    Pending(Failure),
    /// Somebody else has heard of it; its own channel is offered it again after that time.
    Owed(Duration),
}

/// What has come of a decision's effects so far.
pub(super) struct Round {
    settled: BTreeMap<EffectId, Outcome>,
    /// Not written down yet.
    pub(super) fresh: Vec<(EffectId, Outcome)>,
    /// What people wait for.
    pub(super) waiting: Vec<Failure>,
    /// When the first of those pages that the fallback took is offered to its own channel again.
    pub(super) owed: Option<Duration>,
}

impl Round {
    pub(super) fn after(settled: BTreeMap<EffectId, Outcome>) -> Self {
        Self { settled, fresh: Vec::new(), waiting: Vec::new(), owed: None }
    }

    pub(super) fn outcome(&self, effect: &EffectId) -> Option<&Outcome> {
        self.settled.get(effect)
    }

    pub(super) fn is_told(&self) -> bool {
        self.settled.values().any(|outcome| matches!(outcome, Outcome::Done { .. }))
    }

    /// Why a page reached nobody and never will; none while anything is pending, or for our own warnings.
    pub(super) fn told_nobody(&self, decision: &Decision) -> Option<String> {
        // Anyone can write our name as a source.
        let is_own = decision.source == OWN_SOURCE && !decision.event.is_delivered();
        if is_own || decision.verdict != Verdict::Page || !self.waiting.is_empty() || self.is_told() {
            return None;
        }
        let reasons = self.settled.iter().filter_map(|(effect, outcome)| match outcome {
            Outcome::Failed { at: _, reason } => Some(format!("{effect}: {reason}")),
            Outcome::Done { .. } | Outcome::NotNeeded { .. } | Outcome::Acted { .. } => None,
        });
        Some(reasons.collect::<Vec<_>>().join("; "))
    }

    pub(super) fn add(&mut self, effect: &Effect, result: Attempt) {
        match result {
            Attempt::Settled(outcome) => {
                self.settled.insert(effect.id.clone(), outcome.clone());
                self.fresh.push((effect.id.clone(), outcome));
            }
            Attempt::Pending(failure) => self.waiting.push(failure),
            Attempt::Owed(wait) => self.owed = Some(self.owed.map_or(wait, |other| other.min(wait))),
        }
    }
}

pub(super) fn retry_after(failure: &Failure) -> Option<Duration> {
    match failure {
        Failure::Transient { retry_after, .. } => *retry_after,
        Failure::Permanent { .. } => None,
    }
}
