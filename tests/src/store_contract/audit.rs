//! The audit trail: kept for ever, and one entry a number.

use jiff::Timestamp;
use serde_json::Map;
use watchfire::store::{Committed, Store};
use watchfire_core::audit::{Actor, AuditEntry, AuditHead};
use watchfire_core::ids::EventId;
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, Record, State};

use super::builders::{at, changing, entry};

/// A decision that puts the next entry behind what was read, and what is the newest then.
fn next(read: &State, event: &str, seconds: i64) -> (Entry, AuditHead) {
    let audited = AuditEntry {
        number: 0,
        previous: String::new(),
        at: at(seconds),
        who: Actor { name: event.to_owned(), how: "token".to_owned(), ..Actor::default() },
        what: "acknowledge".to_owned(),
        on: String::new(),
        reason: String::new(),
        declined: None,
        decision: EventId::new(event),
        before: Map::new(),
        after: Map::new(),
    };
    let (record, head) = read.audit_head().next(audited);
    let changes = [
        (Key::Audit(head.number), Record::Audit(Box::new(record))),
        (Key::AuditHead, Record::AuditHead(head.clone())),
    ];
    (changing(entry(event, seconds, &[]), changes), head)
}

async fn read(store: &Store) -> State {
    let mut state = State::default();
    store.load(&[Key::AuditHead], &mut state).await.unwrap();
    let number = state.audit_head().number;
    store.load(&[Key::Audit(number + 1)], &mut state).await.unwrap();
    state
}

pub async fn of_two_who_write_the_next_entry_of_the_trail_one_is_stale(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let [one, other] = [read(&store).await, read(&store).await];
    let (first, head) = next(&one, "a", 0);
    assert_eq!(store.commit(&one, &first).await.unwrap(), Committed::Yes);
    let (second, _) = next(&other, "b", 1);
    assert_eq!(store.commit(&other, &second).await.unwrap(), Committed::Stale);
    assert_eq!(read(&store).await.audit_head(), head);
    let again = read(&store).await;
    let (second, head) = next(&again, "b", 1);
    assert_eq!(store.commit(&again, &second).await.unwrap(), Committed::Yes);
    assert_eq!(head.number, 2);
}

pub async fn the_audit_trail_is_never_pruned_and_follows_itself(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let mut newest = AuditHead::default();
    for number in 0..3 {
        let state = read(&store).await;
        let (entry, head) = next(&state, &format!("e{number}"), number);
        assert_eq!(store.commit(&state, &entry).await.unwrap(), Committed::Yes);
        newest = head;
    }
    while store.prune(Timestamp::MAX, 100).await.unwrap() > 0 {}
    let mut state = State::default();
    store.load(&[Key::AuditHead, Key::Audit(1), Key::Audit(2), Key::Audit(3)], &mut state).await.unwrap();
    let mut head = AuditHead::default();
    for number in 1..=3 {
        let line = state.audit(number).expect("it is never removed");
        head = head.follow(line).expect("it follows").1;
    }
    assert_eq!((&head, state.audit_head()), (&newest, newest.clone()));
}
