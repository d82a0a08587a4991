//! One round of performing: what came of each page and of each act.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use watchfire_core::decision::Decision;
use watchfire_core::event::OWN_SOURCE;
use watchfire_core::ids::EffectId;
use watchfire_core::journal::Outcome;
use watchfire_core::verdict::Verdict;

use crate::failure::Failure;

/// What came of one page or act in this round.
pub(super) enum Attempt {
    Ended(Outcome),
    /// It is not done, and somebody waits for it.
    Pending(Failure),
    /// Its time comes then: nobody waits for it.
    Later(Timestamp),
}

/// What has come of a decision's pages, or of its acts, so far.
#[derive(Debug, Default)]
pub(super) struct Round {
    settled: BTreeMap<EffectId, Outcome>,
    /// Not written down yet.
    pub(super) fresh: Vec<(EffectId, Outcome)>,
    /// What people wait for.
    pub(super) waiting: Vec<Failure>,
    /// When the time of the first of those comes that nobody waits for.
    pub(super) later: Option<Timestamp>,
}

impl Attempt {
    /// What came of it, where it is over.
    pub(super) fn ended(&self) -> Option<&Outcome> {
        match self {
            Attempt::Ended(outcome) => Some(outcome),
            Attempt::Pending(_) | Attempt::Later(_) => None,
        }
    }
}

impl Round {
    pub(super) fn after(settled: BTreeMap<EffectId, Outcome>) -> Self {
        Self { settled, ..Self::default() }
    }

    pub(super) fn outcome(&self, effect: &EffectId) -> Option<&Outcome> {
        self.settled.get(effect)
    }

    pub(super) fn has_done(&self, effect: &EffectId) -> bool {
        matches!(self.outcome(effect), Some(Outcome::Done { .. }))
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

    pub(super) fn settled(&self) -> &BTreeMap<EffectId, Outcome> {
        &self.settled
    }

    pub(super) fn add(&mut self, id: &EffectId, result: Attempt) {
        match result {
            Attempt::Ended(outcome) => {
                self.settled.insert(id.clone(), outcome.clone());
                self.fresh.push((id.clone(), outcome));
            }
            Attempt::Pending(failure) => self.waiting.push(failure),
            Attempt::Later(at) => self.later = self.later.into_iter().chain([at]).min(),
        }
    }
}

pub(super) fn retry_after(failure: &Failure) -> Option<Duration> {
    match failure {
        Failure::Transient { retry_after, .. } => *retry_after,
        Failure::Permanent { .. } => None,
    }
}
