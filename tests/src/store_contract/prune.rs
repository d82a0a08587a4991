//! What is removed, and what never is.

use watchfire::store::{Committed, Store};
use watchfire_core::ids::EventId;
use watchfire_core::incident::{Key, State};

use super::builders::{at, changing, done, entry, events, finding, incident, record};

async fn commit(store: &Store, event: &str, seconds: i64, effects: &[&str], keys: &[Key]) {
    let mut read = State::default();
    store.load(keys, &mut read).await.unwrap();
    let changes = keys.iter().map(|key| match key {
        Key::Incident(_) => (key.clone(), record(1)),
        Key::Finding(key) => finding(key.as_str(), 1),
    });
    let entry = changing(entry(event, seconds, effects), changes);
    assert_eq!(store.commit(&read, &entry).await.unwrap(), Committed::Yes);
}

async fn prune_all(store: &Store, seconds: i64) -> u64 {
    let mut removed = 0;
    loop {
        match store.prune(at(seconds), 3).await.unwrap() {
            0 => return removed,
            some => removed += some,
        }
    }
}

async fn left(store: &Store, keys: &[Key]) -> (Vec<EventId>, Vec<Key>) {
    let entries = store.recent(99).await.unwrap();
    let mut state = State::default();
    store.load(keys, &mut state).await.unwrap();
    let keys = state.versions().filter(|(_, version)| *version > 0).map(|(key, _)| key.clone()).collect();
    (entries.into_iter().map(|entry| entry.decision.event).collect(), keys)
}

pub async fn old_entries_and_records_are_pruned(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (old, kept) = (incident("old"), incident("kept"));
    let finding = finding("old", 1).0;
    commit(&store, "a", 0, &[], &[old.clone(), finding.clone(), kept.clone()]).await;
    commit(&store, "b", 1, &["page:oncall"], &[]).await;
    store.settle(&EventId::new("b"), &[done("page:oncall", 20)]).await.unwrap();
    commit(&store, "c", 10, &[], std::slice::from_ref(&kept)).await;

    assert_eq!(prune_all(&store, 10).await, 4);
    assert_eq!(left(&store, &[old, finding, kept.clone()]).await, (events(&["c"]), vec![kept]));
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), None);
    // Nothing of it is left: not its outcome either.
    commit(&store, "b", 1, &["page:oncall"], &[]).await;
    assert_eq!(store.find(&EventId::new("b")).await.unwrap(), Some(entry("b", 1, &["page:oncall"])));
}

pub async fn what_is_pending_is_never_pruned(open: impl AsyncFn() -> Store) {
    let store = open().await;
    commit(&store, "a", 0, &["page:oncall", "page:mail"], &[]).await;
    store.settle(&EventId::new("a"), &[done("page:oncall", 1)]).await.unwrap();
    store.postpone(&EventId::new("a"), at(50)).await.unwrap();
    assert_eq!(prune_all(&store, 100).await, 0);
    assert_eq!(left(&store, &[]).await.0, events(&["a"]));
    store.settle(&EventId::new("a"), &[done("page:mail", 2)]).await.unwrap();
    assert_eq!(prune_all(&store, 100).await, 1);
    assert_eq!(left(&store, &[]).await.0, []);
}

pub async fn pruning_takes_no_more_than_it_is_told(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (i, j) = (incident("i"), incident("j"));
    commit(&store, "b", 1, &[], &[i.clone(), j.clone()]).await;
    commit(&store, "a", 2, &[], &[]).await;
    assert_eq!(store.prune(at(9), 0).await.unwrap(), 0);
    assert_eq!(store.prune(at(9), 1).await.unwrap(), 1);
    assert_eq!(left(&store, &[]).await.0, events(&["a"]));
    assert_eq!(store.prune(at(9), 2).await.unwrap(), 2);
    assert_eq!(store.prune(at(9), 2).await.unwrap(), 1);
    assert_eq!(left(&store, &[i, j]).await, (Vec::new(), Vec::new()));
}

pub async fn a_record_that_was_pruned_and_came_back_is_not_taken_for_the_old_one(
    open: impl AsyncFn() -> Store,
) {
    let key = incident("i");
    let mut read = State::default();
    {
        let store = open().await;
        commit(&store, "a", 0, &[], std::slice::from_ref(&key)).await;
        store.load(std::slice::from_ref(&key), &mut read).await.unwrap();
        assert_eq!(prune_all(&store, 10).await, 2);
    }
    let store = open().await;
    commit(&store, "b", 0, &[], std::slice::from_ref(&key)).await;
    let late = changing(entry("c", 1, &[]), [(key, record(2))]);
    assert_eq!(store.commit(&read, &late).await.unwrap(), Committed::Stale);
}
