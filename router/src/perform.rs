//! Performing a decision: the primary channels side by side, then whoever stands in for one that failed, and at
//! last what is written down elsewhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use watchfire_core::decision::{Decision, Effect, Role, Verdict, When};
use watchfire_core::event::OWN_SOURCE;
use watchfire_core::ids::{ChannelName, EffectId, EventId};
use watchfire_core::journal::{Entry, Outcome};

use crate::acting::Acting;
use crate::actions::{Done, Failure};
use crate::router::{Nack, Router};
use crate::telemetry;

/// At least this long is given to any attempt, however late it is.
const ONE_ATTEMPT: Duration = Duration::from_secs(10);
/// A page that is not urgent holds its task no longer than this; then its message waits on the queue.
const ROUTINE: Duration = Duration::from_secs(12);
/// What could not be written down elsewhere is tried again that much later, as long as it is news.
const NOTE_AGAIN: SignedDuration = SignedDuration::from_mins(1);
const NOTE_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What came of one effect in this round.
enum Attempt {
    Settled(Outcome),
    Pending(Failure),
}

/// Whether the effect's condition holds.
enum Condition {
    Holds,
    NotNeeded,
    Wait,
}

impl Router {
    /// Performs what is pending in an entry, and records what became of it: people are told beside what is
    /// done to the cluster, and neither waits for the other.
    ///
    /// # Errors
    /// [`Nack`] when something is still pending that is not merely waiting for its time.
    pub(crate) async fn perform(&self, entry: &Entry) -> Result<(), Nack> {
        if entry.pending_ids().next().is_none() {
            return Ok(());
        }
        // By way of a box: what acts is large, and most entries have none.
        let (told, acted) = tokio::join!(self.tell(entry), Box::pin(self.act(entry)));
        let Acting { pending, later } = acted?;
        let noted = self.note(entry).await?;
        let later = later.into_iter().chain(noted).min();
        self.close_round(&entry.decision, told?, Acting { pending, later }).await
    }

    /// Writes down elsewhere what people were told, and says when to try again. It comes after the pages, which
    /// never wait for it; where it fails no message stays on its queue for it: a tick comes back to it.
    async fn note(&self, entry: &Entry) -> Result<Option<Timestamp>, Nack> {
        let mut round = Round { settled: BTreeMap::new(), fresh: Vec::new(), waiting: Vec::new() };
        let notes = entry.pending().filter(|effect| !self.tells(effect));
        let results = futures_util::future::join_all(notes.map(|effect| async move {
            // At once: a single attempt.
            (effect, self.perform_primary(&entry.decision, effect, Instant::now()).await)
        }));
        let is_old = self.clock.now().duration_since(entry.decision.at) >= NOTE_WITHIN;
        for (effect, result) in results.await {
            let result = match result {
                Attempt::Pending(failure) if is_old => {
                    let reason = format!("given up after {} h: {failure}", NOTE_WITHIN.as_hours());
                    Attempt::Settled(Outcome::Failed { at: self.clock.now(), reason })
                }
                Attempt::Settled(outcome) => Attempt::Settled(outcome),
                Attempt::Pending(failure) => Attempt::Pending(failure),
            };
            round.add(effect, result);
        }
        self.record(&entry.decision, &mut round).await?;
        let wait = round.waiting.iter().filter_map(retry_after).max();
        let wait = wait.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or_default();
        Ok((!round.waiting.is_empty()).then(|| self.now() + NOTE_AGAIN.max(wait)))
    }

    /// Whether anyone hears of it. What has no channel any more was for somebody.
    fn tells(&self, effect: &Effect) -> bool {
        self.channels.get(&effect.channel).is_none_or(|channel| channel.role() == Role::Notify)
    }

    /// Tells people; the answer is what keeps it from being done.
    async fn tell(&self, entry: &Entry) -> Result<Vec<Failure>, Nack> {
        let mut settled = entry.outcomes.clone();
        // That something was written down is no sign that anyone was told.
        for note in entry.decision.effects.iter().filter(|effect| !self.tells(effect)) {
            settled.remove(&note.id);
        }
        let mut round = Round { settled, fresh: Vec::new(), waiting: Vec::new() };
        let standby = |effect: &&Effect| matches!(effect.when, When::Unless { .. });
        let primary = entry.pending().filter(|effect| !standby(effect) && self.tells(effect));
        let give_up_at = self.give_up_at(&entry.decision);
        let results = futures_util::future::join_all(primary.map(|effect| async move {
            (effect, self.perform_primary(&entry.decision, effect, give_up_at).await)
        }));
        for (effect, result) in results.await {
            round.add(effect, result);
        }
        if entry.pending().filter(standby).any(|effect| round.is_called_on(effect)) {
            // What is done already is not to be done again if this is cut short.
            self.record(&entry.decision, &mut round).await?;
        }
        if entry.pending().filter(standby).any(|effect| round.awaits_primary_of(effect)) {
            // The primary channel gave up early: what is left of its time passes before anyone stands in.
            tokio::time::sleep_until(give_up_at).await;
        }
        for effect in entry.pending().filter(standby) {
            let result = self.perform_standby(&entry.decision, effect, &round).await;
            round.add(effect, result);
        }
        if let Some(reason) = round.told_nobody(&entry.decision) {
            // First, so that a crash in between repeats the warning rather than loses it.
            self.warn_of_refusal(&entry.decision, &reason).await?;
        }
        self.record(&entry.decision, &mut round).await?;
        Ok(round.waiting)
    }

    /// Performs the pages of a decision that could not be recorded, and says whether any channel took one;
    /// if none did, its message brings it back.
    pub(crate) async fn perform_unrecorded(&self, decision: &Decision) -> bool {
        let mut round = Round { settled: BTreeMap::new(), fresh: Vec::new(), waiting: Vec::new() };
        for effect in decision.effects.iter().filter(|effect| self.tells(effect)) {
            let result = match effect.when {
                When::Now | When::IfDone(_) => {
                    self.perform_primary(decision, effect, self.give_up_at(decision)).await
                }
                When::Unless { .. } => self.perform_standby(decision, effect, &round).await,
            };
            round.add(effect, result);
        }
        round.is_told()
    }

    async fn perform_primary(&self, decision: &Decision, effect: &Effect, give_up_at: Instant) -> Attempt {
        match self.condition(&effect.when).await {
            Condition::Holds => self.attempt(decision, effect, give_up_at).await,
            Condition::NotNeeded => Attempt::Settled(Outcome::NotNeeded { at: self.clock.now() }),
            Condition::Wait => Attempt::Pending(Failure::Transient {
                reason: "the page it resolves is still pending".to_owned(),
                retry_after: None,
            }),
        }
    }

    /// Called when the primary effect has settled or its time is over.
    async fn perform_standby(&self, decision: &Decision, effect: &Effect, round: &Round) -> Attempt {
        if !round.is_called_on(effect) {
            return Attempt::Settled(Outcome::NotNeeded { at: self.clock.now() });
        }
        telemetry::fell_back(decision, effect);
        self.metrics.fell_back(&effect.channel);
        self.attempt(decision, effect, Instant::now() + ONE_ATTEMPT).await
    }

    async fn attempt(&self, decision: &Decision, effect: &Effect, give_up_at: Instant) -> Attempt {
        let Some(channel) = self.channels.get(&effect.channel) else {
            // Whoever took it out of the configuration can put it back while the message waits.
            let reason = format!("there is no channel `{}` in the configuration any more", effect.channel);
            return Attempt::Pending(Failure::Transient { reason, retry_after: None });
        };
        let result = channel.perform(effect, give_up_at).await;
        let at = self.clock.now();
        self.metrics.performed(effect, &result);
        if result.is_ok() && self.tells(effect) {
            self.metrics.told(decision, at);
        }
        self.failing.learn(&effect.channel, &result, at);
        match result {
            Ok(Done { receipt }) => Attempt::Settled(Outcome::Done { at, receipt }),
            Err(Failure::Permanent { reason }) => {
                telemetry::refused(decision, effect, &reason);
                Attempt::Settled(Outcome::Failed { at, reason })
            }
            Err(failure @ Failure::Transient { .. }) => Attempt::Pending(failure),
        }
    }

    /// An urgent page is tried until its fallback's time has come, any other for one short round. A channel
    /// that has been failing for that long already gets one attempt: the next of a storm need not wait.
    fn give_up_at(&self, decision: &Decision) -> Instant {
        if !decision.priority.is_urgent() {
            return Instant::now() + ROUTINE;
        }
        let now = self.clock.now();
        let whole = SignedDuration::from_secs(self.policy.fallback_after_seconds.into());
        let primary = decision.effects.first().map(|effect| &effect.channel);
        let is_down = primary.is_some_and(|channel| self.failing.since(channel, now) >= whole);
        // A decision from a time that is still to come was made now.
        let passed = now.duration_since(decision.at).max(SignedDuration::ZERO);
        let left = Duration::try_from(whole - passed).unwrap_or_default();
        Instant::now() + if is_down || passed >= whole { ONE_ATTEMPT } else { left }
    }

    async fn condition(&self, when: &When) -> Condition {
        let When::IfDone(pages) = when else { return Condition::Holds };
        let mut is_done = false;
        for (event, effect) in pages {
            match self.outcome(event, effect).await {
                Page::Done => is_done = true,
                Page::NotDone => {}
                // Sent before a page that is still on its way, it would leave that page's alert open.
                Page::Pending => return Condition::Wait,
            }
        }
        if is_done { Condition::Holds } else { Condition::NotNeeded }
    }

    async fn outcome(&self, event: &EventId, effect: &EffectId) -> Page {
        match self.store.find(event).await {
            // Pruned: to resolve once too often does no harm.
            Ok(None) => Page::Done,
            Ok(Some(entry)) => match entry.outcomes.get(effect) {
                Some(Outcome::Done { .. }) => Page::Done,
                Some(Outcome::Failed { .. } | Outcome::NotNeeded { .. } | Outcome::Acted { .. }) => {
                    Page::NotDone
                }
                None => Page::Pending,
            },
            Err(_) => Page::Pending,
        }
    }

    /// Writes down what has come of effects since the last time.
    async fn record(&self, decision: &Decision, round: &mut Round) -> Result<(), Nack> {
        if round.fresh.is_empty() {
            return Ok(());
        }
        let fresh = std::mem::take(&mut round.fresh);
        self.store.settle(&decision.event, &fresh).await.map_err(|error| Nack {
            reason: format!("the outcome could not be recorded: {error}"),
            retry_after: None,
        })
    }

    async fn close_round(
        &self,
        decision: &Decision,
        mut waiting: Vec<Failure>,
        acting: Acting,
    ) -> Result<(), Nack> {
        let Acting { pending, later } = acting;
        waiting.extend(pending);
        if waiting.is_empty() {
            if let Some(later) = later {
                // The store owns it from here on: a tick finds it when its time has come.
                self.store.postpone(&decision.event, later).await.map_err(|error| Nack {
                    reason: format!("what is to be done later could not be postponed: {error}"),
                    retry_after: None,
                })?;
            }
            return Ok(());
        }
        let retry_after = waiting.iter().filter_map(retry_after).max();
        let reasons: Vec<String> = waiting.iter().map(Failure::to_string).collect();
        // Best effort: an entry that is not postponed is only taken up sooner.
        let _ = self.store.postpone(&decision.event, self.left_to_the_queue(retry_after)).await;
        Err(Nack { reason: format!("pending: {}", reasons.join("; ")), retry_after })
    }
}

/// What became of a page that is to be resolved.
enum Page {
    Done,
    NotDone,
    Pending,
}

/// One round of performing.
struct Round {
    settled: BTreeMap<EffectId, Outcome>,
    fresh: Vec<(EffectId, Outcome)>,
    waiting: Vec<Failure>,
}

impl Round {
    /// Whether a fallback is to stand in: its primary effect is not done, and was not found needless.
    fn is_called_on(&self, standby: &Effect) -> bool {
        match self.primary_of(standby) {
            Some(Outcome::Done { .. } | Outcome::NotNeeded { .. }) => false,
            Some(Outcome::Failed { .. } | Outcome::Acted { .. }) | None => true,
        }
    }

    fn is_told(&self) -> bool {
        self.settled.values().any(|outcome| matches!(outcome, Outcome::Done { .. }))
    }

    /// Why a page reached nobody and never will; none while anything is pending, or for our own warnings.
    fn told_nobody(&self, decision: &Decision) -> Option<String> {
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

    fn awaits_primary_of(&self, standby: &Effect) -> bool {
        self.primary_of(standby).is_none()
    }

    fn primary_of(&self, standby: &Effect) -> Option<&Outcome> {
        match &standby.when {
            When::Unless { effect: primary, within_seconds: _ } => self.settled.get(primary),
            When::Now | When::IfDone(_) => None,
        }
    }

    fn add(&mut self, effect: &Effect, result: Attempt) {
        match result {
            Attempt::Settled(outcome) => {
                self.settled.insert(effect.id.clone(), outcome.clone());
                self.fresh.push((effect.id.clone(), outcome));
            }
            Attempt::Pending(failure) => self.waiting.push(failure),
        }
    }
}

fn retry_after(failure: &Failure) -> Option<Duration> {
    match failure {
        Failure::Transient { retry_after, .. } => *retry_after,
        Failure::Permanent { .. } => None,
    }
}

/// Since when channels have been failing without a success in between.
#[derive(Default)]
pub(crate) struct Failing(Mutex<BTreeMap<ChannelName, Timestamp>>);

impl Failing {
    fn learn(&self, channel: &ChannelName, result: &Result<Done, Failure>, at: Timestamp) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            // A refusal is an answer: the channel is there.
            Ok(_) | Err(Failure::Permanent { .. }) => {
                failing.remove(channel);
            }
            Err(Failure::Transient { .. }) => {
                failing.entry(channel.clone()).or_insert(at);
            }
        }
    }

    /// For how long; zero for a channel that is not.
    fn since(&self, channel: &ChannelName, now: Timestamp) -> SignedDuration {
        let failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.get(channel).map_or(SignedDuration::ZERO, |since| now.duration_since(*since))
    }
}
