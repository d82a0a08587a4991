//! From an event to its entry in the journal: load, decide, commit, and again if the records have changed.

use std::collections::BTreeMap;
use std::time::Instant;

use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::event::Event;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record, State, Unread};

use super::Router;
use crate::clients::chain;
use crate::failure::Nack;
use crate::store::{self, Committed};
use crate::telemetry::{self, Step, of_commit};

/// How often a decision is made anew because another process changed its records meanwhile.
const MOST_DECISIONS: usize = 8;

/// A decision that is in the journal.
struct Decided {
    entry: Entry,
    /// Whether it was made now, and not before.
    is_new: bool,
}

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
        if let Some(entry) = self.decided_before(event, raw).await? {
            return Ok(entry);
        }
        let set = self.in_force();
        let at_once = self.responder.as_ref().and_then(|responder| responder.without_details(event));
        let (mut decided, mut is_p0) = (None, None);
        if let Some(context) = at_once {
            // What is about a pod of which nobody is told needs nothing of what surrounds it; a P0 does not wait for that to be
            // found out.
            let case = Case::new(event, &set.policy, &context);
            let is_enough = |decision: &Decision| !decision.asks_for_details();
            is_p0 = Some(case.priority() == Priority::P0);
            if is_p0 == Some(false) {
                decided = self.decide(&case, raw, is_enough, started).await?.map(|entry| (entry, context));
            }
        }
        let (entry, context) = match decided {
            Some(decided) => decided,
            None => {
                let context = self.context_of(event, &set.policy, is_p0).await;
                let case = Case::new(event, &set.policy, &context);
                let decided = self.decide(&case, raw, |_| true, started).await?;
                (decided.expect("an event is always decided"), context)
            }
        };
        self.metrics.decided(&entry.decision, event, started.elapsed());
        if let Some(responder) = &self.responder {
            responder.learn(&entry.decision, &context);
        }
        Ok(entry)
    }

    /// Decides and commits an event; none where the decision is not what it is to be, and then nothing is committed.
    async fn decide(
        &self,
        case: &Case<'_>,
        raw: &str,
        is_it: impl Fn(&Decision) -> bool,
        started: Instant,
    ) -> Result<Option<Entry>, Undecided> {
        let decide = |state: &State| Ok(Some(case.decide(state, self.clock.now())?).filter(&is_it));
        let expected = match self.store.is_near() {
            true => case.expected(self.clock.now()),
            false => Vec::new(),
        };
        let decided = self.commit_reading(&expected, case.incident(), raw, decide, started).await?;
        Ok(decided.map(|decided| decided.entry))
    }

    /// The entry of this delivery; an earlier release kept it under what its sender calls it.
    async fn decided_before(&self, event: &Event<'_>, raw: &str) -> Result<Option<Entry>, store::Error> {
        let earlier = event.id.is_delivered().then(|| EventId::new(event.id.shown()));
        let ids: Vec<_> = [event.id.clone()].into_iter().chain(earlier).collect();
        let found = self.store.find_first(&ids).await?;
        Ok(found.filter(|found| found.decision.event == event.id || found.sha256 == sha256(raw)))
    }

    /// Decides and commits something of our own: a report, a completion, a command, what is due. One that was
    /// decided before stays as it was.
    pub(crate) async fn commit_own(
        &self,
        incident: &IncidentKey,
        raw: &str,
        decide: impl Fn(&State) -> Result<Decision, Unread>,
    ) -> Result<Entry, Nack> {
        let decide = |state: &State| decide(state).map(Some);
        let committed = self.commit(incident, raw, decide, Instant::now()).await;
        let decided = committed.map_err(Nack::from)?;
        Ok(decided.expect("it is always decided").entry)
    }

    /// Decides and commits what is due about a record; none if nothing is any more, or if it was decided
    /// before: that is no progress.
    pub(super) async fn commit_due(
        &self,
        incident: &IncidentKey,
        decide: impl Fn(&State) -> Result<Option<Decision>, Unread>,
    ) -> Result<Option<Entry>, Nack> {
        let decided = self.commit(incident, "", decide, Instant::now()).await.map_err(Nack::from)?;
        Ok(decided.filter(|decided| decided.is_new).map(|decided| decided.entry))
    }

    async fn commit(
        &self,
        incident: &IncidentKey,
        raw: &str,
        decide: impl Fn(&State) -> Result<Option<Decision>, Unread>,
        started: Instant,
    ) -> Result<Option<Decided>, Undecided> {
        self.commit_reading(&[], incident, raw, decide, started).await
    }

    /// The same, with what will be asked for read before it is.
    async fn commit_reading(
        &self,
        expected: &[Key],
        incident: &IncidentKey,
        raw: &str,
        decide: impl Fn(&State) -> Result<Option<Decision>, Unread>,
        started: Instant,
    ) -> Result<Option<Decided>, Undecided> {
        let _turn = self.at_work.turn(incident).await;
        let mut alone = None;
        for _ in 0..MOST_DECISIONS {
            let (state, decision) = self.read_with(expected, &decide).await?;
            let Some(mut decision) = decision else { return Ok(None) };
            self.names_on_call(&mut decision);
            let entry =
                Entry { decision, raw: raw.to_owned(), sha256: sha256(raw), outcomes: BTreeMap::new() };
            let told = |committed: &Result<Committed, store::Error>| {
                of_commit(&entry.decision, committed.as_ref().ok().map(<&str>::from))
            };
            match self.traces.step(Step::Commit, self.store.commit(&state, &entry), told).await? {
                Committed::Yes => {
                    self.remembered.learn(&entry.decision);
                    self.newest.saw(entry.decision.at);
                    telemetry::decided(&entry.decision, started.elapsed());
                    audited(&entry.decision);
                    if let Some(watcher) = &self.watcher {
                        watcher(&entry.decision);
                    }
                    self.has_changed();
                    return Ok(Some(Decided { entry, is_new: true }));
                }
                Committed::AlreadyDecided => {
                    if let Some(entry) = self.store.find(&entry.decision.event).await? {
                        return Ok(Some(Decided { entry, is_new: false }));
                    }
                }
                // What many incidents share, such as a limit, has changed: those who want it go one by one.
                Committed::Stale if alone.is_none() => alone = Some(self.at_work.alone().await),
                Committed::Stale => {}
            }
        }
        Err(Undecided::Contended)
    }

    /// Decides, reading what that needs.
    pub(super) async fn read<T>(
        &self,
        decide: impl Fn(&State) -> Result<T, Unread>,
    ) -> Result<(State, T), store::Error> {
        self.read_with(&[], decide).await
    }

    async fn read_with<T>(
        &self,
        expected: &[Key],
        decide: impl Fn(&State) -> Result<T, Unread>,
    ) -> Result<(State, T), store::Error> {
        let mut state = State::default();
        if !expected.is_empty() {
            self.store.load(expected, &mut state).await?;
        }
        loop {
            match decide(&state) {
                Ok(decided) => return Ok((state, decided)),
                Err(Unread(missing)) => self.store.load(&missing, &mut state).await?,
            }
        }
    }
}

impl From<Undecided> for Nack {
    fn from(undecided: Undecided) -> Self {
        let reason = match undecided {
            Undecided::Store(error) => format!("the store failed: {}", chain(&error)),
            Undecided::Contended => "its records kept changing while it was decided".to_owned(),
        };
        Nack { reason, retry_after: None }
    }
}

/// Says what it has put into the audit trail, if it has.
fn audited(decision: &Decision) {
    let Some(Record::AuditHead(head)) = decision.changes.get(&Key::AuditHead) else { return };
    if let Some(Record::Audit(record)) = decision.changes.get(&Key::Audit(head.number)) {
        telemetry::audited(&record.line, head);
    }
}
