//! Small entries and records to try a store with.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use watchfire_core::action::ActionName;
use watchfire_core::builders::{self, finding_record};
use watchfire_core::decision::{Decision, Effect, Reason, Wanted, When, Withheld};
use watchfire_core::ids::{ChannelName, EffectId, EventId, FindingKey, IncidentKey};
use watchfire_core::incident::{FindingRecord, IncidentRecord};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::notice::Notice;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record};

/// That many seconds into the test's own time, which is not over yet: a table's time to live goes by the world's clock, and
/// takes away what has expired by that.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(4_100_000_000 + seconds).unwrap()
}

/// An entry decided then, with those effects, all pending.
pub fn entry(event: &str, seconds: i64, effects: &[&str]) -> Entry {
    let decision = Decision {
        at: at(seconds),
        effects: effects.iter().map(|id| effect(event, id)).collect(),
        withheld: vec![Withheld {
            action: Wanted::Action(ActionName::Quarantine),
            reason: Reason::Recorded("not built yet".to_owned()),
        }],
        ..builders::decision(event)
    };
    let raw = format!(r#"{{"id":"{event}","detail":{{"title":"\u00fc ü \n"}}}}"#);
    Entry { raw, ..builders::entry(decision) }
}

fn effect(event: &str, id: &str) -> Effect {
    let notice = Notice { event: EventId::new(event), at: Some(at(-3)), ..builders::notice() };
    Effect {
        id: EffectId::new(id),
        when: When::IfDone(vec![(EventId::new("earlier"), EffectId::new("page:oncall"))]),
        notice,
        ..builders::page()
    }
}

/// An open incident's record with that many events.
pub fn record(events: u64) -> Record {
    let paged = vec![(EventId::new("earlier"), EffectId::new("page:oncall"))];
    Record::Incident(IncidentRecord {
        said_at: at(1),
        events,
        findings: BTreeSet::from([FindingKey::new("finding-1"), FindingKey::new("finding-2")]),
        paged: BTreeMap::from([(ChannelName::new("oncall"), paged)]),
        ..IncidentRecord::begun(None, Priority::P1, None, at(0))
    })
}

/// The same, closed.
pub(super) fn closed(events: u64) -> Record {
    let Record::Incident(incident) = record(events) else { unreachable!("it is an incident's") };
    Record::Incident(IncidentRecord { open: false, ..incident })
}

/// A finding's record with that count, of `incident-1`, and where it is kept.
pub fn finding(key: &str, count: u64) -> (Key, Record) {
    let record = FindingRecord { count, ..finding_record(IncidentKey::new("incident-1")) };
    (Key::Finding(FindingKey::new(key)), Record::Finding(record))
}

/// An effect and its outcome: done then.
pub fn done(effect: &str, seconds: i64) -> (EffectId, Outcome) {
    let receipt = format!("receipt of {effect} at {seconds}");
    (EffectId::new(effect), Outcome::Done { at: at(seconds), receipt })
}

/// The entry with those changes.
pub(super) fn changing(mut entry: Entry, changes: impl IntoIterator<Item = (Key, Record)>) -> Entry {
    entry.decision.changes = changes.into_iter().collect();
    entry
}

/// The entry as it is found: changes are kept as records, not with it.
pub(super) fn found(mut entry: Entry, outcomes: &[(EffectId, Outcome)]) -> Option<Entry> {
    entry.decision.changes = BTreeMap::new();
    entry.outcomes = outcomes.iter().cloned().collect();
    Some(entry)
}

pub(super) fn incident(key: &str) -> Key {
    Key::Incident(IncidentKey::new(key))
}

pub(super) fn events(names: &[&str]) -> Vec<EventId> {
    names.iter().map(|name| EventId::new(*name)).collect()
}
