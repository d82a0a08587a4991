//! Small entries and records to try a store with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use watchfire_core::decision::{Decision, Effect, Reason, When, Withheld};
use watchfire_core::event::FindingState;
use watchfire_core::ids::{ChannelName, DedupKey, EffectId, EventId, FindingKey, IncidentKey, RuleName};
use watchfire_core::incident::{FindingRecord, IncidentRecord};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::notice::{Fact, Group, Head, Notice};
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record};
use watchfire_core::verdict::{EffectKind, Verdict, Why};

/// That many seconds into the test's own time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

/// An entry decided then, with those effects, all pending.
pub fn entry(event: &str, seconds: i64, effects: &[&str]) -> Entry {
    let decision = Decision {
        event: EventId::new(event),
        source: "aws.guardduty".to_owned(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".to_owned(),
        finding: Some(FindingKey::new("finding-1")),
        subject: "prod pods/shop/cart-0".to_owned(),
        at: at(seconds),
        rule: RuleName::new("miner"),
        family: "crypto-mining".to_owned(),
        priority: Priority::P0,
        verdict: Verdict::Page,
        why: Why::New,
        incident: Some(IncidentKey::new("incident-1")),
        cause: watchfire_core::decision::Cause::Timer,
        effects: effects.iter().map(|id| effect(event, id)).collect(),
        acts: Vec::new(),
        face: None,
        withheld: vec![Withheld {
            action: "quarantine".to_owned(),
            reason: Reason::Recorded("not built yet".to_owned()),
        }],
        edits: Vec::new(),
        changes: BTreeMap::new(),
        merges: Vec::new(),
    };
    let raw = format!(r#"{{"id":"{event}","detail":{{"title":"\u00fc ü \n"}}}}"#);
    Entry { decision, raw, sha256: "ab".repeat(32), outcomes: BTreeMap::new() }
}

fn effect(event: &str, id: &str) -> Effect {
    let notice = Notice {
        priority: Priority::P0,
        head: Head::default(),
        title: "Mining in cart-0".to_owned(),
        description: "A process asked for a mining pool.".to_owned(),
        why: "first report of this incident".to_owned(),
        rule: RuleName::new("miner"),
        family: "crypto-mining".to_owned(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".to_owned(),
        source: "guardduty".to_owned(),
        severity: "8.0 HIGH".to_owned(),
        facts: vec![Fact::new(Group::Where, "cluster", "prod")],
        doing: Vec::new(),
        unknown: Vec::new(),
        withheld: Vec::new(),
        lists: Vec::new(),
        links: vec![("runbook".to_owned(), "https://runbooks.example.com/miner".to_owned())],
        incident: IncidentKey::new("incident-1"),
        finding: Some(FindingKey::new("finding-1")),
        hub: None,
        event: EventId::new(event),
        at: Some(at(-3)),
        sample: false,
        drill: false,
    };
    Effect {
        id: EffectId::new(id),
        kind: EffectKind::Page,
        channel: ChannelName::new("oncall"),
        when: When::IfDone(vec![(EventId::new("earlier"), EffectId::new("page:oncall"))]),
        dedup_key: DedupKey::new("incident-1/1"),
        notice,
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
    let record = FindingRecord {
        incident: IncidentKey::new("incident-1"),
        state: FindingState::Open,
        updated_at: Some(at(2)),
        count,
        seen_at: at(3),
        noted_in: None,
        reports: VecDeque::new(),
    };
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
