//! From an event to its entry in the journal: load, decide, commit, and again if the records have changed.

use std::collections::BTreeMap;
use std::time::Instant;

use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::event::Event;
use watchfire_core::identity::sha256;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::incident::{Key, State};
use watchfire_core::journal::Entry;

use super::{Nack, Router};
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
        let context = self.context_of(event).await;
        let case = Case::new(event, &self.policy, &context);
        let decide = |state: &State| case.decide(state, self.clock.now());
        let entry =
            self.commit(&event.id, case.incident(), raw, |state| case.reads(state), decide, started).await?;
        self.metrics.decided(&entry.decision, event, started.elapsed());
        if let Some(responder) = &self.responder {
            responder.learn(&entry.decision, &context);
        }
        Ok(entry)
    }

    /// Decides and commits something of our own: a report, a completion, a command. One that was decided
    /// before stays as it was.
    pub(crate) async fn commit_own(
        &self,
        id: &EventId,
        incident: &IncidentKey,
        raw: &str,
        reads: impl Fn(&State) -> Vec<Key>,
        decide: impl Fn(&State) -> Decision,
    ) -> Result<Entry, Nack> {
        let committed = self.commit(id, incident, raw, reads, decide, Instant::now()).await;
        committed.map_err(|undecided| Nack {
            reason: match undecided {
                Undecided::Store(error) => format!("the store failed: {error}"),
                Undecided::Contended => "its records kept changing while it was decided".to_owned(),
            },
            retry_after: None,
        })
    }

    async fn commit(
        &self,
        id: &EventId,
        incident: &IncidentKey,
        raw: &str,
        reads: impl Fn(&State) -> Vec<Key>,
        decide: impl Fn(&State) -> Decision,
        started: Instant,
    ) -> Result<Entry, Undecided> {
        let _turn = self.at_work.turn(incident).await;
        for _ in 0..MOST_DECISIONS {
            let state = self.state_of(&reads).await?;
            let entry = Entry {
                decision: decide(&state),
                raw: raw.to_owned(),
                sha256: sha256(raw),
                outcomes: BTreeMap::new(),
            };
            match self.store.commit(&state, &entry).await? {
                Committed::Yes => {
                    self.remembered.learn(&entry.decision.changes);
                    telemetry::decided(&entry.decision, started.elapsed());
                    if let Some(watcher) = &self.watcher {
                        watcher(&entry.decision);
                    }
                    return Ok(entry);
                }
                Committed::AlreadyDecided => {
                    if let Some(entry) = self.store.find(id).await? {
                        return Ok(entry);
                    }
                }
                Committed::Stale => {}
            }
        }
        Err(Undecided::Contended)
    }

    pub(super) async fn state_of(&self, reads: impl Fn(&State) -> Vec<Key>) -> Result<State, store::Error> {
        let mut state = State::default();
        loop {
            let missing = reads(&state);
            if missing.is_empty() {
                return Ok(state);
            }
            self.store.load(&missing, &mut state).await?;
        }
    }
}
