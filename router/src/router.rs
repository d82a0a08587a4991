//! One event's way: read, decide, commit, perform; and the same again when a message comes back.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use watchfire_core::decide::Case;
use watchfire_core::decision::{Decision, Verdict};
use watchfire_core::event::{Event, messages, near_dead_letter, unreadable};
use watchfire_core::identity::sha256;
use watchfire_core::ids::{ChannelName, EventId};
use watchfire_core::incident::State;
use watchfire_core::journal::Entry;
use watchfire_core::policy::Policy;

use crate::actions::Channel;
use crate::app::Watcher;
use crate::clock::Clock;
use crate::store::{self, Committed, Store};
use crate::telemetry::{self, Metrics};

/// How often a decision is made anew because its records changed meanwhile.
const MOST_DECISIONS: usize = 8;
/// How long a pending entry is left to its message before a tick takes it up.
const LEFT_TO_THE_QUEUE: SignedDuration = SignedDuration::from_mins(5);
/// How many pending entries one tick takes up.
const MOST_PER_TICK: usize = 256;
/// How much one transaction of a tick removes, and how many of them one tick makes: new messages wait
/// for each.
const PRUNE: (usize, usize) = (2_000, 100);
/// How many unrecorded pages are remembered while the store is away.
const MOST_UNRECORDED: usize = 10_000;

/// Everything that one event's way needs; shared by all tasks.
pub struct Router {
    pub(crate) policy: Policy,
    pub(crate) store: Store,
    pub(crate) channels: BTreeMap<ChannelName, Channel>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// Events some task is at work on; a second delivery of one waits on the queue.
    at_work: Mutex<BTreeSet<EventId>>,
    /// Events that were paged while the store was away: their messages come again until it is back.
    unrecorded: Mutex<BTreeSet<EventId>>,
    watcher: Option<Watcher>,
}

/// A message that is done with: it can be deleted.
#[derive(Debug)]
pub struct Handled {
    /// What was decided about each event in it, now or earlier.
    pub decisions: Vec<Decision>,
}

/// A message that has to come again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Nack {
    /// Why.
    pub reason: String,
    /// Not before this, if the one we wait for said so.
    pub retry_after: Option<Duration>,
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Entries taken up whose message had not come back.
    pub resumed: usize,
    /// Records removed because they were old.
    pub pruned: u64,
}

/// Why an event has no decision yet.
enum Undecided {
    Store(store::Error),
    Contended,
}

impl From<store::Error> for Undecided {
    fn from(error: store::Error) -> Self {
        Undecided::Store(error)
    }
}

/// The event's claim, given back when the task is done with it, or is cancelled.
struct AtWork<'r> {
    router: &'r Router,
    event: EventId,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.router.lock_at_work().remove(&self.event);
    }
}

impl Router {
    /// Puts the parts together.
    pub fn new(
        policy: Policy,
        store: Store,
        channels: BTreeMap<ChannelName, Channel>,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (at_work, unrecorded) = (Mutex::default(), Mutex::default());
        Self { policy, store, channels, clock, metrics, at_work, unrecorded, watcher: None }
    }

    /// Has every decision shown to `watcher` once it is recorded, before it is performed.
    pub fn watch_decisions(&mut self, watcher: Option<Watcher>) {
        self.watcher = watcher;
    }

    /// Decides every event in a message and performs what was decided.
    ///
    /// # Errors
    /// [`Nack`] when anything is still pending: leave the message on the queue. Handling it again goes on
    /// where this stopped.
    pub async fn handle(&self, message: &str) -> Result<Handled, Nack> {
        let mut decisions = Vec::new();
        match messages(message) {
            Ok(texts) => {
                for text in &texts {
                    decisions.push(self.handle_text(text).await?);
                }
            }
            Err(error) => decisions.push(self.handle_unreadable(message, &error.to_string()).await?),
        }
        Ok(Handled { decisions })
    }

    /// The decisions made last, the newest first, each with what became of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn journal(&self, most: usize) -> Result<Vec<Entry>, store::Error> {
        self.store.recent(most).await
    }

    /// Pages that a message is about to be given up by its queue.
    ///
    /// # Errors
    /// [`Nack`] when the page is still pending; a tick goes on with it.
    pub async fn warn_of_dead_letter(&self, message: &str, receives: u32, reason: &str) -> Result<(), Nack> {
        let event = near_dead_letter(message, receives, reason, self.clock.now());
        let text = event.json.to_string();
        self.handle_event(&event, &text).await.map(|_| ())
    }

    /// Does what is due at `now`: takes up entries whose message did not come back, removes what is old.
    ///
    /// # Errors
    /// The store's; the next tick tries again.
    pub async fn tick(&self, now: Timestamp, keep: SignedDuration) -> Result<Ticked, store::Error> {
        let mut ticked = Ticked::default();
        for event in self.store.due(now, MOST_PER_TICK).await? {
            let Some(_claim) = self.claim(&event) else { continue };
            let Some(entry) = self.store.find(&event).await? else { continue };
            ticked.resumed += 1;
            // What stays pending has been postponed, and is due again then.
            let _ = self.perform(&entry).await;
        }
        let (most, times) = PRUNE;
        for _ in 0..times {
            let pruned = self.store.prune(now - keep, most).await?;
            ticked.pruned += pruned;
            if pruned == 0 {
                break;
            }
        }
        Ok(ticked)
    }

    async fn handle_text(&self, text: &str) -> Result<Decision, Nack> {
        match Event::read(text) {
            Ok(event) => self.handle_event(&event, text).await,
            Err(error) => self.handle_unreadable(text, &error.to_string()).await,
        }
    }

    async fn handle_unreadable(&self, raw: &str, reason: &str) -> Result<Decision, Nack> {
        let event = unreadable(raw, reason, self.clock.now());
        self.handle_event(&event, raw).await
    }

    async fn handle_event(&self, event: &Event<'_>, raw: &str) -> Result<Decision, Nack> {
        let Some(_claim) = self.claim(&event.id) else {
            let reason = format!("event {} is at work in another task", event.id);
            return Err(Nack { reason, retry_after: Some(Duration::from_secs(5)) });
        };
        let entry = match self.decided(event, raw).await {
            Ok(entry) => entry,
            Err(Undecided::Store(error)) => return Err(self.page_without_store(event, &error).await),
            Err(Undecided::Contended) => {
                let reason = "its records kept changing while it was decided".to_owned();
                return Err(Nack { reason, retry_after: None });
            }
        };
        self.perform(&entry).await?;
        Ok(entry.decision)
    }

    /// The entry of the journal: the one there is, or the one that is decided and committed now.
    async fn decided(&self, event: &Event<'_>, raw: &str) -> Result<Entry, Undecided> {
        let started = std::time::Instant::now();
        if let Some(entry) = self.store.find(&event.id).await? {
            return Ok(entry);
        }
        let case = Case::new(event, &self.policy);
        for _ in 0..MOST_DECISIONS {
            let mut state = State::default();
            loop {
                let missing = case.reads(&state);
                if missing.is_empty() {
                    break;
                }
                self.store.load(&missing, &mut state).await?;
            }
            let decision = case.decide(&state, self.clock.now());
            let entry = Entry {
                decision,
                raw: raw.to_owned(),
                sha256: sha256(raw.as_bytes()),
                outcomes: BTreeMap::new(),
            };
            match self.store.commit(&state, &entry).await? {
                Committed::Yes => {
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

    /// Pages fail open: without a store an urgent page still goes, unrecorded; the message stays, so that
    /// the decision is recorded once the store is back. A repeat carries the same dedup key.
    async fn page_without_store(&self, event: &Event<'_>, error: &store::Error) -> Nack {
        telemetry::store_failed(error);
        self.metrics.store_failed();
        let decision =
            watchfire_core::decide::decide(event, &self.policy, &State::default(), self.clock.now());
        let is_urgent_page = decision.verdict == Verdict::Page && decision.priority.is_urgent();
        if is_urgent_page && self.is_first_without_store(&event.id) {
            self.perform_unrecorded(&decision).await;
        }
        Nack { reason: format!("the store failed: {error}"), retry_after: None }
    }

    /// Whether this process has not yet paged that event without a store. What is forgotten is paged again.
    fn is_first_without_store(&self, event: &EventId) -> bool {
        let mut unrecorded = self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner);
        if unrecorded.len() == MOST_UNRECORDED {
            unrecorded.clear();
        }
        unrecorded.insert(event.clone())
    }

    /// Until the claim is dropped no other task of this process is at work on the event.
    fn claim(&self, event: &EventId) -> Option<AtWork<'_>> {
        self.lock_at_work().insert(event.clone()).then(|| AtWork { router: self, event: event.clone() })
    }

    fn lock_at_work(&self) -> std::sync::MutexGuard<'_, BTreeSet<EventId>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a tick takes up an entry that its message has been left to.
    pub(crate) fn left_to_the_queue(&self, retry_after: Option<Duration>) -> Timestamp {
        let retry_after =
            retry_after.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or_default();
        self.clock.now() + LEFT_TO_THE_QUEUE.max(retry_after)
    }
}
