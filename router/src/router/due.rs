//! What is due without any event: found in the store, decided in core, performed like everything else.

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use watchfire_core::ids::IncidentKey;
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, State};
use watchfire_core::timer::{Timer, Turns};

use super::Router;
use crate::store;
use crate::telemetry;

/// So many decisions are made before they are performed.
const MOST: usize = 256;
/// So many of them are performed at a time.
const SIDE_BY_SIDE: usize = MOST;

impl Router {
    /// When the first of what will be due until then is; none where nothing will.
    ///
    /// # Errors
    /// The store's.
    pub async fn next_wake(&self, until: Timestamp) -> Result<Option<Timestamp>, store::Error> {
        let due = self.store.wakes(until, 1).await?;
        Ok(due.first().map(|(due_at, _)| *due_at))
    }

    /// Decides what is due at `now`, in the order in which it was due, and performs it. One that fails holds
    /// up no other; it is due again. Returns how many were decided.
    ///
    /// # Errors
    /// The store's.
    pub async fn wake(&self, now: Timestamp) -> Result<usize, store::Error> {
        self.after_set_back(now).await?;
        let mut decided = 0;
        let mut turns = Turns::default();
        loop {
            let mut entries = Vec::new();
            while entries.len() < MOST {
                // One after the other: what one decision brings due may come before what was due after it.
                let due = self.store.wakes(now, turns.left() + 1).await?;
                let next = due.into_iter().filter(|(_, key)| !turns.leaves(key)).min();
                let Some((due_at, key)) = next else { break };
                match self.wake_one(&key, due_at, now).await {
                    Some(entry) => {
                        turns.took(key);
                        entries.push(entry);
                    }
                    // The next tick tries it again.
                    None => turns.leave(key),
                }
            }
            if entries.is_empty() {
                return Ok(decided);
            }
            decided += entries.len();
            // As all that is in the journal and in nobody's hands; what stays pending, a tick finds there.
            let performed = stream::iter(entries).map(async |entry| self.resume(&entry.decision.event).await);
            performed.buffer_unordered(SIDE_BY_SIDE).collect::<Vec<_>>().await;
        }
    }

    async fn wake_one(&self, key: &Key, due_at: Timestamp, now: Timestamp) -> Option<Entry> {
        let set = self.in_force();
        let woken = Timer::new(key, due_at, &set.policy);
        // What changes an incident takes its turn on it; a bundle is nobody's incident.
        let turn = match key {
            Key::Incident(incident) => incident.clone(),
            other => IncidentKey::new(other.to_string()),
        };
        match self.commit_due(&turn, |state: &State| woken.decide(state, now)).await {
            Ok(entry) => {
                entry.iter().for_each(|entry| self.metrics.woken(&entry.decision));
                entry
            }
            Err(nack) => {
                telemetry::not_woken(key, &nack.reason);
                None
            }
        }
    }
}
