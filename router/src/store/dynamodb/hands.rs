//! Which worker has what in its hands: what is left to do for a decision, and what only one is to do for all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use watchfire_core::ids::EventId;

use super::item::Item;
use super::request::{Condition, Free, Write};
use super::table::Written;
use super::{DynamoDb, places};
use crate::store::Error;

/// How long something stays in a worker's hands that does not take it again: so long a page waits whose worker has died.
const HOLD: Duration = Duration::from_secs(10);
/// What is held for longer than any hold was taken by a clock that was ahead.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
/// In place of a worker.
const NOBODY: &str = "-";
/// So many are remembered as taken; then those that are over are forgotten.
const MOST: usize = 4_096;

/// What this worker has taken: what it has committed it need not ask for.
#[derive(Default)]
pub(super) struct Hands(Mutex<HashMap<EventId, Had>>);

/// Until when it is this worker's, in microseconds; and which commit of it was this worker's.
struct Had {
    until: i64,
    commit: Option<String>,
}

impl Hands {
    fn all(&self) -> MutexGuard<'_, HashMap<EventId, Had>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is this worker's, because it has committed it: a head says so by the time of its decision.
    pub(super) fn committed(&self, event: &EventId, commit: String, at: Timestamp) {
        self.took(event, Had { until: until(at, HOLD), commit: Some(commit) }, at.as_microsecond());
    }

    fn took(&self, event: &EventId, had: Had, now: i64) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.retain(|_, had| had.until > now);
        }
        all.insert(event.clone(), had);
    }

    /// Whether it is this worker's for at least half as long again.
    fn have(&self, event: &EventId, now: Timestamp) -> bool {
        let half = until(now, HOLD / 2);
        self.all().get(event).is_some_and(|had| had.until >= half)
    }

    fn commit_of(&self, event: &EventId) -> Option<String> {
        self.all().get(event)?.commit.clone()
    }

    pub(super) fn gave(&self, event: &EventId) {
        self.all().remove(event);
    }
}

/// A head that whoever finds it due may take at once.
pub(super) fn in_nobodys_hands(head: Item) -> Item {
    head.with("holder", NOBODY).with("held", 0_i64)
}

/// So long from now, in microseconds since 1970.
fn until(now: Timestamp, long: Duration) -> i64 {
    let long = SignedDuration::try_from(long).unwrap_or(SignedDuration::MAX);
    now.saturating_add(long).unwrap_or(Timestamp::MAX).as_microsecond()
}

/// What was decided before that is in the hands of whoever committed it no longer.
fn before(now: Timestamp) -> i64 {
    let hold = SignedDuration::try_from(HOLD).unwrap_or_default();
    now.saturating_sub(hold).unwrap_or(Timestamp::MIN).as_microsecond()
}

impl DynamoDb {
    /// See [`crate::store::Store::hold`].
    pub(in crate::store) const HOLD: Duration = HOLD;

    pub(in crate::store) async fn take(&self, event: &EventId, now: Timestamp) -> Result<bool, Error> {
        if self.0.hands.have(event, now) {
            return Ok(true);
        }
        let (until, commit) = (until(now, HOLD), self.0.hands.commit_of(event));
        let free =
            Condition::HeadFreeFor { free: self.free(now), before: before(now), commit: commit.clone() };
        let write = self.held(Write::update(&places::head(event)), until).when(Condition::Present);
        let took = matches!(self.0.table.write(&write.when(free)).await?, Written::Yes);
        if took {
            self.0.hands.took(event, Had { until, commit }, now.as_microsecond());
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
        let free = Condition::FreeFor(self.free(now));
        Ok(matches!(self.0.table.write(&write.when(free)).await?, Written::Yes))
    }

    fn held(&self, write: Write, until: i64) -> Write {
        write.set("holder", self.0.worker.as_str()).set("held", until)
    }

    /// Nobody else has it.
    fn free(&self, now: Timestamp) -> Free {
        let latest = now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
        Free { worker: self.0.worker.clone(), now: now.as_microsecond(), latest: latest.as_microsecond() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_over_is_asked_for_again() {
        let (hands, event) = (Hands::default(), EventId::new("e"));
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        hands.committed(&event, "c".to_owned(), at(0));
        let have: Vec<_> = [0, 5, 6, 40].map(|second| hands.have(&event, at(second))).into();
        assert_eq!((have, hands.commit_of(&event).as_deref()), (vec![true, true, false, false], Some("c")));
        hands.gave(&event);
        assert!(!hands.have(&event, at(0)));
    }
}
