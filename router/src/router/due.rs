//! What is due without any event: found in the store, decided in core, performed like everything else.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use watchfire_core::ids::IncidentKey;
use watchfire_core::incident::{Key, State};
use watchfire_core::journal::Entry;
use watchfire_core::wake::Woken;

use super::Router;
use crate::store;
use crate::telemetry;

/// So many decisions are made before they are performed.
const MOST: usize = 256;
/// So many of them are performed at a time.
const SIDE_BY_SIDE: usize = MOST;

impl Router {
    /// Decides what is due at `now`, in the order in which it was due, and performs it. One that fails holds
    /// up no other; it is due again. Returns how many were decided.
    ///
    /// # Errors
    /// The store's.
    pub async fn wake(&self, now: Timestamp) -> Result<usize, store::Error> {
        let mut decided = 0;
        // What did not move on when it was looked at: the next tick tries it again.
        let mut left = BTreeSet::new();
        loop {
            let mut entries = Vec::new();
            while entries.len() < MOST {
                // One after the other: what one decision brings due may come before what was due after it.
                let due = self.store.wakes(now, left.len() + 1).await?;
                let mut due: Vec<_> = due.into_iter().filter(|due| !left.contains(due)).collect();
                due.sort();
                let Some((due_at, key)) = due.into_iter().next() else { break };
                match self.wake_one(&key, due_at, now).await {
                    Some(entry) => entries.push(entry),
                    None => {
                        left.insert((due_at, key));
                    }
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
        let woken = Woken { key, due_at, policy: &self.policy };
        let id = woken.id();
        let _claim = self.at_work.claim(&id)?;
        // What changes an incident takes its turn on it; a bundle is nobody's incident.
        let turn = match key {
            Key::Incident(incident) => incident.clone(),
            other => IncidentKey::new(other.to_string()),
        };
        match self.commit_due(&id, &turn, |state: &State| woken.decide(state, now)).await {
            Ok(entry) => {
                entry.iter().for_each(|entry| self.metrics.woken(&entry.decision));
                entry
            }
            Err(nack) => {
                telemetry::not_woken(&id, &nack);
                None
            }
        }
    }
}
