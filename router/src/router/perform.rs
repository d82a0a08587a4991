//! Performing a decision: people are told, beside it the cluster is acted on, and at last it is written down elsewhere.

mod said;
mod telling;

use std::future::Future;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use watchfire_core::decision::Decision;
use watchfire_core::journal::{Entry, Outcome};

use super::round::{Attempt, Round, retry_after};
use crate::failure::{Failure, Nack};
use crate::router::Router;

/// What could not be written down elsewhere is tried again that much later, as long as it is news.
const NOTE_AGAIN: Duration = Duration::from_secs(60);
const NOTE_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// An urgent page that nobody has taken is taken up again so soon, whether or not its message is back.
const URGENT_AGAIN: Duration = Duration::from_secs(5);

impl Router {
    /// Performs what is pending in an entry, and records what became of it: people are told beside what is
    /// done to the cluster, and neither waits for the other. Only so many act at a time.
    ///
    /// # Errors
    /// [`Nack`] when something is still pending that is not merely waiting for its time.
    pub(crate) async fn perform(&self, entry: &Entry) -> Result<(), Nack> {
        // By way of a box: what acts is large, and most entries have none.
        let acting = Box::pin(async {
            let _turn = match entry.pending_acts().next() {
                Some(_) => Some(self.acting.acquire().await.expect("never closed")),
                None => None,
            };
            self.act(entry).await
        });
        self.perform_beside(entry, acting).await
    }

    /// The same for what an act brings about: it has its turn already.
    pub(crate) async fn perform_within(&self, entry: &Entry) -> Result<(), Nack> {
        self.perform_beside(entry, Box::pin(self.act(entry))).await
    }

    async fn perform_beside(
        &self,
        entry: &Entry,
        acting: impl Future<Output = Result<Round, Nack>>,
    ) -> Result<(), Nack> {
        if entry.pending_ids().next().is_none() {
            return Ok(());
        }
        let held = self.hold(&entry.decision.event).await.map_err(|error| Nack {
            reason: format!("it is not known whether another worker has it: {error}"),
            retry_after: None,
        })?;
        let Some(_held) = held else {
            let reason = format!("event {} is in another worker's hands", entry.decision.event);
            return Err(Nack { reason, retry_after: Some(Duration::from_secs(5)) });
        };
        let (told, acted) = tokio::join!(self.tell(entry), acting);
        let acted = acted?;
        let noted = self.note(entry).await?;
        self.close_round(&entry.decision, told?, acted, noted).await
    }

    /// Writes down elsewhere what people were told, and says when to try again. It comes after the pages, which
    /// never wait for it; where it fails no message stays on its queue for it: a tick comes back to it.
    async fn note(&self, entry: &Entry) -> Result<Option<Timestamp>, Nack> {
        let mut round = Round::after(Default::default());
        let notes = entry.pending().filter(|effect| !self.tells(effect));
        let results = futures_util::future::join_all(
            notes.map(|effect| async move { (effect, self.try_note(&entry.decision, effect).await) }),
        );
        let is_old = self.clock.now().duration_since(entry.decision.at) >= NOTE_WITHIN;
        for (effect, result) in results.await {
            let result = match result {
                Attempt::Pending(failure) if is_old => {
                    let reason = format!("given up after {} h: {failure}", NOTE_WITHIN.as_hours());
                    Attempt::Ended(Outcome::Failed { at: self.clock.now(), reason })
                }
                other => other,
            };
            round.add(&effect.id, result);
        }
        self.record(&entry.decision, &mut round).await?;
        let wait = round.waiting.iter().filter_map(retry_after).max().unwrap_or_default();
        Ok((!round.waiting.is_empty()).then(|| self.after(NOTE_AGAIN.max(wait))))
    }

    /// Writes down what has come of effects since the last time.
    pub(super) async fn record(&self, decision: &Decision, round: &mut Round) -> Result<(), Nack> {
        if round.fresh.is_empty() {
            return Ok(());
        }
        let fresh = std::mem::take(&mut round.fresh);
        self.store.settle(&decision.event, &fresh).await.map_err(|error| Nack {
            reason: format!("the outcome could not be recorded: {error}"),
            retry_after: None,
        })?;
        self.has_changed();
        Ok(())
    }

    async fn close_round(
        &self,
        decision: &Decision,
        told: Round,
        acted: Round,
        noted: Option<Timestamp>,
    ) -> Result<(), Nack> {
        let later = [told.later, acted.later, noted].into_iter().flatten().min();
        let mut waiting = told.waiting;
        // Whichever channel is there first has an urgent page; everything else has time.
        let is_urgent = decision.priority.is_urgent() && !waiting.is_empty();
        let soonest = waiting.iter().filter_map(retry_after).min();
        waiting.extend(acted.waiting);
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
        let (retry_after, again_at) = if is_urgent {
            (soonest, self.after(soonest.unwrap_or_default().max(URGENT_AGAIN)))
        } else {
            let longest = waiting.iter().filter_map(retry_after).max();
            (longest, self.left_to_the_queue(longest))
        };
        let reasons: Vec<String> = waiting.iter().map(Failure::to_string).collect();
        // Best effort: an entry that is not postponed is only taken up sooner.
        let _ = self.store.postpone(&decision.event, again_at).await;
        Err(Nack { reason: format!("pending: {}", reasons.join("; ")), retry_after })
    }

    pub(super) fn after(&self, wait: Duration) -> Timestamp {
        self.now() + SignedDuration::try_from(wait).unwrap_or_default()
    }
}
