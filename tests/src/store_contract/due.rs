//! What nobody has finished, and when it is tried next.

use watchfire::store::{Error, Store};
use watchfire_core::ids::EventId;
use watchfire_core::state::State;

use super::builders::{at, done, entry, events};

async fn with(open: impl AsyncFn() -> Store, entries: &[(&str, i64, &[&str])]) -> Store {
    let store = open().await;
    for (event, seconds, effects) in entries {
        store.commit(&State::default(), &entry(event, *seconds, effects)).await.unwrap();
    }
    store
}

pub async fn a_fresh_entry_is_due_from_its_decision_on(open: impl AsyncFn() -> Store) {
    let store = with(open, &[("a", 5, &["page:oncall"]), ("b", 5, &[])]).await;
    assert_eq!(store.due(at(4), 9).await.unwrap(), []);
    assert_eq!(store.due(at(5), 9).await.unwrap(), events(&["a"]));
}

pub async fn the_longest_due_come_first(open: impl AsyncFn() -> Store) {
    let one: &[&str] = &["page:oncall"];
    let store = with(open, &[("b", 3, one), ("d", 1, one), ("a", 2, one), ("c", 4, one)]).await;
    store.postpone(&EventId::new("d"), at(5)).await.unwrap();
    assert_eq!(store.due(at(9), 9).await.unwrap(), events(&["a", "b", "c", "d"]));
    assert_eq!(store.due(at(9), 2).await.unwrap(), events(&["a", "b"]));
}

pub async fn what_is_postponed_is_not_due_before(open: impl AsyncFn() -> Store) {
    let store = with(open, &[("a", 0, &["page:oncall"])]).await;
    store.postpone(&EventId::new("a"), at(10)).await.unwrap();
    assert_eq!(store.due(at(9), 9).await.unwrap(), []);
    assert_eq!(store.due(at(10), 9).await.unwrap(), events(&["a"]));
    store.postpone(&EventId::new("a"), at(7)).await.unwrap();
    assert_eq!(store.due(at(7), 9).await.unwrap(), events(&["a"]));
}

pub async fn what_is_settled_is_not_due(open: impl AsyncFn() -> Store) {
    let store = with(open, &[("a", 0, &["page:oncall", "page:mail"]), ("b", 0, &["page:oncall"])]).await;
    store.postpone(&EventId::new("b"), at(1)).await.unwrap();
    store.settle(&EventId::new("a"), &[done("page:oncall", 1), done("page:mail", 1)]).await.unwrap();
    store.settle(&EventId::new("b"), &[done("page:oncall", 1)]).await.unwrap();
    assert_eq!(store.due(at(9), 9).await.unwrap(), []);
}

pub async fn what_is_settled_in_part_is_due(open: impl AsyncFn() -> Store) {
    let store = with(open, &[("a", 0, &["page:oncall", "page:mail"])]).await;
    store.settle(&EventId::new("a"), &[done("page:oncall", 1)]).await.unwrap();
    assert_eq!(store.due(at(0), 9).await.unwrap(), events(&["a"]));
}

pub async fn postponing_what_is_settled_does_nothing(open: impl AsyncFn() -> Store) {
    let store = with(open, &[("a", 0, &["page:oncall"]), ("b", 0, &[])]).await;
    store.settle(&EventId::new("a"), &[done("page:oncall", 1)]).await.unwrap();
    store.postpone(&EventId::new("a"), at(1)).await.unwrap();
    store.postpone(&EventId::new("b"), at(1)).await.unwrap();
    assert_eq!(store.due(at(9), 9).await.unwrap(), []);
}

pub async fn postponing_an_unknown_event_is_refused(open: impl AsyncFn() -> Store) {
    let store = with(open, &[]).await;
    let refused = store.postpone(&EventId::new("a"), at(1)).await.unwrap_err();
    assert!(matches!(&refused, Error::UnknownEvent(event) if event.as_str() == "a"), "{refused}");
}

pub async fn whoever_commits_has_what_is_left_to_do_in_hand(open: impl AsyncFn() -> Store) {
    let store = open().await;
    store.commit(&State::default(), &entry("a", 0, &["page:oncall"])).await.unwrap();
    let event = EventId::new("a");
    assert_eq!(
        [store.take(&event, at(1)).await.unwrap(), store.take(&event, at(2)).await.unwrap()],
        [true; 2]
    );
    assert!(store.hold().is_none_or(|hold| hold.as_secs() > 5), "it takes longer than that to take it again");
    let long = std::time::Duration::from_secs(60);
    let claimed = [store.claim("a", at(0), long).await, store.claim("a", at(59), long).await];
    assert_eq!(claimed.map(Result::unwrap), [true; 2]);
}
