//! Deciding a whole history in memory, without the world: what would have been said, and why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::context::Context;
use crate::decide::Case;
use crate::decision::{Decision, Verdict, Why};
use crate::event::{Event, messages, unreadable};
use crate::ids::EventId;
use crate::incident::{Key, Record, State};
use crate::policy::Policy;

/// A history as far as it was replayed.
#[derive(Debug)]
pub struct Replay<'p> {
    policy: &'p Policy,
    records: BTreeMap<Key, (u64, Record)>,
    decided: BTreeSet<EventId>,
    now: Timestamp,
}

impl<'p> Replay<'p> {
    /// Nothing has happened yet.
    pub fn new(policy: &'p Policy) -> Self {
        Self { policy, records: BTreeMap::new(), decided: BTreeSet::new(), now: Timestamp::UNIX_EPOCH }
    }

    /// Decides every event in a message, at the time the event itself gives, never going back in time.
    pub fn message(&mut self, message: &str) -> Vec<Decision> {
        match messages(message) {
            Ok(texts) => texts.iter().map(|text| self.text(text)).collect(),
            Err(error) => vec![self.event(&unreadable(message, &error.to_string(), self.now))],
        }
    }

    /// Decides what stands for a message that is not even text; `raw` is what can be shown of it.
    pub fn unreadable(&mut self, raw: &str, reason: &str) -> Decision {
        self.event(&unreadable(raw, reason, self.now))
    }

    fn text(&mut self, text: &str) -> Decision {
        match Event::read(text) {
            Ok(event) => self.event(&event),
            Err(error) => self.event(&unreadable(text, &error.to_string(), self.now)),
        }
    }

    fn event(&mut self, event: &Event<'_>) -> Decision {
        let finding = event.finding.as_ref();
        let happened = event.time.or(finding.and_then(|finding| finding.updated_at));
        self.now = self.now.max(happened.unwrap_or(self.now));
        let context = Context::none();
        let case = Case::new(event, self.policy, &context);
        let mut state = State::default();
        loop {
            let missing = case.reads(&state);
            if missing.is_empty() {
                break;
            }
            for key in missing {
                let (version, record) = match self.records.get(&key) {
                    Some((version, record)) => (*version, Some(record.clone())),
                    None => (0, None),
                };
                state.insert(key, version, record);
            }
        }
        let decision = case.decide(&state, self.now);
        if !self.decided.insert(event.id.clone()) {
            // A redelivery: its decision stands, nobody hears of it again.
            let effects = Vec::new();
            return Decision {
                verdict: Verdict::Quiet,
                why: Why::Repeat,
                effects,
                acts: Vec::new(),
                withheld: Vec::new(),
                ..decision
            };
        }
        for (key, record) in &decision.changes {
            let version = self.records.get(key).map_or(0, |(version, _)| *version);
            self.records.insert(key.clone(), (version + 1, record.clone()));
        }
        decision
    }
}
