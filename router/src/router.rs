//! One event's way: read, decide, commit, perform; and the same again when a message comes back.

mod acting;
mod approving;
mod asking;
mod at_work;
mod auditing;
mod beside;
mod commands;
mod counting;
mod deciding;
mod due;
mod health;
mod holding;
mod in_force;
mod incidents;
mod known_names;
mod listing;
mod naming;
mod on_call;
mod outage;
mod perform;
mod placing;
mod polling;
mod restarting;
mod resuming;
mod round;
mod set_aside;
mod set_back;
mod sight;
mod slot;
#[cfg(test)]
mod tests;
mod triaging;
mod without_store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, watch};
use watchfire_core::decision::Decision;
use watchfire_core::event::{Event, messages, near_dead_letter, not_delivered, unreadable};
use watchfire_core::ids::ChannelName;
use watchfire_core::journal::Entry;
use watchfire_core::policy::{Policy, Routes};

use crate::channel::{Channel, Lessor};
use crate::clock::Clock;
use crate::failure::Nack;
use crate::oncall::Roster;
use crate::responder::Responder;
use crate::router::acting::Hands;
use crate::rules_files;
use crate::store::{self, Store};
use crate::telemetry::{Brought, Metrics, Step, Traces, of_decision, of_message};
pub use approving::{Choice, Unclear};
use at_work::AtWork;
pub use auditing::Trail;
pub use beside::{Related, Relation};
pub(crate) use commands::SEEN_WITHIN;
pub use commands::{CommandResult, Rehearsal, recorded};
pub use counting::{CountsByPlace, RuleCounts};
use deciding::Undecided;
pub use in_force::InForce;
pub use incidents::{Story, StoryOf};
pub use listing::{Among, Listed, Wanted};
pub use naming::{Ambiguous, Meant, Thing, shortest};
use outage::Outage;
pub use outage::PAGED_AFTER;
pub(crate) use polling::hear;
pub use polling::{PollRound, poll, poll_round};
pub use resuming::RESUMED;
use set_back::Newest;
pub use sight::Sight;
pub use slot::{Slot, Slots};
pub use triaging::Triage;
use without_store::Remembered;

/// How long a pending entry is left to its message before a tick takes it up.
const LEFT_TO_THE_QUEUE: SignedDuration = SignedDuration::from_mins(5);
/// How many decisions are acted on at a time.
pub(crate) const ACTING: usize = 64;
/// How much one transaction of a tick removes, and how many of them one tick makes: new messages wait
/// for each.
const PRUNE: (usize, usize) = (2_000, 100);
/// How long that is one worker's: it is done every minute, and by another where this one has died.
const PRUNING: Duration = Duration::from_secs(150);

/// Everything that one event's way needs; shared by all tasks.
pub struct Router {
    in_force: ArcSwap<InForce>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) traces: Traces,
    /// A turn to act.
    pub(crate) acting: Semaphore,
    pub(crate) at_work: AtWork,
    pub(crate) responder: Hands,
    remembered: Remembered,
    outage: Outage,
    newest: Newest,
    watcher: Option<Watcher>,
    changes: watch::Sender<u64>,
    lessor: Lessor,
    on_call: Option<Arc<Roster>>,
    triage: Option<Arc<Triage>>,
    performed_by: PerformedBy,
}

/// Who does what is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PerformedBy {
    /// This process, which has a configuration.
    Us,
    /// Whoever works on the same store, and has one.
    Others,
}

/// Called with every decision once it is recorded, before it is performed.
pub type Watcher = Box<dyn Fn(&Decision) + Send + Sync>;

/// A message that is done with: it can be deleted.
#[derive(Debug)]
pub struct Handled {
    /// What was decided about each event in it, now or earlier.
    pub decisions: Vec<Decision>,
}

/// An event that is decided, and in this task's hands until it is done.
pub struct Begun<'r> {
    entry: Entry,
    _claim: at_work::Claim<'r>,
}

impl Begun<'_> {
    /// What was decided, now or earlier.
    pub fn decision(&self) -> &Decision {
        &self.entry.decision
    }
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Entries taken up whose message had not come back.
    pub resumed: usize,
    /// What was decided because its time had come.
    pub woken: usize,
    /// Records removed because they were old.
    pub pruned: u64,
}

impl Handled {
    /// When the first of what was decided is to be looked at again; none where nothing is.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.decisions.iter().filter_map(Decision::next_wake).min()
    }
}

impl Router {
    /// Puts the parts together.
    pub fn new(
        policy: impl Into<Arc<Policy>>,
        store: Store,
        channels: BTreeMap<ChannelName, Channel>,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Self {
        let channels: BTreeMap<_, _> =
            channels.into_iter().map(|(name, channel)| (name, Arc::new(channel))).collect();
        channels.keys().for_each(|channel| metrics.channel_is_up(channel, true));
        let lessor = Lessor::new(&store, &clock);
        channels.values().for_each(|channel| channel.share(&lessor));
        Self {
            in_force: ArcSwap::from_pointee(InForce { policy: policy.into(), channels }),
            store,
            clock,
            metrics,
            traces: Traces::default(),
            acting: Semaphore::new(ACTING),
            at_work: AtWork::default(),
            responder: None,
            remembered: Remembered::default(),
            outage: Outage::default(),
            newest: Newest::default(),
            watcher: None,
            changes: watch::Sender::new(0),
            lessor,
            performed_by: PerformedBy::Us,
            on_call: None,
            triage: None,
        }
    }

    /// One that records what people ask for, and leaves what is to be done to whoever works on the same store: it has no
    /// configuration, so that it knows of no channel and no cluster.
    pub fn recording(store: Store) -> Self {
        let policy = Policy::new(rules_files::shipped(), Routes::default());
        let new = Self::new(policy, store, BTreeMap::new(), Clock::System, Arc::default());
        Self { performed_by: PerformedBy::Others, ..new }
    }

    /// Whether what the policy says is what was configured.
    pub(crate) fn has_configuration(&self) -> bool {
        self.performed_by == PerformedBy::Us
    }

    /// Gives it a cluster to ask and to act on.
    pub fn with_responder(mut self, responder: Hands) -> Self {
        self.responder = responder;
        self
    }

    /// Has it tell a collector of its steps.
    pub fn with_traces(mut self, traces: Traces) -> Self {
        self.traces = traces;
        self
    }

    /// The cluster that it asks and acts on.
    pub fn responder(&self) -> Option<&Responder> {
        self.responder.as_deref()
    }

    /// Has every decision shown to `watcher` once it is recorded, before it is performed.
    pub fn watch_decisions(&mut self, watcher: Option<Watcher>) {
        self.watcher = watcher;
    }

    /// Changes its value whenever this process has recorded a decision or what became of one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn has_changed(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// Decides every event in a message and performs what was decided. One event that is pending holds up
    /// none of its neighbours.
    ///
    /// # Errors
    /// [`Nack`] when anything is still pending: leave the message on the queue. Handling it again goes on
    /// where this stopped.
    pub async fn handle(&self, message: &str) -> Result<Handled, Nack> {
        self.handle_in(message, &Slot::none()).await
    }

    /// The same of an event that came by itself, as part of the trace that it came with.
    ///
    /// # Errors
    /// As `handle`.
    pub async fn handle_brought(&self, message: &str, brought: &Brought) -> Result<Handled, Nack> {
        let told = |handled: &Result<Handled, Nack>| of_message(None, handled);
        self.traces.receive(brought, self.handle(message), told).await
    }

    /// The same by a task that holds a slot: it leaves it to others while all it does is wait.
    ///
    /// # Errors
    /// As `handle`.
    pub async fn handle_in(&self, message: &str, slot: &Slot) -> Result<Handled, Nack> {
        match messages(message) {
            Ok(texts) => merged(join_all(texts.iter().map(|text| self.handle_text(text, slot))).await),
            Err(error) => merged(vec![self.handle_unreadable(message, &error.to_string(), slot).await]),
        }
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
        self.handle_own(&near_dead_letter(message, receives, reason, self.clock.now())).await
    }

    /// Pages that nobody took the page of that event, and nobody will.
    pub(crate) async fn warn_of_refusal(&self, decision: &Decision, reason: &str) -> Result<(), Nack> {
        let event = not_delivered(&decision.event, decision.priority, reason, self.clock.now());
        // By way of a box, because this page may be refused in its turn.
        Box::pin(self.handle_own(&event)).await
    }

    /// Does what is due at `now`: escalations, roll-ups, the digest; takes up entries whose message did not come
    /// back; removes what is old.
    ///
    /// # Errors
    /// The store's; the next tick tries again. An entry that cannot be read holds up no other.
    pub async fn tick(&self, now: Timestamp, keep: SignedDuration) -> Result<Ticked, store::Error> {
        let woken = self.wake(now).await?;
        let resumed = self.resume_all(now).await?;
        let pruned = self.prune(now, keep).await?;
        self.look_who_is_on_call().await;
        Ok(Ticked { resumed, woken, pruned })
    }

    /// Removes what is older than it is kept; returns how many records. Where there are many workers one of them does.
    ///
    /// # Errors
    /// The store's.
    pub async fn prune(&self, now: Timestamp, keep: SignedDuration) -> Result<u64, store::Error> {
        if !self.store.claim("prune", self.clock.now(), PRUNING).await? {
            return Ok(0);
        }
        let (most, times) = PRUNE;
        let mut all = 0;
        for _ in 0..times {
            let pruned = self.store.prune(now - keep, most).await?;
            all += pruned;
            if pruned == 0 {
                break;
            }
        }
        Ok(all)
    }

    async fn handle_text(&self, text: &str, slot: &Slot) -> Result<Decision, Nack> {
        let begun = self.begin(text).await?;
        self.finish(begun, slot).await
    }

    async fn handle_unreadable(&self, raw: &str, reason: &str, slot: &Slot) -> Result<Decision, Nack> {
        let begun = self.begin_unreadable(raw, reason).await?;
        self.finish(begun, slot).await
    }

    async fn handle_own(&self, event: &Event<'_>) -> Result<(), Nack> {
        let begun = self.begin_event(event, &event.json.to_string()).await?;
        self.finish(begun, &Slot::none()).await.map(|_| ())
    }

    /// Decides one event. When it returns the decision is in the journal, from where it is performed whatever becomes of
    /// this process: whoever sent the event may be told that it is taken.
    ///
    /// # Errors
    /// [`Nack`] when it is not in the journal: it has to come again.
    pub async fn begin(&self, text: &str) -> Result<Begun<'_>, Nack> {
        match Event::read(text) {
            Ok(event) => self.begin_event(&event, text).await,
            Err(error) => self.begin_unreadable(text, &error.to_string()).await,
        }
    }

    async fn begin_unreadable(&self, raw: &str, reason: &str) -> Result<Begun<'_>, Nack> {
        self.begin_event(&unreadable(raw, reason, self.clock.now()), raw).await
    }

    async fn begin_event(&self, event: &Event<'_>, raw: &str) -> Result<Begun<'_>, Nack> {
        let Some(claim) = self.at_work.claim(&event.id) else {
            let reason = format!("event {} is at work in another task", event.id);
            return Err(Nack { reason, retry_after: Some(Duration::from_secs(5)) });
        };
        let told = |decided: &Result<Entry, Undecided>| {
            of_decision(decided.as_ref().ok().map(|entry| &entry.decision))
        };
        match self.traces.step(Step::Decide, self.decided(event, raw), told).await {
            Ok(entry) => Ok(Begun { entry, _claim: claim }),
            Err(Undecided::Store(error)) => Err(self.page_without_store(event, &error).await),
            Err(Undecided::Contended) => {
                let reason = "its records kept changing while it was decided".to_owned();
                Err(Nack { reason, retry_after: None })
            }
        }
    }

    /// Performs what was decided.
    ///
    /// # Errors
    /// [`Nack`] when anything is still pending; whoever is asked to handle the event again goes on, and so does a tick.
    pub async fn finish(&self, begun: Begun<'_>, slot: &Slot) -> Result<Decision, Nack> {
        tokio::select! {
            performed = self.perform(&begun.entry) => performed?,
            never = slot.left_to_others() => match never {},
        }
        Ok(begun.entry.decision)
    }

    /// When a tick takes up an entry that its message has been left to.
    pub(crate) fn left_to_the_queue(&self, retry_after: Option<Duration>) -> Timestamp {
        let retry_after =
            retry_after.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or_default();
        self.now() + LEFT_TO_THE_QUEUE.max(retry_after)
    }

    /// The time, remembered as one that something was written at.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        self.newest.saw(now);
        now
    }
}

/// Done if all are; else it comes again when the one that asked for the longest wait has had it.
fn merged(results: Vec<Result<Decision, Nack>>) -> Result<Handled, Nack> {
    let (mut decisions, mut reasons, mut longest) = (Vec::new(), Vec::new(), None);
    for result in results {
        match result {
            Ok(decision) => decisions.push(decision),
            Err(Nack { reason, retry_after }) => {
                reasons.push(reason);
                longest = longest.max(retry_after);
            }
        }
    }
    match reasons.is_empty() {
        true => Ok(Handled { decisions }),
        false => Err(Nack { reason: reasons.join("; "), retry_after: longest }),
    }
}
