//! Performing a decision's acts: evidence first, then whatever waits for it; each is reported, then recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;
use watchfire_core::act::{Act, ActWhen, ActionKind};
use watchfire_core::action::{ActionName, Role};
use watchfire_core::follow_up;
use watchfire_core::ids::EffectId;
use watchfire_core::journal::{ActEnd, Entry, Outcome};
use watchfire_core::state::{Key, State};

use super::round::Attempt;
use super::round::Round;
use crate::failure::{Failure, Nack};
use crate::responder::Responder;
use crate::router::Router;
use crate::telemetry::{self, Step, of_act};

/// An act holds its task no longer than this; then its message brings it back.
const ROUND: Duration = Duration::from_secs(90);
/// How soon an act is tried again that waits for another one, or for the world.
const AGAIN: Duration = Duration::from_secs(5);

/// Between two questions whether mitigation is switched off.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(500);

impl Router {
    /// Performs the acts that are pending: evidence, then the rest, those that contain one after the other.
    ///
    /// # Errors
    /// [`Nack`] when what became of one could not be recorded.
    pub(super) async fn act(&self, entry: &Entry) -> Result<Round, Nack> {
        let mut round = Round::after(entry.outcomes.clone());
        if entry.pending_acts().next().is_none() {
            return Ok(round);
        }
        let is_evidence = |act: &&Act| act.action == ActionKind::Rule(ActionName::Evidence);
        for act in entry.pending_acts().filter(is_evidence) {
            self.one(entry, act, &mut round).await?;
        }
        // A scan takes minutes, and holds up nothing.
        let beside = |act: &&Act| act.role == Role::Capture || act.action == ActionKind::Complete;
        let others = entry.pending_acts().filter(|act| !is_evidence(act));
        let (beside, in_turn): (Vec<_>, Vec<_>) = others.partition(beside);
        let mut apart = Round::after(round.settled().clone());
        let (first, second) =
            tokio::join!(self.each(entry, beside, &mut apart), self.each(entry, in_turn, &mut round));
        first.and(second)?;
        round.waiting.extend(apart.waiting);
        Ok(round)
    }

    async fn each(&self, entry: &Entry, acts: Vec<&Act>, round: &mut Round) -> Result<(), Nack> {
        for act in acts {
            self.one(entry, act, round).await?;
        }
        Ok(())
    }

    async fn one(&self, entry: &Entry, act: &Act, round: &mut Round) -> Result<(), Nack> {
        let attempt = Box::pin(self.attempt_act(entry, act, round.settled()));
        let attempt = self.traces.step(Step::Act, attempt, |attempt| of_act(act, attempt.ended())).await;
        match &attempt {
            Attempt::Later(_) => {}
            Attempt::Pending(failure) => telemetry::act_pending(entry, act, failure),
            Attempt::Ended(outcome) => {
                telemetry::acted(entry, act, outcome);
                self.metrics.acted(act, outcome, entry.decision.at, self.clock.now());
                // First, so that a crash in between repeats the report, which is decided once, rather than
                // loses it.
                self.report(entry, act, outcome, round.settled()).await?;
            }
        }
        round.add(&act.id, attempt);
        self.record(&entry.decision, round).await
    }

    async fn attempt_act(&self, entry: &Entry, act: &Act, settled: &BTreeMap<EffectId, Outcome>) -> Attempt {
        let now = self.clock.now();
        let ended = |end, said: &str| {
            Attempt::Ended(Outcome::Acted { at: now, end, said: said.to_owned(), steps: Vec::new() })
        };
        match &act.when {
            ActWhen::Now => {}
            ActWhen::NotBefore(at) if now < *at => return Attempt::Later(*at),
            ActWhen::NotBefore(_) => {}
            ActWhen::IfFailed(other) => match settled.get(other).map(has_failed) {
                Some(true) => {}
                Some(false) => return ended(ActEnd::Needless, ""),
                None => return Attempt::Pending(again(format!("waits for {other}"))),
            },
        }
        let may = match self.may_restart(entry, act, settled).await {
            Ok(()) => self.may_go_on(entry, act, settled).await,
            Err(attempt) => Err(attempt),
        };
        let attempt = match may {
            Ok(()) => self.respond_to(entry, act).await,
            Err(attempt) => attempt,
        };
        match attempt {
            // What cannot be done for so long is a human's matter.
            Attempt::Pending(failure) if now >= act.give_up_at => {
                ended(ActEnd::Failed, &format!("given up: {failure}"))
            }
            attempt => attempt,
        }
    }

    async fn respond_to(&self, entry: &Entry, act: &Act) -> Attempt {
        if act.action == ActionKind::Complete {
            return match Box::pin(self.complete(entry)).await {
                Ok(outcome) => Attempt::Ended(outcome),
                Err(failure) => Attempt::Pending(failure),
            };
        }
        let Some(responder) = &self.responder else {
            return Attempt::Pending(again("no cluster is configured any more".to_owned()));
        };
        let until = Instant::now() + ROUND;
        let result = responder.perform(act, entry, self.clock.now(), until).boxed().await;
        match result {
            Ok(outcome) => Attempt::Ended(outcome),
            Err(failure) => Attempt::Pending(failure),
        }
    }

    /// Before anything is contained: its evidence is stored, and nobody has switched mitigation off. What
    /// cannot be found out counts as no.
    async fn may_go_on(
        &self,
        entry: &Entry,
        act: &Act,
        settled: &BTreeMap<EffectId, Outcome>,
    ) -> Result<(), Attempt> {
        if act.role != Role::Contain || act.action == ActionKind::Release {
            return Ok(());
        }
        let now = self.clock.now();
        let failed = |said: String| {
            Err(Attempt::Ended(Outcome::Acted { at: now, end: ActEnd::Failed, said, steps: Vec::new() }))
        };
        let evidence =
            entry.decision.acts.iter().find(|act| act.action == ActionKind::Rule(ActionName::Evidence));
        match evidence.map(|evidence| settled.get(&evidence.id)) {
            None => return failed("its evidence was never asked for".to_owned()),
            Some(None) => return Err(Attempt::Pending(again("its evidence is not stored yet".to_owned()))),
            Some(Some(outcome)) if has_failed(outcome) => {
                return failed("its evidence could not be stored".to_owned());
            }
            Some(Some(_)) => {}
        }
        match self.surely_switched_off().await {
            Ok(None) => Ok(()),
            Ok(Some(why)) => failed(format!("mitigation was switched off: {why}")),
            Err(reason) => failed(format!("whether mitigation is switched off cannot be said: {reason}")),
        }
    }

    /// The same, asked thrice: a guard that cannot be evaluated says no, but not for the sake of one lost call.
    async fn surely_switched_off(&self) -> Result<Option<String>, String> {
        let mut last = self.switched_off().await;
        for _ in 0..2 {
            if last.is_ok() {
                break;
            }
            tokio::time::sleep(BETWEEN_QUESTIONS).await;
            last = self.switched_off().await;
        }
        last
    }

    /// Who switched mitigation off, and why: in the store, or in the cluster.
    async fn switched_off(&self) -> Result<Option<String>, String> {
        let mut state = State::default();
        self.store.load(&[Key::Switch], &mut state).await.map_err(|error| error.to_string())?;
        let switch = state.switch().ok_or("the record is of another kind")?;
        if let Some(off) = switch.off {
            return Ok(Some(format!("by {}: {}", off.by, off.reason)));
        }
        match &self.responder {
            Some(responder) => responder.switched_off().await,
            None => Ok(None),
        }
    }

    /// The report of an act that has ended, decided once and said; what of it is pending, a tick takes up.
    async fn report(
        &self,
        entry: &Entry,
        act: &Act,
        outcome: &Outcome,
        settled: &BTreeMap<EffectId, Outcome>,
    ) -> Result<(), Nack> {
        let entry = &Entry { outcomes: settled.clone(), ..entry.clone() };
        let id = follow_up::report_id(entry, act);
        let raw = serde_json::json!({"act": act, "outcome": outcome}).to_string();
        let set = self.in_force();
        let decide =
            |state: &State| follow_up::report(entry, act, outcome, &set.policy, state, self.clock.now());
        let Some(_claim) = self.at_work.claim(&id) else { return Ok(()) };
        let report = self.commit_own(&act.incident, &raw, decide).await?;
        // By way of a box, because performing a report may report in its turn.
        let _ = Box::pin(self.perform_within(&report)).await;
        Ok(())
    }
}

pub(super) fn again(reason: String) -> Failure {
    Failure::Transient { reason, retry_after: Some(AGAIN) }
}

fn has_failed(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Acted { end: ActEnd::Failed, .. } | Outcome::Failed { .. } => true,
        Outcome::Acted { end: ActEnd::Done | ActEnd::Needless, .. }
        | Outcome::Done { .. }
        | Outcome::NotNeeded { .. } => false,
    }
}

/// For the Router: what it takes to act at all.
pub(crate) type Hands = Option<std::sync::Arc<Responder>>;
