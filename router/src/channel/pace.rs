//! How fast a channel may be used: two lanes, so that an urgent page never waits behind routine ones.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::turns::{Rank, Turns};
use crate::failure::Failure;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

/// How long a routine page waits in place; the queue is the better place for a longer wait.
const ROUTINE_PATIENCE: Duration = Duration::from_secs(2);

/// The latest time that a page without room is told to come back.
const LATEST_RETURN: Duration = Duration::from_secs(3600);

/// Most attempts in any 60 s; at least 4, two in each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct PerMinute(u32);

value_schema!(PerMinute, {"type": "integer", "minimum": 4, "maximum": 4_294_967_295_u32});

impl PerMinute {
    /// For defaults.
    pub(super) const fn new(count: u32) -> Self {
        assert!(count >= 4, "each lane needs two");
        Self(count)
    }
}

impl TryFrom<u32> for PerMinute {
    type Error = Mistake;

    fn try_from(count: u32) -> Result<Self, Mistake> {
        match count < 4 {
            true => Err(expected("at least 4 a minute").found(count.to_string())),
            false => Ok(Self(count)),
        }
    }
}

/// A channel's room: one quarter for routine pages (P2, P3), three for urgent ones (P0, P1), and what
/// routine ones leave.
#[derive(Debug)]
pub(super) struct Pace {
    urgent: Lane,
    routine: Lane,
}

impl Pace {
    pub(super) fn new(PerMinute(most): PerMinute) -> Self {
        let routine = (most / 4).max(2);
        Self { urgent: Lane::new(most - routine), routine: Lane::new(routine) }
    }

    /// Takes room for one attempt: urgent pages wait for it until `give_up_at`, routine ones at most
    /// 2 s. Where it would not come in time, the failure says when it will.
    pub(super) async fn admit(&self, rank: Rank, give_up_at: Instant) -> Result<(), Failure> {
        if rank.priority.is_urgent() {
            self.urgent.admit(rank, give_up_at, || self.check_urgent()).await
        } else {
            let deadline = give_up_at.min(Instant::now() + ROUTINE_PATIENCE);
            self.routine.admit(rank, deadline, || self.routine.check()).await
        }
    }

    /// Takes room where there is some, for an urgent page that goes out whether or not there is.
    pub(super) fn pass(&self) {
        let _ = self.check_urgent();
    }

    /// A storm of routine pages cannot take the urgent lane; a storm of urgent ones takes both.
    fn check_urgent(&self) -> Result<(), Duration> {
        self.urgent.check().or_else(|own| self.routine.check().map_err(|other| own.min(other)))
    }
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
    /// A limiter lets a burst through at once and then refills: burst and refill of 60 s together are
    /// what any 60 s can see, so a third of the room is burst and the rest is rate.
    fn new(most: u32) -> Self {
        let burst = NonZeroU32::new(most / 3).unwrap_or(NonZeroU32::MIN);
        let rate = u64::from(most.saturating_sub(burst.get()).max(1));
        let period = Duration::from_nanos(60_000_000_000_u64.div_ceil(rate));
        let quota =
            Quota::with_period(period).expect("60 s by a 32-bit number is over 0 ns").allow_burst(burst);
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

    async fn admit(
        &self,
        rank: Rank,
        deadline: Instant,
        check: impl Fn() -> Result<(), Duration>,
    ) -> Result<(), Failure> {
        let admitted = timeout_at(deadline, async {
            let _turn = self.turn.take(rank).await;
            loop {
                match check() {
                    Ok(()) => return Ok(()),
                    Err(wait) if Instant::now() + wait >= deadline => return Err(wait),
                    Err(wait) => sleep(wait).await,
                }
            }
        });
        let wait = match admitted.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(wait)) => wait,
            Err(_) => self.period,
        };
        Err(Failure::Transient {
            reason: "no room within the channel's limit per minute".to_owned(),
            retry_after: Some(self.promise(wait)),
        })
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
