//! What of a room this process may use: leased several attempts at a time, so that no page costs a write.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout};
use watchfire_core::ids::ChannelName;

use super::{Bound, PerMinute, routine};
use crate::clock::Clock;
use crate::store::{Ask, Leased, Room, Store, Urgency};
use crate::telemetry;

/// What is leased of a table is used within that time or not at all.
const KEPT: Duration = Duration::from_secs(3);
/// So much may the clocks of workers differ.
const APART: Duration = Duration::from_secs(2);
/// A page waits no longer for the store; then this worker goes by its own share,
const PATIENCE: Duration = Duration::from_secs(1);
/// and the store is asked again after this time.
const ALONE: Duration = Duration::from_secs(10);
/// The share of a worker that does not know what the others do: of the room, one part in so many.
const SHARE: u32 = 4;

/// Where room is leased, and the time by which that is done.
#[derive(Clone)]
pub(crate) struct Lessor {
    store: Store,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// How long what is leased is kept; none where this process is the only one.
    kept: Option<Duration>,
}

impl Lessor {
    /// Of a table by the clock, as all workers; of a file, which is one process's, by a time that nobody sets.
    pub(crate) fn new(store: &Store, clock: &Clock) -> Self {
        let (start, clock) = (Instant::now(), clock.clone());
        let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = match store.hold() {
            Some(_) => Arc::new(move || clock.now()),
            None => Arc::new(move || steady(start)),
        };
        Self { store: store.clone(), now, kept: store.hold().map(|_| KEPT) }
    }

    /// One of several workers, whose clock tells that time.
    #[cfg(test)]
    pub(super) fn of_many(store: &Store, now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self { store: store.clone(), now, kept: Some(KEPT) }
    }
}

fn steady(start: Instant) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::try_from(start.elapsed()).unwrap_or_default()
}

/// The attempts of one channel.
pub(super) struct Stock {
    name: ChannelName,
    bound: Bound,
    /// None until the channel is put in force: nobody else knows of it.
    lessor: OnceLock<Lessor>,
    start: Instant,
    /// The room where nobody is asked.
    own: Mutex<Room>,
    urgent: Mutex<Kept>,
    routine: Mutex<Kept>,
    /// Until when the store is not asked, since it did not answer.
    alone_until: Mutex<Option<Instant>>,
}

/// What was leased and is not used.
#[derive(Default)]
struct Kept {
    attempts: u32,
    /// By whichever clock it is over first: a process that was frozen sees it by one of them.
    until: Option<(Timestamp, Instant)>,
    /// So many were asked for.
    asked: u32,
}

impl Kept {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|(until, at)| now >= until || Instant::now() >= at)
    }

    fn take(&mut self, now: Timestamp) -> bool {
        if self.is_over(now) || self.attempts == 0 {
            return false;
        }
        self.attempts -= 1;
        true
    }

    /// A few, since each of many workers may have one page; twice as many as before where those were used up in their
    /// time; never more than are used in it.
    fn to_ask(&self, now: Timestamp, most: u32) -> u32 {
        let wanted = if self.is_over(now) { most / 2 } else { self.asked.saturating_mul(2) };
        wanted.clamp(1, most)
    }
}

impl Stock {
    pub(super) fn new(name: ChannelName, bound: Bound) -> Self {
        let (own, urgent, routine, alone_until, lessor) = Default::default();
        Self { name, bound, lessor, start: Instant::now(), own, urgent, routine, alone_until }
    }

    /// From now on the room is shared. A channel that shares it already stays as it is.
    pub(super) fn share(&self, lessor: Lessor) {
        let _ = self.lessor.set(lessor);
    }

    /// Takes one attempt, or says how long there will be none.
    pub(super) async fn take(&self, urgency: Urgency) -> Result<(), Duration> {
        let Some(lessor) = self.lessor.get() else { return self.take_own(urgency, self.bound.most) };
        let now = (lessor.now)();
        if self.kept(urgency).take(now) {
            return Ok(());
        }
        if self.alone_until().is_some_and(|until| Instant::now() < until) {
            return self.take_own(urgency, self.share_of_one());
        }
        match self.lease(lessor, urgency, now).await {
            Ok(Leased::Attempts(_)) => Ok(()),
            // What is routine and not used yet is urgent's, too.
            Ok(Leased::NoneBefore(_))
                if urgency == Urgency::Urgent && self.kept(Urgency::Routine).take(now) =>
            {
                Ok(())
            }
            Ok(Leased::NoneBefore(at)) => Err(Duration::try_from(at.duration_since(now)).unwrap_or_default()),
            Err(reason) => {
                self.goes_alone(&reason);
                self.take_own(urgency, self.share_of_one())
            }
        }
    }

    /// Leases attempts, one of them for who asks, the rest to be kept.
    async fn lease(&self, lessor: &Lessor, urgency: Urgency, now: Timestamp) -> Result<Leased, String> {
        let (most, begun) = (self.bound.most, Instant::now());
        let want = lessor.kept.map_or(1, |kept| self.kept(urgency).to_ask(now, used_in(kept, urgency, most)));
        let used_within = lessor.kept.map_or(Duration::ZERO, |kept| kept + APART);
        let ask = ask(urgency, most, want, used_within);
        let leased = match timeout(PATIENCE, lessor.store.lease(&self.bound.key, &ask, now)).await {
            Ok(leased) => leased.map_err(|error| error.to_string())?,
            Err(_) => return Err(format!("it does not answer within {} s", PATIENCE.as_secs())),
        };
        self.goes_with_others();
        if let (Leased::Attempts(attempts), Some(kept)) = (leased, lessor.kept) {
            let until = now + SignedDuration::try_from(kept).unwrap_or_default();
            let attempts = attempts.saturating_sub(1);
            *self.kept(urgency) = Kept { attempts, until: Some((until, begun + kept)), asked: want };
        }
        Ok(leased)
    }

    fn take_own(&self, urgency: Urgency, PerMinute(most): PerMinute) -> Result<(), Duration> {
        let now = steady(self.start);
        let ask = ask(urgency, PerMinute(most), 1, Duration::ZERO);
        match self.own.lock().unwrap_or_else(PoisonError::into_inner).lease(&ask, now) {
            Leased::Attempts(_) => Ok(()),
            Leased::NoneBefore(at) => Err(Duration::try_from(at.duration_since(now)).unwrap_or_default()),
        }
    }

    fn share_of_one(&self) -> PerMinute {
        PerMinute((self.bound.most.0 / SHARE).max(PerMinute::LEAST))
    }

    fn goes_alone(&self, reason: &str) {
        let before = self.alone_until().replace(Instant::now() + ALONE);
        if before.is_none() {
            telemetry::paced_alone(&self.name, reason);
        }
    }

    fn goes_with_others(&self) {
        if self.alone_until().take().is_some() {
            telemetry::paced_with_others(&self.name);
        }
    }

    fn kept(&self, urgency: Urgency) -> MutexGuard<'_, Kept> {
        let kept = match urgency {
            Urgency::Urgent => &self.urgent,
            Urgency::Routine => &self.routine,
        };
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.alone_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(urgency: Urgency, per_minute: PerMinute, want: u32, used_within: Duration) -> Ask {
    Ask { most: per_minute.0, most_routine: routine(per_minute), urgency, want, used_within }
}

/// So many are used in that time where all of the room is used, evenly.
fn used_in(kept: Duration, urgency: Urgency, per_minute: PerMinute) -> u32 {
    let of_a_minute = match urgency {
        Urgency::Urgent => per_minute.0,
        Urgency::Routine => routine(per_minute),
    };
    let used = u64::from(of_a_minute) * kept.as_secs() / 60;
    u32::try_from(used).unwrap_or(u32::MAX).max(1)
}

impl fmt::Debug for Stock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Stock")
            .field("name", &self.name)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
