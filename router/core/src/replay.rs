//! Deciding a whole history in memory, without the world: what would have been said, and why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::attributes::Attributes;
use crate::command::{Asked, Command};
use crate::context::Context;
use crate::decide::Case;
use crate::decision::Decision;
use crate::digest::EditionNumber;
use crate::event::{Event, Finding, messages, unreadable};
use crate::hash::sum;
use crate::ids::IncidentKey;
use crate::policy::Policy;
use crate::silence::SilenceEffect;
use crate::state::{Key, Record, State, Unread, contents};
use crate::timer::{SetBack, Timer, Turns};
use crate::verdict::{Verdict, Why};

/// A history as far as it was replayed.
#[derive(Debug)]
pub struct Replay<'p> {
    policy: &'p Policy,
    /// Each at its version, and when it was changed.
    records: BTreeMap<Key, (u64, Timestamp, Record)>,
    /// When something is due about which record; at the same moment in the order of keys, as in the store.
    due: BTreeMap<(Timestamp, String), Key>,
    /// The sums of the ids of events: of a long history there are many.
    decided: BTreeSet<u128>,
    /// What events looked like, and when they were decided: for what a silence would have done. None where nobody asks.
    faces: Option<Vec<(Timestamp, Attributes)>>,
    now: Timestamp,
    /// The latest time that anything was decided at since the clock was last set back.
    newest: Timestamp,
}

impl<'p> Replay<'p> {
    /// Nothing has happened yet.
    pub fn new(policy: &'p Policy) -> Self {
        Self {
            policy,
            records: BTreeMap::new(),
            due: BTreeMap::new(),
            decided: BTreeSet::new(),
            faces: Some(Vec::new()),
            now: Timestamp::UNIX_EPOCH,
            newest: Timestamp::UNIX_EPOCH,
        }
    }

    /// The same of a history in which no human asks for anything: what only their commands look at is not kept, so that a long
    /// one takes little more memory than what is open.
    pub fn of_events(policy: &'p Policy) -> Self {
        Self { faces: None, ..Self::new(policy) }
    }

    /// Decides every event in a message, at the time the event itself gives, never going back in time. What
    /// is due before that comes first.
    pub fn message(&mut self, message: &str) -> Vec<Decision> {
        match messages(message) {
            Ok(texts) => texts.iter().flat_map(|text| self.text(text)).collect(),
            Err(error) => vec![self.event(&unreadable(message, &error.to_string(), self.now))],
        }
    }

    /// Decides every event in a message at that time, whatever the events themselves say, and whatever time it
    /// was before: clocks are set back.
    pub fn message_at(&mut self, message: &str, now: Timestamp) -> Vec<Decision> {
        self.now = now;
        match messages(message) {
            Ok(texts) => texts.iter().map(|text| self.text_now(text)).collect(),
            Err(error) => vec![self.event(&unreadable(message, &error.to_string(), self.now))],
        }
    }

    /// Decides what stands for a message that is not even text; `raw` is what can be shown of it.
    pub fn unreadable(&mut self, raw: &str, reason: &str) -> Decision {
        self.event(&unreadable(raw, reason, self.now))
    }

    /// Decides what is due up to that time, each as of its own time.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Decision> {
        let mut decisions = Vec::new();
        let none = Turns::default();
        while let Some(due_at) =
            self.next_due(&none).map(|(due_at, _)| due_at).filter(|due_at| *due_at <= now)
        {
            let tick = self.tick(due_at.max(self.now));
            if tick.is_empty() {
                break;
            }
            decisions.extend(tick);
        }
        decisions
    }

    /// Decides what is due at that time, in the order in which it was due. Where the clock was set back, what was
    /// written before is put right first.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Decision> {
        self.now = now;
        let mut decisions = self.after_set_back();
        let mut turns = Turns::default();
        while let Some((due_at, key)) = self.next_due(&turns).filter(|(due_at, _)| *due_at <= self.now) {
            let woken = Timer::new(&key, due_at, self.policy);
            let (decision, _) = self.read(|state| woken.decide(state, self.now));
            let Some(decision) = decision else {
                self.due.remove(&(due_at, key.to_string()));
                continue;
            };
            turns.took(key);
            self.commit(&decision);
            decisions.push(decision);
        }
        decisions
    }

    fn after_set_back(&mut self) -> Vec<Decision> {
        let now = self.now;
        if std::mem::replace(&mut self.newest, now) <= now {
            return Vec::new();
        }
        let ahead = self.records.iter().filter(|(_, (_, changed_at, _))| *changed_at > now);
        let ahead: Vec<_> = ahead.map(|(key, _)| key.clone()).collect();
        let mut decisions = Vec::new();
        for keys in ahead.chunks(SetBack::MOST) {
            let set_back = SetBack::new(keys, self.policy);
            let (decision, _) = self.read(|state| set_back.decide(state, now));
            let Some(decision) = decision else { continue };
            self.commit(&decision);
            decisions.push(decision);
        }
        decisions
    }

    fn next_due(&self, turns: &Turns) -> Option<(Timestamp, Key)> {
        let mut due = self.due.iter().filter(|(_, key)| !turns.leaves(key));
        due.next().map(|((due_at, _), key)| (*due_at, key.clone()))
    }

    /// Decides what a human asks for, at that time.
    pub fn command(&mut self, command: &Command, now: Timestamp) -> Decision {
        self.now = now;
        let effect = self.effect_of(command);
        let context = Context::none();
        let effect = effect.as_ref();
        let asked = Asked { command, policy: self.policy, context: &context, effect, names: None };
        let (decision, _) = self.read(|state| asked.decide(state, self.now));
        self.commit(&decision);
        decision
    }

    /// The record under that key.
    pub fn record(&self, key: &Key) -> Option<&Record> {
        self.records.get(key).map(|(_, _, record)| record)
    }

    /// All records, by key.
    pub fn records(&self) -> impl Iterator<Item = (&Key, &Record)> {
        self.records.iter().map(|(key, (_, _, record))| (key, record))
    }

    /// As after a restart: every record as it comes back from the store's JSON, and what is due found in them.
    pub fn restart(&mut self) {
        let again = |record: &Record| {
            let json =
                serde_json::to_string(record).expect("our own types have text as keys and fail nowhere");
            serde_json::from_str(&json).expect("what was written is read")
        };
        self.records.values_mut().for_each(|(_, _, record)| *record = again(record));
        let due = self
            .records
            .iter()
            .filter_map(|(key, (_, _, record))| Some(((record.wake_at()?, key.to_string()), key.clone())));
        self.due = due.collect();
    }

    fn effect_of(&self, command: &Command) -> Option<SilenceEffect> {
        let crate::command::CommandKind::Silence(draft) = &command.wish else { return None };
        let pattern = crate::attributes::Attributes::pattern(&draft.matches).ok()?;
        let day = jiff::SignedDuration::from_hours(24);
        let last_day = self.faces.iter().flatten().filter(|(at, _)| self.now.duration_since(*at) < day);
        Some(SilenceEffect::of(&pattern, last_day.map(|(_, face)| face)))
    }

    fn text(&mut self, text: &str) -> Vec<Decision> {
        let Ok(event) = Event::read(text) else { return vec![self.text_now(text)] };
        let happened = event.time.or_else(|| event.finding.as_ref().and_then(reported_at));
        let now = self.now.max(happened.unwrap_or(self.now));
        let mut decisions = self.advance(now);
        self.now = now;
        decisions.push(self.event(&event));
        decisions
    }

    fn text_now(&mut self, text: &str) -> Decision {
        match Event::read(text) {
            Ok(event) => self.event(&event),
            Err(error) => self.event(&unreadable(text, &error.to_string(), self.now)),
        }
    }

    fn event(&mut self, event: &Event<'_>) -> Decision {
        let context = Context::none();
        let case = Case::new(event, self.policy, &context);
        let (decision, _) = self.read_with(case.expected(self.now), |state| case.decide(state, self.now));
        if !self.decided.insert(sum(event.id.as_str())) {
            // A redelivery: its decision stands, nobody hears of it again.
            let effects = Vec::new();
            return Decision {
                verdict: Verdict::Quiet,
                why: Why::Repeat,
                effects,
                acts: Vec::new(),
                withheld: Vec::new(),
                edits: Vec::new(),
                changes: BTreeMap::new(),
                merges: Vec::new(),
                ..decision
            };
        }
        if let Some(faces) = &mut self.faces {
            faces.push((self.now, Attributes::of(event, case.rule(), &context)));
        }
        self.commit(&decision);
        decision
    }

    /// Asks until everything has been read that is needed for the answer.
    fn read<T>(&self, decide: impl Fn(&State) -> Result<T, Unread>) -> (T, State) {
        self.read_with([], decide)
    }

    /// The same, where it is known what it will most likely ask for.
    fn read_with<T>(
        &self,
        expected: impl IntoIterator<Item = Key>,
        decide: impl Fn(&State) -> Result<T, Unread>,
    ) -> (T, State) {
        let mut state = State::default();
        expected.into_iter().for_each(|key| self.load(key, &mut state));
        loop {
            match decide(&state) {
                Ok(decided) => return (decided, state),
                Err(Unread(missing)) => missing.into_iter().for_each(|key| self.load(key, &mut state)),
            }
        }
    }

    fn load(&self, key: Key, state: &mut State) {
        if let Key::DigestContents(edition) = key {
            let contents = self.contents(edition);
            return state.insert(key, 0, Some(contents));
        }
        match self.records.get(&key).cloned() {
            Some((version, at, record)) => state.insert_changed(key, version, at, record),
            None => state.insert(key, 0, None),
        }
    }

    fn contents(&self, edition: EditionNumber) -> Record {
        let first = |edition| Key::DigestLine(edition, IncidentKey::new(""));
        let lines = self.records.range(first(edition)..first(edition.next()));
        contents(edition, lines.map(|(key, (_, _, record))| (key, record)))
    }

    fn commit(&mut self, decision: &Decision) {
        let found = |key: &Key| self.records.get(key).map(|(_, _, record)| record.clone());
        let records = decision.comes_to(found).expect("nobody else has changed anything");
        for (key, record) in records {
            let version = match self.records.get(&key) {
                Some((version, _, before)) => {
                    if let Some(due_at) = before.wake_at() {
                        self.due.remove(&(due_at, key.to_string()));
                    }
                    *version
                }
                None => 0,
            };
            if let Some(due_at) = record.wake_at() {
                self.due.insert((due_at, key.to_string()), key.clone());
            }
            self.records.insert(key, (version + 1, decision.at, record));
        }
        self.newest = self.newest.max(decision.at);
    }
}

/// When a finding that came without an envelope was reported, by its own account: not a year and more after what it
/// tells of was last seen, or the clock of a whole history would be one sender's.
fn reported_at(finding: &Finding) -> Option<Timestamp> {
    let year = jiff::SignedDuration::from_hours(365 * 24);
    let seen = finding.last_seen.or(finding.first_seen);
    match (finding.updated_at, seen) {
        (Some(updated_at), Some(seen)) if updated_at.duration_since(seen) > year => Some(seen),
        (updated_at, _) => updated_at,
    }
}
