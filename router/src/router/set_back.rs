//! A clock that was ahead and is set back: found where it was used, and put right before anything is due.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use watchfire_core::ids::IncidentKey;
use watchfire_core::state::State;
use watchfire_core::timer::SetBack;

use super::Router;
use crate::store;
use crate::telemetry;

/// In microseconds: tasks read the clock before each other and come later; what is ahead by less holds up nothing.
const JITTER: i64 = 2_000_000;

/// The latest time that anything was decided or put off at, since the clock was last compared with it.
pub(super) struct Newest(AtomicI64);

/// Nothing was decided yet: what an earlier process did is in the store.
const UNKNOWN: i64 = i64::MAX;

impl Default for Newest {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl Newest {
    fn is_known(&self) -> bool {
        self.0.load(Ordering::SeqCst) != UNKNOWN
    }

    fn begin(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::SeqCst);
    }

    /// Something happened at that time.
    pub(super) fn saw(&self, at: Timestamp) {
        self.0.fetch_max(at.as_microsecond(), Ordering::SeqCst);
    }

    /// Whether that is later than now: once for each time that the clock is set back.
    fn was_ahead_of(&self, now: Timestamp) -> bool {
        let newest = self.0.swap(now.as_microsecond(), Ordering::SeqCst);
        newest > now.as_microsecond().saturating_add(JITTER)
    }
}

impl Router {
    /// Puts right what was written when the clock was ahead, if it was: no record and no retry waits for a day
    /// that is still to come.
    pub(super) async fn after_set_back(&self, now: Timestamp) -> Result<(), store::Error> {
        if !self.newest.is_known() {
            // One that cannot be read says nothing: then all are looked at.
            let latest = self.store.recent(1).await;
            let at = latest.map_or(Timestamp::MAX, |latest| latest.first().map_or(now, |it| it.decision.at));
            self.newest.begin(at);
        }
        if !self.newest.was_ahead_of(now) {
            return Ok(());
        }
        let put_right = self.put_right(now).await;
        if put_right.is_err() {
            // The next tick tries again.
            self.newest.saw(Timestamp::MAX);
        }
        put_right
    }

    async fn put_right(&self, now: Timestamp) -> Result<(), store::Error> {
        self.store.hasten(now).await?;
        let keys = self.store.changed_after(now).await?;
        telemetry::set_back(keys.len());
        let set = self.in_force();
        // Each is changed now, or was changed by another meanwhile: one round comes to an end.
        for keys in keys.chunks(SetBack::MOST) {
            let set_back = SetBack::new(keys, &set.policy);
            let turn = IncidentKey::new("clock");
            if let Err(nack) = self.commit_due(&turn, |state: &State| set_back.decide(state, now)).await {
                telemetry::not_woken(&keys[0], &nack.reason);
            }
        }
        Ok(())
    }
}
