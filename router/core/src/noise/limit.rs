//! Limits: governor's cell rate algorithm over a state that is a record like any other.
//!
//! The record is one number, the time at which all that was spent is paid back. It is in the store, so that a
//! restart, a second process and a replay see the same room.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota as Cells, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hash::keyed;
use crate::ids::LimitKey;

/// How much may be spent: so many an hour, and so many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    per_hour: NonZeroU32,
    burst: NonZeroU32,
}

/// How much of a quota is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitRecord {
    /// Nanoseconds since 1970 at which all is paid back.
    pub paid_back_at: u64,
}

impl Quota {
    /// None if either is zero: a limit that lets nothing through hides everything.
    pub fn new(per_hour: u32, burst: u32) -> Option<Self> {
        Some(Self { per_hour: NonZeroU32::new(per_hour)?, burst: NonZeroU32::new(burst)? })
    }

    /// How long it takes until one that was spent is paid back.
    pub(crate) fn period(&self) -> SignedDuration {
        SignedDuration::from_secs(3_600) / i32::try_from(self.per_hour.get()).unwrap_or(i32::MAX)
    }

    /// When all is paid back at the latest, if all of it is spent now.
    fn spent_at(&self, now: Timestamp) -> u64 {
        let whole = self.period().saturating_mul(i32::try_from(self.burst.get()).unwrap_or(i32::MAX));
        let paid_back = since_1970(now).saturating_add(Duration::try_from(whole).unwrap_or_default());
        u64::try_from(paid_back.as_nanos()).unwrap_or(u64::MAX)
    }

    /// In words.
    pub fn sentence(&self) -> String {
        format!("{} an hour, {} at once", self.per_hour, self.burst)
    }
}

/// The key of a limit; parts that come from events are hashed, so that it is never long.
pub(crate) fn limit_key(kind: &'static str, parts: &[&str]) -> LimitKey {
    LimitKey::new(format!("{kind}-{}", keyed(kind, parts)))
}

/// Takes one from the quota: the record after that, or the time from which on there is room.
///
/// A debt beyond what can be spent by now is that of a clock that was ahead: nobody was told more for it, and
/// nobody waits for it.
pub(crate) fn check(
    quota: Quota,
    record: Option<&LimitRecord>,
    now: Timestamp,
) -> Result<LimitRecord, Timestamp> {
    let Quota { per_hour, burst } = quota;
    let most = quota.spent_at(now);
    let known = record.map(|record| record.paid_back_at).filter(|paid_back_at| *paid_back_at <= most);
    let state = Kept(Cell::new(known));
    let clock = SetClock(Cell::new(Duration::ZERO));
    let cells = Cells::per_hour(per_hour).allow_burst(burst);
    // Made at 1970, so that what it keeps is a time and not a distance from some start.
    let limiter: RateLimiter<NotKeyed, Kept, SetClock, NoOpMiddleware<Duration>> =
        RateLimiter::new(cells, state, clock);
    let at = since_1970(now);
    limiter.clock().0.set(at);
    match limiter.check() {
        Ok(()) => Ok(LimitRecord { paid_back_at: limiter.into_state_store().0.get().unwrap_or_default() }),
        Err(refused) => {
            let wait = SignedDuration::try_from(refused.wait_time_from(at)).unwrap_or(SignedDuration::MAX);
            Err(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
        }
    }
}

fn since_1970(now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
}

/// The one cell.
struct Kept(Cell<Option<u64>>);

impl StateStore for Kept {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, next) = decide(self.0.get().map(Nanos::from))?;
        self.0.set(Some(next.into()));
        Ok(outcome)
    }
}

/// A clock that is set.
struct SetClock(Cell<Duration>);

impl Clock for SetClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::at;

    #[test]
    fn a_debt_from_a_day_that_has_not_come_holds_nobody_up() {
        let quota = Quota::new(60, 3).expect("not zero");
        let (now, ahead) = (at("2026-11-25T09:00:00Z"), at("2026-11-26T09:00:00Z"));
        let mut record = None;
        while let Ok(next) = check(quota, record.as_ref(), ahead) {
            record = Some(next);
        }
        let room = now + SignedDuration::from_mins(1);
        let mut answers = Vec::new();
        for _ in 0..4 {
            match check(quota, record.as_ref(), now) {
                Ok(next) => {
                    record = Some(next);
                    answers.push(None);
                }
                Err(room_at) => answers.push(Some(room_at)),
            }
        }
        assert_eq!(answers, [None, None, None, Some(room)]);
    }

    #[test]
    fn a_quota_lets_its_burst_through_then_one_each_period_and_says_when() {
        let quota = Quota::new(60, 3).expect("not zero");
        let mut record = None;
        let mut answers = Vec::new();
        let seconds = [0, 1, 2, 3, 30, 60, 61, 200, 201, 202, 203];
        for second in seconds {
            let now = at("2026-11-25T09:00:00Z") + SignedDuration::from_secs(second);
            match check(quota, record.as_ref(), now) {
                Ok(next) => {
                    record = Some(next);
                    answers.push(format!("{second} ok"));
                }
                Err(room) => answers.push(format!("{second} room at {}", room.strftime("%H:%M:%S"))),
            }
        }
        let expected = [
            "0 ok",
            "1 ok",
            "2 ok",
            "3 room at 09:01:00",
            "30 room at 09:01:00",
            "60 ok",
            "61 room at 09:02:00",
            "200 ok",
            "201 ok",
            "202 room at 09:04:00",
            "203 room at 09:04:00",
        ];
        assert_eq!(answers, expected);
    }
}
