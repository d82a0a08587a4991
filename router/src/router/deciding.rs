//! From an event to its entry in the journal: load, decide, commit, and again if the records have changed.

use std::collections::BTreeMap;
use std::time::Instant;

use watchfire_core::decide::Case;
use watchfire_core::event::Event;
use watchfire_core::identity::sha256;
use watchfire_core::incident::State;
use watchfire_core::journal::Entry;

use super::Router;
use crate::store::{self, Committed};
use crate::telemetry;

/// How often a decision is made anew because another process changed its records meanwhile.
const MOST_DECISIONS: usize = 8;

/// Why an event has no decision yet.
pub(super) enum Undecided {
    Store(store::Error),
    Contended,
}

impl From<store::Error> for Undecided {
    fn from(error: store::Error) -> Self {
        Undecided::Store(error)
    }
}

impl Router {
    /// The entry of the journal: the one there is, or the one that is decided and committed now.
    pub(super) async fn decided(&self, event: &Event<'_>, raw: &str) -> Result<Entry, Undecided> {
        let started = Instant::now();
        if let Some(entry) = self.store.find(&event.id).await? {
            return Ok(entry);
        }
        let case = Case::new(event, &self.policy);
        let _turn = self.at_work.turn(case.incident()).await;
        for _ in 0..MOST_DECISIONS {
            let state = self.state_of(&case).await?;
            let entry = Entry {
                decision: case.decide(&state, self.clock.now()),
                raw: raw.to_owned(),
                sha256: sha256(raw),
                outcomes: BTreeMap::new(),
            };
            match self.store.commit(&state, &entry).await? {
                Committed::Yes => {
                    self.remembered.learn(&entry.decision.changes);
                    self.metrics.decided(&entry.decision, event, started.elapsed());
                    telemetry::decided(&entry.decision, started.elapsed());
                    if let Some(watcher) = &self.watcher {
                        watcher(&entry.decision);
                    }
                    return Ok(entry);
                }
                Committed::AlreadyDecided => {
                    if let Some(entry) = self.store.find(&event.id).await? {
                        return Ok(entry);
                    }
                }
                Committed::Stale => {}
            }
        }
        Err(Undecided::Contended)
    }

    async fn state_of(&self, case: &Case<'_>) -> Result<State, store::Error> {
        let mut state = State::default();
        loop {
            let missing = case.reads(&state);
            if missing.is_empty() {
                return Ok(state);
            }
            self.store.load(&missing, &mut state).await?;
        }
    }
}
