//! What operators look at: an incident's story, records by kind, what events looked like, all of the journal.

use serde_json::Value;
use watchfire::store::{Committed, Seen, Store, Streamed};
use watchfire_core::attributes::Attributes;
use watchfire_core::builders::attributes;
use watchfire_core::decision::Decision;
use watchfire_core::event::Subject;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, Record, State};

use super::builders::{at, changing, closed, done, entry, finding, found, incident, record};

/// An entry about that incident.
pub(super) fn about(entry: Entry, incident: &str) -> Entry {
    let mut entry = entry;
    entry.decision.incident = Some(IncidentKey::new(incident));
    entry
}

/// What an event of that cluster looks like.
pub(super) fn face(cluster: &str) -> Attributes {
    attributes(Subject { cluster: Some(cluster.to_owned()), ..Subject::default() })
}

async fn commit(store: &Store, entry: &Entry) {
    assert_eq!(store.commit(&State::default(), entry).await.unwrap(), Committed::Yes);
}

fn of(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.decision.event.as_str()).collect()
}

pub async fn a_timeline_has_what_was_decided_about_an_incident_the_oldest_first(
    open: impl AsyncFn() -> Store,
) {
    let store = open().await;
    let second = about(entry("a", 2, &["page:oncall"]), "i");
    let first = about(entry("b", 1, &[]), "i");
    let mut nobodys = entry("d", 1, &[]);
    nobodys.decision.incident = None;
    for entry in
        [&second, &first, &about(entry("c", 1, &[]), "i2"), &about(entry("e", 3, &[]), "h"), &nobodys]
    {
        commit(&store, entry).await;
    }
    store.settle(&EventId::new("a"), &[done("page:oncall", 3)]).await.unwrap();
    let second = found(second, &[done("page:oncall", 3)]).unwrap();
    assert_eq!(store.timeline(&IncidentKey::new("i"), 9).await.unwrap(), [first, second]);
    assert_eq!(store.timeline(&IncidentKey::new("nothing"), 9).await.unwrap(), []);
}

pub async fn keys_are_found_by_their_beginning_in_their_order_and_no_more_than_are_asked_for(
    open: impl AsyncFn() -> Store,
) {
    let store = open().await;
    let changes = ["b1", "a2", "a1", "a10"].map(|name| (incident(name), record(1)));
    let mut read = State::default();
    store.load(&changes.clone().map(|(key, _)| key), &mut read).await.unwrap();
    let all = changing(entry("a", 0, &[]), changes);
    assert_eq!(store.commit(&read, &all).await.unwrap(), Committed::Yes);
    let keys = async |beginning: &str, most| store.keys(beginning, most).await.unwrap();
    assert_eq!(keys("incident/a", 9).await, ["incident/a1", "incident/a10", "incident/a2"]);
    assert_eq!(keys("incident/a", 2).await, ["incident/a1", "incident/a10"]);
    assert_eq!(keys("incident/", 9).await.len(), 4);
    assert_eq!(keys("incident/c", 9).await, Vec::<String>::new());
    assert_eq!(keys("approval/", 9).await, Vec::<String>::new());
}

pub async fn a_timeline_that_is_too_long_has_the_latest(open: impl AsyncFn() -> Store) {
    let store = open().await;
    for (event, seconds) in [("a", 3), ("b", 1), ("c", 2), ("d", 4)] {
        commit(&store, &about(entry(event, seconds, &[]), "i")).await;
    }
    let i = IncidentKey::new("i");
    assert_eq!(of(&store.timeline(&i, 2).await.unwrap()), ["a", "d"]);
    while store.prune(at(4), 9).await.unwrap() > 0 {}
    assert_eq!(of(&store.timeline(&i, 2).await.unwrap()), ["d"], "what is pruned is not in it");
}

pub async fn records_are_gathered_by_the_beginning_of_their_key_in_its_order(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (f, of_f) = finding("f", 7);
    let changes = [
        (incident("b"), record(2)),
        (incident("a"), record(1)),
        (f, of_f.clone()),
        (Key::PageDraft(IncidentKey::new("a")), record(3)),
    ];
    let keys: Vec<Key> = changes.iter().map(|(key, _)| key.clone()).collect();
    let mut read = State::default();
    store.load(&keys, &mut read).await.unwrap();
    store.commit(&read, &changing(entry("e", 0, &[]), changes)).await.unwrap();
    let gathered = async |beginning| {
        let look = |found: &mut Vec<_>, key: &str, record| found.push((key.to_owned(), record));
        store.fold_records(beginning, Vec::new(), look).await.unwrap()
    };
    let named = |key: &str, record| (key.to_owned(), record);
    assert_eq!(gathered("incident/").await, [named("a", record(1)), named("b", record(2))]);
    assert_eq!(gathered("finding/").await, [named("f", of_f)]);
    assert_eq!(gathered("target/").await, []);
}

pub async fn what_events_looked_like_is_gathered_from_a_time_on(open: impl AsyncFn() -> Store) {
    let store = open().await;
    for (event, seconds, cluster) in
        [("a", 9, Some("old")), ("b", 10, Some("prod")), ("c", 11, None), ("d", 12, Some("test"))]
    {
        let mut entry = entry(event, seconds, &[]);
        entry.decision.face = cluster.map(face);
        commit(&store, &entry).await;
    }
    let seen = |seconds, cluster| {
        let Decision { verdict, why, .. } = entry("e", seconds, &[]).decision;
        Seen { at: at(seconds), face: face(cluster), verdict, why }
    };
    let look = |found: &mut Vec<_>, seen| found.push(seen);
    let gathered = async |seconds| store.fold_faces(at(seconds), Vec::new(), look).await.unwrap();
    assert_eq!(gathered(10).await, [seen(10, "prod"), seen(12, "test")]);
    assert_eq!(gathered(13).await, []);
}

pub async fn the_journal_is_streamed_as_lines_the_oldest_first_with_every_event_as_it_came(
    open: impl AsyncFn() -> Store,
) {
    let store = open().await;
    let (first, second) = (entry("b", 1, &[]), entry("a", 2, &["page:oncall"]));
    commit(&store, &second).await;
    commit(&store, &first).await;
    store.settle(&EventId::new("a"), &[done("page:oncall", 3)]).await.unwrap();
    let text = String::from_utf8(streamed(&store, Streamed::Journal).await).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let second = found(second, &[done("page:oncall", 3)]).unwrap();
    assert_eq!(lines, [first, second].map(|entry| serde_json::to_value(entry).unwrap()));
}

pub async fn a_backup_is_the_same_as_long_as_nothing_is_written_and_another_afterwards(
    open: impl AsyncFn() -> Store,
) {
    let store = open().await;
    commit(&store, &entry("a", 1, &["page:oncall"])).await;
    let before = streamed(&store, Streamed::Backup).await;
    assert!(!before.is_empty());
    assert_eq!(streamed(&store, Streamed::Backup).await, before);
    store.settle(&EventId::new("a"), &[done("page:oncall", 3)]).await.unwrap();
    assert_ne!(streamed(&store, Streamed::Backup).await, before);
}

async fn streamed(store: &Store, what: Streamed) -> Vec<u8> {
    let mut bits = store.stream(what).await.unwrap();
    let mut all = Vec::new();
    while let Some(bit) = bits.recv().await {
        all.extend(bit.unwrap());
    }
    all
}

pub async fn what_is_open_is_gathered_without_the_rest(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let commit = async |event: &str, seconds, changes: Vec<(Key, Record)>| {
        let keys: Vec<_> = changes.iter().map(|(key, _)| key.clone()).collect();
        let mut read = State::default();
        store.load(&keys, &mut read).await.unwrap();
        let entry = changing(entry(event, seconds, &[]), changes);
        assert_eq!(store.commit(&read, &entry).await.unwrap(), Committed::Yes);
    };
    commit("a", 0, vec![(incident("b"), record(2)), (incident("a"), record(1)), finding("a", 1)]).await;
    commit("b", 1, vec![(incident("c"), record(3)), (incident("d"), closed(4))]).await;
    commit("c", 2, vec![(incident("a"), closed(5))]).await;
    let gathered = async || {
        let look = |found: &mut Vec<(String, u64)>, key: &str, record: &Record| {
            let Record::Incident(record) = record else { panic!("{key} is no incident") };
            found.push((key.to_owned(), record.events));
        };
        let mut found = store.fold_open("incident/", Vec::new(), look).await.unwrap();
        found.sort();
        found
    };
    assert_eq!(gathered().await, [("b".to_owned(), 2), ("c".to_owned(), 3)]);
    commit("d", 3, vec![(incident("d"), record(6)), (incident("b"), closed(7))]).await;
    assert_eq!(gathered().await, [("c".to_owned(), 3), ("d".to_owned(), 6)]);
}
