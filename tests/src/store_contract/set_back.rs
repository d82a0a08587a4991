//! What a name stands for, and what a clock that was ahead has left behind.

use watchfire::store::Store;
use watchfire_core::ids::{Delivery, EventId};
use watchfire_core::state::State;

use super::builders::{at, entry, events, record};

fn delivered(id: &str, text: &str) -> EventId {
    EventId::delivered(Delivery { id, source: "shop", account: "111122223333", detail_type: "Deploy", text })
}

pub async fn events_are_found_by_what_their_senders_call_them(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let ids = [delivered("one", "a"), delivered("one", "b"), delivered("one#more", "c"), EventId::new("one")];
    for id in &ids {
        let mut entry = entry("x", 1, &[]);
        entry.decision.event = id.clone();
        store.commit(&State::default(), &entry).await.unwrap();
    }
    let mut named = store.named("one", 9).await.unwrap();
    named.sort();
    let mut expected = [ids[0].clone(), ids[1].clone(), ids[3].clone()];
    expected.sort();
    assert_eq!(named, expected, "what an earlier release kept is found, too");
    assert_eq!(store.named("one", 1).await.unwrap().len(), 1);
    assert_eq!(store.named(ids[2].as_str(), 9).await.unwrap(), [ids[2].clone()]);
    assert_eq!(store.named("on", 9).await.unwrap(), []);
}

pub async fn events_are_found_by_how_begins_what_their_senders_call_them(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let mut ids =
        [delivered("one", "a"), delivered("one-more", "b"), delivered("on", "c"), delivered("two", "d")];
    for id in ids.iter().chain([&EventId::new("one-of-an-earlier-release")]) {
        let mut entry = entry("x", 1, &[]);
        entry.decision.event = id.clone();
        store.commit(&State::default(), &entry).await.unwrap();
    }
    ids.sort();
    assert_eq!(store.beginning("on", 9).await.unwrap(), ids[..3]);
    assert_eq!(store.beginning("on", 2).await.unwrap(), ids[..2]);
    assert_eq!(store.beginning("one-", 9).await.unwrap(), [delivered("one-more", "b")]);
    assert_eq!(store.beginning("one-more-than-that", 9).await.unwrap(), []);
}

pub async fn records_of_a_later_time_are_found_when_the_clock_is_set_back(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let key = watchfire_core::state::Key::Incident(watchfire_core::ids::IncidentKey::new("incident-1"));
    let mut state = State::default();
    store.load(std::slice::from_ref(&key), &mut state).await.unwrap();
    let mut entry = entry("a", 50, &[]);
    entry.decision.changes.insert(key.clone(), record(1));
    store.commit(&state, &entry).await.unwrap();
    assert_eq!(store.changed_after(at(49)).await.unwrap(), [key]);
    assert_eq!(store.changed_after(at(50)).await.unwrap(), []);
}

pub async fn what_was_put_off_by_a_clock_that_was_ahead_is_hastened(open: impl AsyncFn() -> Store) {
    let store = open().await;
    for (event, seconds) in [("a", 1), ("b", 90)] {
        store.commit(&State::default(), &entry(event, seconds, &["page:oncall"])).await.unwrap();
    }
    store.postpone(&EventId::new("a"), at(99)).await.unwrap();
    assert_eq!(store.due(at(5), 9).await.unwrap(), []);
    store.hasten(at(5)).await.unwrap();
    assert_eq!(store.due(at(5), 9).await.unwrap(), events(&["a", "b"]));
}
