//! Who is at work on what in this process: an event is in one task's hands, an incident changes once at a time.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use watchfire_core::ids::{EventId, IncidentKey};

/// Incidents share this many locks: a bound on memory, at the price of a rare needless wait.
const LOCKS: usize = 256;

/// Claims on events and locks on incidents.
pub(crate) struct AtWork {
    events: Mutex<BTreeSet<EventId>>,
    incidents: Vec<tokio::sync::Mutex<()>>,
    alone: tokio::sync::Mutex<()>,
}

/// An event's claim, given back when the task is done with it, or is cancelled.
pub(crate) struct Claim<'w> {
    at_work: &'w AtWork,
    event: EventId,
}

impl Default for AtWork {
    fn default() -> Self {
        let incidents = (0..LOCKS).map(|_| tokio::sync::Mutex::default()).collect();
        Self { events: Mutex::default(), incidents, alone: tokio::sync::Mutex::default() }
    }
}

impl AtWork {
    /// None while another task of this process is at work on the event.
    pub(crate) fn claim(&self, event: &EventId) -> Option<Claim<'_>> {
        self.events().insert(event.clone()).then(|| Claim { at_work: self, event: event.clone() })
    }

    /// What is claimed now.
    pub(crate) fn claimed(&self) -> BTreeSet<EventId> {
        self.events().clone()
    }

    /// Waits for its turn on an incident. The store would refuse a decision on records that have changed;
    /// taking turns spares a burst about one incident from deciding in vain over and over.
    pub(crate) async fn turn(&self, incident: &IncidentKey) -> tokio::sync::MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        incident.hash(&mut hasher);
        self.incidents[hasher.finish() as usize % LOCKS].lock().await
    }

    /// Waits until nobody else decides about what incidents share. Taken last, so that nobody waits for one
    /// who waits.
    pub(crate) async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.alone.lock().await
    }

    fn events(&self) -> MutexGuard<'_, BTreeSet<EventId>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.at_work.events().remove(&self.event);
    }
}
