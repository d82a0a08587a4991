//! Canaries on their schedule: put where events come in, one for all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use watchfire_core::canary::Canary;

use super::spool::Lane;
use super::{Intake, NotTaken};
use crate::clock::Clock;
use crate::store::Store;

/// Who sends them.
pub struct Canaries {
    every: Duration,
    intake: Intake,
    store: Store,
    clock: Clock,
    /// The last whose turn was looked at, in seconds since 1970.
    last: AtomicI64,
}

impl Canaries {
    /// One in each such time.
    pub fn new(every: Duration, intake: Intake, store: Store, clock: Clock) -> Self {
        Self { every, intake, store, clock, last: AtomicI64::new(i64::MIN) }
    }

    /// Sends the canary whose time has come, unless it was sent; whether it has. It takes the way of a P0, so that a backlog
    /// does not look like silence.
    ///
    /// # Errors
    /// Where the store or the queue does not answer: that canary is not sent by this worker.
    pub async fn send_if_due(&self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let every = SignedDuration::try_from(self.every).unwrap_or(SignedDuration::MAX);
        let canary = Canary::due(now, every);
        if self.last.swap(canary.at.as_second(), Ordering::SeqCst) == canary.at.as_second() {
            return Ok(false);
        }
        // Each has a claim of its own: who has died holds none that is still to come.
        let claim = format!("canary/{}", canary.at.as_second());
        let is_ours = self.store.claim(&claim, now, self.every).await;
        if !is_ours.context("the store failed")? {
            return Ok(false);
        }
        match self.intake.take(Arc::from([(Lane::Express, canary.event())])).await {
            Ok(()) => Ok(true),
            Err(NotTaken::Closed) => bail!("there is no queue"),
            Err(NotTaken::Store(error)) => bail!("the embedded queue failed: {error}"),
            Err(NotTaken::Unsent(unsent)) => {
                bail!("{}", unsent.first().map_or("it is on no queue", |unsent| &unsent.reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::source::spool::Spool;

    #[tokio::test]
    async fn one_is_sent_in_each_time_and_by_the_way_of_a_p0() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        let spool = Spool::new(&store).unwrap();
        let clock = Clock::at("2026-11-29T05:03:00Z".parse().unwrap());
        let every = Duration::from_secs(300);
        let canaries = Canaries::new(every, Intake::Spool(spool.clone()), store, clock.clone());
        let mut sent = Vec::new();
        for _ in 0..5 {
            sent.push(canaries.send_if_due().await.unwrap());
            clock.advance(SignedDuration::from_mins(2));
        }
        assert_eq!(sent, [true, true, false, false, true]);
        let texts: Vec<_> =
            spool.receive(Lane::Express, 9).await.unwrap().into_iter().map(|sent| sent.body).collect();
        let at = ["05:00:00", "05:05:00", "05:10:00"]
            .map(|at| Canary { at: format!("2026-11-29T{at}Z").parse().unwrap() }.event());
        assert_eq!(texts, at);
    }
}
