//! How fast a channel may be used: two lanes, so that an urgent page never waits behind routine ones.
//!
//! A lane's limiter (governor) is the shape: a burst, then one after the other, so that a storm does not use up a minute's
//! room in its first second. The room itself is shared by all workers and Lambdas that use the same key, see `stock.rs`.

mod stock;

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::turns::{Rank, Turns};
use crate::failure::Failure;
use crate::store::Urgency;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use serde::Deserialize;
pub(crate) use stock::Lessor;
use stock::Stock;
use tokio::time::{Instant, sleep, timeout_at};
use watchfire_core::hash::keyed;
use watchfire_core::ids::ChannelName;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

/// How long a routine page waits in place; the queue is the better place for a longer wait.
const ROUTINE_PATIENCE: Duration = Duration::from_secs(2);

/// Clocks of workers differ by less than a page notices.
const LEAST_WAIT: Duration = Duration::from_millis(1);

/// The latest time that a page without room is told to come back.
const LATEST_RETURN: Duration = Duration::from_secs(3600);

/// Most attempts in any 60 s; at least 4, two in each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct PerMinute(u32);

value_schema!(PerMinute, {"type": "integer", "minimum": 4, "maximum": 4_294_967_295_u32});

impl PerMinute {
    const LEAST: u32 = 4;

    /// For defaults.
    pub(super) const fn new(count: u32) -> Self {
        assert!(count >= Self::LEAST, "each lane needs two");
        Self(count)
    }
}

impl TryFrom<u32> for PerMinute {
    type Error = Mistake;

    fn try_from(count: u32) -> Result<Self, Mistake> {
        match count < Self::LEAST {
            true => Err(expected("at least 4 a minute").found(count.to_string())),
            false => Ok(Self(count)),
        }
    }
}

/// What the other side of a channel bears, and whose that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    most: PerMinute,
    /// No two attempts are nearer together.
    apart: Option<Duration>,
    /// What bears it, such as a routing key, as nobody can read it.
    key: String,
}

impl Bound {
    /// So many attempts a minute on what these name; they may be secret.
    pub(super) fn of(most: PerMinute, names: &[&str]) -> Self {
        Self { most, apart: None, key: keyed("pace", names) }
    }

    /// The same, with so much time between any two.
    pub(super) fn apart(self, apart: Duration) -> Self {
        Self { apart: Some(apart), ..self }
    }
}

/// The part of a room that is for routine pages.
fn routine(PerMinute(most): PerMinute) -> u32 {
    (most / 4).max(2)
}

/// A channel's room: one quarter for routine pages (P2, P3), three for urgent ones (P0, P1), and what
/// routine ones leave.
#[derive(Debug)]
pub(super) struct Pace {
    urgent: Lane,
    routine: Lane,
    stock: Stock,
    gap: Option<Lane>,
}

impl Pace {
    pub(super) fn new(name: ChannelName, bound: Bound) -> Self {
        let routine = routine(bound.most);
        let (urgent, routine) = (Lane::new(bound.most.0 - routine), Lane::new(routine));
        let gap = bound.apart.map(Lane::apart);
        Self { urgent, routine, stock: Stock::new(name, bound), gap }
    }

    /// From now on its room is shared with all who use the same key.
    pub(super) fn share(&self, lessor: &Lessor) {
        self.stock.share(lessor.clone());
    }

    /// Takes room for one attempt: urgent pages wait for it until `give_up_at`, routine ones at most
    /// 2 s. Where it would not come in time, the failure says when it will.
    pub(super) async fn admit(&self, rank: Rank, give_up_at: Instant) -> Result<(), Failure> {
        let (lane, urgency, deadline) = match rank.priority.is_urgent() {
            true => (&self.urgent, Urgency::Urgent, give_up_at),
            false => (&self.routine, Urgency::Routine, give_up_at.min(Instant::now() + ROUTINE_PATIENCE)),
        };
        let Err(wait) = self.admitted(lane, urgency, rank, deadline).await else { return Ok(()) };
        Err(Failure::Transient {
            reason: "no room within the channel's limit per minute".to_owned(),
            retry_after: Some(lane.promise(wait)),
        })
    }

    /// The error is how long there is no room.
    async fn admitted(
        &self,
        lane: &Lane,
        urgency: Urgency,
        rank: Rank,
        deadline: Instant,
    ) -> Result<(), Duration> {
        let _turn = timeout_at(deadline, lane.turn.take(rank)).await.map_err(|_| lane.period)?;
        while let Err(wait) = self.check(urgency) {
            later(wait, deadline).await?;
        }
        while let Err(wait) = self.stock.take(urgency).await {
            later(wait, deadline).await?;
        }
        while let Some(Err(wait)) = self.gap.as_ref().map(Lane::check) {
            later(wait, deadline).await?;
        }
        Ok(())
    }

    /// Takes room where there is some, for an urgent page that goes out whether or not there is.
    pub(super) async fn pass(&self) {
        let _ = self.check(Urgency::Urgent);
        let _ = self.stock.take(Urgency::Urgent).await;
    }

    /// A storm of routine pages cannot take the urgent lane; a storm of urgent ones takes both.
    fn check(&self, urgency: Urgency) -> Result<(), Duration> {
        match urgency {
            Urgency::Urgent => {
                self.urgent.check().or_else(|own| self.routine.check().map_err(|other| own.min(other)))
            }
            Urgency::Routine => self.routine.check(),
        }
    }
}

/// Waits, unless that would be too late.
async fn later(wait: Duration, deadline: Instant) -> Result<(), Duration> {
    if Instant::now() + wait >= deadline {
        return Err(wait);
    }
    sleep(wait.max(LEAST_WAIT)).await;
    Ok(())
}

/// A lane's limiter, its turnstile, and what it has promised to those that it turned away.
#[derive(Debug)]
struct Lane {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
    clock: TokioClock,
    period: Duration,
    turn: Turns,
    promised: Mutex<Instant>,
}

impl Lane {
    /// A third of a minute's room at once, then a minute's in each minute.
    fn new(most: u32) -> Self {
        let burst = NonZeroU32::new(most / 3).unwrap_or(NonZeroU32::MIN);
        Self::of(Duration::from_nanos(60_000_000_000_u64.div_ceil(u64::from(most.max(1)))), burst)
    }

    /// One at a time, so much time between any two.
    fn apart(apart: Duration) -> Self {
        Self::of(apart, NonZeroU32::MIN)
    }

    fn of(period: Duration, burst: NonZeroU32) -> Self {
        let quota = Quota::with_period(period).expect("no channel's period is 0").allow_burst(burst);
        let clock = TokioClock { start: Instant::now() };
        Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            period,
            turn: Turns::new(1),
            promised: Mutex::new(Instant::now()),
        }
    }

    /// Takes room, or says how long until there is some.
    fn check(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// One after the other: if all came back when there is room for one, all others would come in vain.
    fn promise(&self, wait: Duration) -> Duration {
        let now = Instant::now();
        let mut promised = self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = (*promised).max(now + wait).min(now + LATEST_RETURN);
        *promised = slot + self.period;
        slot - now
    }
}

/// The time of tokio, which tests can set.
#[derive(Clone, Debug)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests;
