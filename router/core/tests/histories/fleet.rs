//! Several workers on one store, step by step in a random order: each read, each merge and each commit is a step of its
//! own; workers are killed between any two, and answers to commits are lost.
//!
//! The store here is the least that the contract promises: records and versions in maps, a commit conditioned on what
//! the decision changes or is about, merges made one by one before it, and nothing else. A seed makes a schedule.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use watchfire_core::command::{Asked, Command};
use watchfire_core::context::Context;
use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::event::{Event, messages, unreadable};
use watchfire_core::ids::EventId;
use watchfire_core::policy::Policy;
use watchfire_core::priority::Priority;
use watchfire_core::scenario::{Scenario, StepInput};
use watchfire_core::state::{Key, Merge, Record, State, Unread, contents};
use watchfire_core::suppress::as_said;
use watchfire_core::timer::Timer;
use watchfire_core::verdict::Why;

const WORKERS: usize = 3;

/// Numbers that look random and are the same for a seed, by splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// What the contract promises, and nothing else.
#[derive(Default)]
struct Store {
    records: BTreeMap<Key, (u64, Timestamp, Record)>,
    journal: BTreeMap<EventId, Decision>,
    /// Merges that were made for a decision, which may never be committed: none is made twice.
    merged: BTreeSet<(EventId, Key, String)>,
    versions: u64,
}

enum Committed {
    Yes,
    Stale,
    AlreadyDecided,
}

impl Store {
    fn read(&self, key: &Key, into: &mut State) {
        if let Key::DigestContents(edition) = key {
            let records = self.records.iter().map(|(key, (_, _, record))| (key, record));
            return into.insert(key.clone(), 0, Some(contents(*edition, records)));
        }
        match self.records.get(key).cloned() {
            Some((version, at, record)) => into.insert_changed(key.clone(), version, at, record),
            None => into.insert(key.clone(), 0, None),
        }
    }

    fn put(&mut self, key: Key, at: Timestamp, record: Record) {
        self.versions += 1;
        self.records.insert(key, (self.versions, at, record));
    }

    /// False where the decision would be another one now.
    fn merge(&mut self, decision: &Decision, index: usize) -> bool {
        let (key, merge): &(Key, Merge) = &decision.merges[index];
        let id = (decision.event.clone(), key.clone(), format!("{merge:?}"));
        if merge.counts() && self.merged.contains(&id) {
            return true;
        }
        let found = self.records.get(key).map(|(_, _, record)| record);
        let Some(after) = merge.on(found, decision.at) else { return false };
        if found != Some(&after) {
            self.put(key.clone(), decision.at, after);
        }
        self.merged.insert(id);
        true
    }

    fn commit(&mut self, read: &State, decision: &Decision) -> Committed {
        if self.journal.contains_key(&decision.event) {
            return Committed::AlreadyDecided;
        }
        let version = |key: &Key| self.records.get(key).map_or(0, |(version, _, _)| *version);
        if decision.conditions(read).any(|(key, read)| version(key) != read) {
            return Committed::Stale;
        }
        for (key, record) in &decision.changes {
            self.put(key.clone(), decision.at, record.clone());
        }
        self.journal.insert(decision.event.clone(), decision.clone());
        Committed::Yes
    }

    fn due(&self, now: Timestamp) -> Vec<(Timestamp, Key)> {
        let wakes = self.records.iter().filter_map(|(key, (_, _, record))| Some((record.wake_at()?, key)));
        let mut due: Vec<_> = wakes.filter(|(at, _)| *at <= now).map(|(at, key)| (at, key.clone())).collect();
        due.sort_by_key(|(at, key)| (*at, key.to_string()));
        due
    }
}

/// What a worker has taken.
#[derive(Clone)]
enum Task {
    /// From the queue; it is there again if the worker dies.
    Message(String),
    Command(Box<Command>),
    /// Of the store; it is still due if the worker dies.
    Timer(Key, Timestamp),
}

/// How far a worker is.
enum Worker {
    Idle,
    Reading { task: Task, state: State },
    Merging { task: Task, state: State, decision: Box<Decision>, made: usize },
}

struct Fleet<'p> {
    policy: &'p Policy,
    store: Store,
    queue: VecDeque<Task>,
    workers: Vec<Worker>,
    dice: Dice,
    now: Timestamp,
}

impl<'p> Fleet<'p> {
    fn new(policy: &'p Policy, seed: u64) -> Self {
        let workers = (0..WORKERS).map(|_| Worker::Idle).collect();
        let (store, queue, dice) = (Store::default(), VecDeque::new(), Dice(seed));
        Self { policy, store, queue, workers, dice, now: Timestamp::UNIX_EPOCH }
    }

    /// One step of one worker.
    fn step(&mut self) {
        let worker = self.dice.below(WORKERS);
        let next = match std::mem::replace(&mut self.workers[worker], Worker::Idle) {
            Worker::Idle => self.take(),
            busy if self.dice.one_in(40) => self.killed(busy),
            Worker::Reading { task, state } => self.read(task, state),
            Worker::Merging { task, state, decision, made } if made < decision.merges.len() => {
                match self.store.merge(&decision, made) {
                    true => Worker::Merging { task, state, decision, made: made + 1 },
                    false => Worker::Reading { task, state: State::default() },
                }
            }
            Worker::Merging { task, state, decision, made: _ } => self.commit(task, &state, &decision),
        };
        self.workers[worker] = next;
    }

    fn take(&mut self) -> Worker {
        let due = self.store.due(self.now);
        let task = match self.dice.below(due.len() + self.queue.len() + 1) {
            index if index < due.len() => {
                let (at, key) = due[index].clone();
                Some(Task::Timer(key, at))
            }
            _ => self.queue.pop_front(),
        };
        task.map_or(Worker::Idle, |task| Worker::Reading { task, state: State::default() })
    }

    fn killed(&mut self, busy: Worker) -> Worker {
        match busy {
            Worker::Reading { task, .. } | Worker::Merging { task, .. } => self.again(task),
            Worker::Idle => {}
        }
        Worker::Idle
    }

    fn again(&mut self, task: Task) {
        if !matches!(task, Task::Timer(..)) {
            self.queue.push_back(task);
        }
    }

    /// Decides, or reads the next of what is missing.
    fn read(&mut self, task: Task, mut state: State) -> Worker {
        match self.decide(&task, &state) {
            Ok(Some(decision)) => {
                if self.store.journal.contains_key(&decision.event) {
                    return Worker::Idle;
                }
                Worker::Merging { task, state, decision: Box::new(decision), made: 0 }
            }
            Ok(None) => Worker::Idle,
            Err(Unread(missing)) => {
                // Together, as by one call; but never at the same moment as the last.
                missing.iter().for_each(|key| self.store.read(key, &mut state));
                Worker::Reading { task, state }
            }
        }
    }

    fn decide(&self, task: &Task, state: &State) -> Result<Option<Decision>, Unread> {
        let context = Context::none();
        match task {
            Task::Message(text) => {
                let texts = messages(text).unwrap();
                let text = texts.first().unwrap();
                let event =
                    Event::read(text).unwrap_or_else(|error| unreadable(text, &error.to_string(), self.now));
                Case::new(&event, self.policy, &context).decide(state, self.now).map(Some)
            }
            Task::Command(command) => {
                let asked =
                    Asked { command, policy: self.policy, context: &context, effect: None, names: None };
                asked.decide(state, self.now).map(Some)
            }
            Task::Timer(key, at) => Timer::new(key, *at, self.policy).decide(state, self.now),
        }
    }

    fn commit(&mut self, task: Task, state: &State, decision: &Decision) -> Worker {
        match self.store.commit(state, decision) {
            Committed::Stale => return Worker::Reading { task, state: State::default() },
            // Nobody hears that it is written: the message comes again.
            Committed::Yes if self.dice.one_in(20) => self.again(task),
            Committed::Yes | Committed::AlreadyDecided => {}
        }
        Worker::Idle
    }

    /// Until nobody has anything to do at this time.
    fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..200_000 {
            self.step();
            let is_busy = self.workers.iter().any(|worker| !matches!(worker, Worker::Idle));
            quiet = if is_busy || !self.queue.is_empty() { 0 } else { quiet + 1 };
            if quiet > WORKERS * 4 && self.store.due(self.now).is_empty() {
                return;
            }
        }
        panic!("it does not come to rest: due {:?}", self.store.due(self.now));
    }

    fn record(&self, key: &Key) -> Option<&Record> {
        self.store.records.get(key).map(|(_, _, record)| record)
    }

    /// Nothing that waited is untold.
    fn all_is_told(&self) {
        for (key, (_, _, record)) in &self.store.records {
            match record {
                Record::Bundle(bundle) => assert_eq!(bundle.unsaid, 0, "{key} was never said: {bundle:#?}"),
                Record::Incident(incident) if incident.open => {
                    let mut state = State::default();
                    let bundle = incident.held.as_ref().and_then(|held| held.bundle.clone()).map(Key::Bundle);
                    bundle.iter().for_each(|key| self.store.read(key, &mut state));
                    let held = as_said(incident, &state).unwrap().held;
                    assert_eq!(held, None, "{key} is held and never said: {incident:#?}");
                }
                Record::DigestEdition(edition) => assert_eq!(edition.due_at, None, "{key} was never said"),
                Record::DigestLine(line) => {
                    let Key::DigestLine(edition, _) = key else { panic!("{key} is no line") };
                    let Some(Record::Digest(digest)) = self.record(&Key::Digest) else {
                        panic!("no edition")
                    };
                    assert!(*edition < digest.edition, "{key} was never said: {line:#?}");
                }
                _ => {}
            }
        }
    }

    /// Only a silence that says so, a greater incident and the owner's mute hold a P0.
    fn no_p0_waits(&self) {
        for decision in self.store.journal.values().filter(|decision| decision.priority == Priority::P0) {
            let waits = matches!(decision.why, Why::Limited | Why::Grouped | Why::Stormed | Why::Flapping);
            assert!(!waits, "a P0 waits: {decision:#?}");
        }
    }

    /// No message was lost, whoever died with it.
    fn every_event_is_decided(&self, messages: &BTreeSet<EventId>) {
        let decided: BTreeSet<_> = self.store.journal.keys().cloned().collect();
        let missing: Vec<_> = messages.difference(&decided).collect();
        assert!(missing.is_empty(), "never decided: {missing:?}");
    }
}

/// Plays a history with several workers, and 60 days after it.
pub(crate) fn play(scenario: &Scenario, seed: u64) {
    let mut fleet = Fleet::new(scenario.policy(), seed);
    let mut events = BTreeSet::new();
    for input in scenario.steps.iter().flat_map(|step| &step.inputs) {
        let (at, task) = match input {
            StepInput::Message { text, at } => {
                let texts = messages(text).unwrap();
                if let Ok(event) = Event::read(texts.first().unwrap()) {
                    events.insert(event.id.clone());
                }
                (*at, Some(Task::Message(text.clone())))
            }
            StepInput::Command { command, at } => (*at, Some(Task::Command(Box::new(command.clone())))),
            StepInput::Tick { at } => (*at, None),
        };
        if at > fleet.now {
            // Some of what is at work stays so while time passes.
            for _ in 0..fleet.dice.below(60) {
                fleet.step();
            }
            fleet.now = at;
        }
        fleet.queue.extend(task);
        for _ in 0..fleet.dice.below(12) {
            fleet.step();
        }
    }
    fleet.settle();
    fleet.every_event_is_decided(&events);
    for _ in 0..60 * 24 / 11 {
        fleet.now += SignedDuration::from_hours(11);
        fleet.settle();
    }
    fleet.all_is_told();
    fleet.no_p0_waits();
}
