//! Which worker has what in its hands: what is left to do for a decision, and what only one is to do for all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use watchfire_core::ids::EventId;

use super::request::{Condition, Write};
use super::table::Written;
use super::{DynamoDb, places};
use crate::store::Error;

/// How long something stays in a worker's hands that does not take it again: so long a page waits whose worker has died.
pub(super) const HOLD: Duration = Duration::from_secs(30);
/// What is held for longer than any hold was taken by a clock that was ahead.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
/// So many are remembered as taken; then those that are over are forgotten.
const MOST: usize = 4_096;

/// What this worker has taken, and until when, in microseconds: what it has committed it need not ask for.
#[derive(Default)]
pub(super) struct Hands(Mutex<HashMap<EventId, i64>>);

impl Hands {
    fn all(&self) -> MutexGuard<'_, HashMap<EventId, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is this worker's until then.
    pub(super) fn took(&self, event: &EventId, until: i64, now: i64) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.retain(|_, until| *until > now);
        }
        all.insert(event.clone(), until);
    }

    /// Whether it is this worker's for at least half as long again.
    fn have(&self, event: &EventId, now: Timestamp) -> bool {
        let half = until(now, HOLD / 2);
        self.all().get(event).is_some_and(|until| *until >= half)
    }

    pub(super) fn gave(&self, event: &EventId) {
        self.all().remove(event);
    }
}

/// So long from now, in microseconds since 1970.
pub(super) fn until(now: Timestamp, long: Duration) -> i64 {
    let long = SignedDuration::try_from(long).unwrap_or(SignedDuration::MAX);
    now.saturating_add(long).unwrap_or(Timestamp::MAX).as_microsecond()
}

impl DynamoDb {
    /// See [`crate::store::Store::hold`].
    pub(in crate::store) const HOLD: Duration = HOLD;

    pub(in crate::store) async fn take(&self, event: &EventId, now: Timestamp) -> Result<bool, Error> {
        if self.0.hands.have(event, now) {
            return Ok(true);
        }
        let until = until(now, HOLD);
        let write = self.held(Write::update(&places::head(event)), until).when(Condition::Present);
        let took = matches!(self.0.table.write(&write.when(self.free(now))).await?, Written::Yes);
        if took {
            self.0.hands.took(event, until, now.as_microsecond());
        }
        Ok(took)
    }

    pub(in crate::store) async fn claim(
        &self,
        what: &str,
        now: Timestamp,
        long: Duration,
    ) -> Result<bool, Error> {
        let until = until(now, long);
        let expires = until / 1_000_000 + 60 * 60 * 24;
        let write = self.held(Write::update(&places::claim(what)), until).set("ttl", expires);
        Ok(matches!(self.0.table.write(&write.when(self.free(now))).await?, Written::Yes))
    }

    fn held(&self, write: Write, until: i64) -> Write {
        write.set("holder", self.0.worker.as_str()).set("held", until)
    }

    /// Nobody else has it.
    fn free(&self, now: Timestamp) -> Condition {
        let latest = now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
        Condition::FreeFor {
            worker: self.0.worker.clone(),
            now: now.as_microsecond(),
            latest: latest.as_microsecond(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_over_is_asked_for_again() {
        let (hands, event) = (Hands::default(), EventId::new("e"));
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        hands.took(&event, until(at(0), HOLD), 0);
        let have: Vec<_> = [0, 15, 16, 40].map(|second| hands.have(&event, at(second))).into();
        assert_eq!(have, [true, true, false, false]);
        hands.gave(&event);
        assert!(!hands.have(&event, at(0)));
    }
}
