//! Decisions and outcomes.

use watchfire::store::{Committed, Error, Store};
use watchfire_core::ids::EventId;
use watchfire_core::state::State;

use super::builders::{at, changing, done, entry, finding, found, incident, record};

pub async fn what_is_committed_is_found(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let entry = entry("a", 0, &["page:oncall", "page:mail"]);
    assert_eq!(store.commit(&State::default(), &entry).await.unwrap(), Committed::Yes);
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(entry.clone(), &[]));
    // Of several names the first that is known.
    let names = ["b", "a"].map(EventId::new);
    assert_eq!(store.find_first(&names).await.unwrap(), found(entry, &[]));
    assert_eq!(store.find_first(&names[..1]).await.unwrap(), None);
}

pub async fn an_unknown_event_is_not_found(open: impl AsyncFn() -> Store) {
    let store = open().await;
    store.commit(&State::default(), &entry("a", 0, &[])).await.unwrap();
    assert_eq!(store.find(&EventId::new("b")).await.unwrap(), None);
}

pub async fn an_event_is_decided_once(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (first, second) = (entry("a", 0, &["page:oncall"]), entry("a", 1, &["page:mail"]));
    store.commit(&State::default(), &first).await.unwrap();
    assert_eq!(store.commit(&State::default(), &second).await.unwrap(), Committed::AlreadyDecided);
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(first, &[]));
}

pub async fn an_event_decided_before_is_said_to_be_so_even_to_a_stale_decision(
    open: impl AsyncFn() -> Store,
) {
    let store = open().await;
    let key = incident("i");
    let mut read = State::default();
    store.load(std::slice::from_ref(&key), &mut read).await.unwrap();
    let first = changing(entry("a", 0, &[]), [(key.clone(), record(1))]);
    store.commit(&read, &first).await.unwrap();
    assert_eq!(store.commit(&read, &first).await.unwrap(), Committed::AlreadyDecided);
}

pub async fn one_of_many_who_decide_the_same_event_at_once_succeeds(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(&State::default(), &entry("a", 0, &[])).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| **answer == Committed::Yes).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Committed::AlreadyDecided).count(), 31);
}

pub async fn an_outcome_is_found_with_its_entry(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let entry = entry("a", 0, &["page:oncall", "page:mail"]);
    store.commit(&State::default(), &entry).await.unwrap();
    store.settle(&EventId::new("a"), &[done("page:mail", 5)]).await.unwrap();
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(entry.clone(), &[done("page:mail", 5)]));
    store.settle(&EventId::new("a"), &[done("page:oncall", 6)]).await.unwrap();
    let both = [done("page:mail", 5), done("page:oncall", 6)];
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(entry, &both));
}

pub async fn an_outcome_is_never_overwritten(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let entry = entry("a", 0, &["page:oncall", "page:mail"]);
    store.commit(&State::default(), &entry).await.unwrap();
    store.settle(&EventId::new("a"), &[done("page:oncall", 1), done("page:oncall", 2)]).await.unwrap();
    store.settle(&EventId::new("a"), &[done("page:oncall", 3), done("page:mail", 4)]).await.unwrap();
    store.settle(&EventId::new("a"), &[done("page:mail", 5)]).await.unwrap();
    let first = [done("page:oncall", 1), done("page:mail", 4)];
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(entry, &first));
}

pub async fn outcomes_that_come_with_the_entry_are_kept(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let mut entry = entry("a", 0, &["page:oncall"]);
    entry.outcomes.extend([done("page:oncall", 0)]);
    store.commit(&State::default(), &entry).await.unwrap();
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(entry, &[done("page:oncall", 0)]));
    assert_eq!(store.due(at(9), 9).await.unwrap(), []);
}

pub async fn an_outcome_for_an_unknown_event_is_refused(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let refused = store.settle(&EventId::new("a"), &[done("page:oncall", 1)]).await.unwrap_err();
    assert!(matches!(&refused, Error::UnknownEvent(event) if event.as_str() == "a"), "{refused}");
}

pub async fn an_outcome_for_an_unknown_effect_is_refused_and_nothing_is_written(
    open: impl AsyncFn() -> Store,
) {
    let store = open().await;
    let entry = entry("a", 0, &["page:oncall"]);
    store.commit(&State::default(), &entry).await.unwrap();
    let outcomes = [done("page:oncall", 1), done("page:nobody", 1)];
    let refused = store.settle(&EventId::new("a"), &outcomes).await.unwrap_err();
    let is_named = |effect: &str, error: &Error| matches!(error, Error::UnknownEffect(event, id) if event.as_str() == "a" && id.as_str() == effect);
    assert!(is_named("page:nobody", &refused), "{refused}");
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(entry, &[]));
}

pub async fn the_newest_decisions_come_first(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (old, middle, new) = (entry("b", 0, &[]), entry("c", 1, &["page:oncall"]), entry("a", 2, &[]));
    for entry in [&middle, &new, &old] {
        store.commit(&State::default(), entry).await.unwrap();
    }
    store.settle(&EventId::new("c"), &[done("page:oncall", 3)]).await.unwrap();
    let middle = found(middle, &[done("page:oncall", 3)]).unwrap();
    assert_eq!(store.recent(2).await.unwrap(), [new.clone(), middle.clone()]);
    assert_eq!(store.recent(9).await.unwrap(), [new, middle, old]);
}

pub async fn everything_is_there_after_reopening(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (finding_key, finding) = finding("f", 7);
    let keys = [incident("i"), finding_key.clone()];
    let mut read = State::default();
    store.load(&keys, &mut read).await.unwrap();
    let changes = [(incident("i"), record(4)), (finding_key, finding)];
    let entry = changing(entry("a", 0, &["page:oncall", "page:mail"]), changes);
    store.commit(&read, &entry).await.unwrap();
    store.settle(&EventId::new("a"), &[done("page:mail", 1)]).await.unwrap();
    store.postpone(&EventId::new("a"), at(10)).await.unwrap();
    let mut before = State::default();
    store.load(&keys, &mut before).await.unwrap();
    drop(store);

    let store = open().await;
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), found(entry.clone(), &[done("page:mail", 1)]));
    let mut after = State::default();
    store.load(&keys, &mut after).await.unwrap();
    assert_eq!(after, before);
    assert_eq!(store.due(at(9), 9).await.unwrap(), []);
    assert_eq!(store.due(at(10), 9).await.unwrap(), [EventId::new("a")]);
    assert_eq!(store.commit(&after, &entry).await.unwrap(), Committed::AlreadyDecided);
}

pub async fn a_ping_is_answered(open: impl AsyncFn() -> Store) {
    let store = open().await;
    store.ping().await.unwrap();
    assert!(store.is_healthy());
}

pub async fn the_last_sign_is_the_one_that_was_left_last(open: impl AsyncFn() -> Store) {
    let store = open().await;
    assert_eq!(store.last_sign().await.unwrap(), None);
    for left in [at(60), at(0)] {
        store.leave_sign(left).await.unwrap();
        assert_eq!(store.last_sign().await.unwrap(), Some(left));
    }
}

pub async fn a_store_that_is_well_is_not_broken(open: impl AsyncFn() -> Store) {
    let store = open().await;
    store.ping().await.unwrap();
    store.look_for_its_file();
    assert!(store.broken().is_none());
    let mut breaks = Box::pin(store.breaks());
    let asked = std::future::poll_fn(|context| std::task::Poll::Ready(breaks.as_mut().poll(context))).await;
    assert!(asked.is_pending());
}
