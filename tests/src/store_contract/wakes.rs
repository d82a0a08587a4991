//! Records that something is due about.

use watchfire::store::{Committed, Store};
use watchfire_core::incident::IncidentRecord;
use watchfire_core::state::{Key, Record, State};

use super::builders::{at, changing, closed, entry, incident, record};

/// An open incident that something is due about then.
pub(super) fn waking(events: u64, seconds: i64) -> Record {
    let Record::Incident(incident) = record(events) else { unreachable!("it is an incident's") };
    Record::Incident(IncidentRecord { escalate_at: Some(at(seconds)), ..incident })
}

/// What is due, in seconds.
pub(super) async fn due(store: &Store, seconds: i64, most: usize) -> Vec<(i64, Key)> {
    let start = at(0).as_second();
    let wakes = store.wakes(at(seconds), most).await.unwrap();
    wakes.into_iter().map(|(at, key)| (at.as_second() - start, key)).collect()
}

async fn commit(store: &Store, event: &str, seconds: i64, changes: &[(Key, Record)]) {
    let keys: Vec<Key> = changes.iter().map(|(key, _)| key.clone()).collect();
    let mut read = State::default();
    store.load(&keys, &mut read).await.unwrap();
    let entry = changing(entry(event, seconds, &[]), changes.iter().cloned());
    assert_eq!(store.commit(&read, &entry).await.unwrap(), Committed::Yes);
}

pub async fn what_is_due_is_said_with_its_time_and_not_before(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (i, never) = (incident("i"), incident("never"));
    commit(&store, "a", 0, &[(i.clone(), waking(1, 10)), (never, record(1))]).await;
    assert_eq!(due(&store, 9, 9).await, []);
    assert_eq!(due(&store, 10, 9).await, [(10, i.clone())]);
    drop(store);
    assert_eq!(due(&open().await, 99, 9).await, [(10, i)], "after reopening, too");
}

pub async fn the_records_longest_due_come_first(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let [a, b, c] = ["a", "b", "c"].map(incident);
    let changes = [(a.clone(), waking(1, 30)), (b.clone(), waking(1, 10)), (c.clone(), waking(1, 20))];
    commit(&store, "a", 0, &changes).await;
    assert_eq!(due(&store, 99, 9).await, [(10, b.clone()), (20, c.clone()), (30, a)]);
    assert_eq!(due(&store, 99, 2).await, [(10, b), (20, c)]);
}

pub async fn a_record_that_is_due_at_another_time_is_due_only_then(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let i = incident("i");
    for (event, seconds) in [("a", 10), ("b", 30), ("c", 20)] {
        commit(&store, event, 0, &[(i.clone(), waking(1, seconds))]).await;
        assert_eq!(due(&store, 99, 9).await, [(seconds, i.clone())]);
        assert_eq!(due(&store, seconds - 1, 9).await, []);
    }
}

pub async fn a_record_that_nothing_is_due_about_any_more_is_not_due(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let [over, quiet] = ["over", "quiet"].map(incident);
    commit(&store, "a", 0, &[(over.clone(), waking(1, 10)), (quiet.clone(), waking(1, 10))]).await;
    commit(&store, "b", 1, &[(over.clone(), closed(2)), (quiet, record(2))]).await;
    assert_eq!(due(&store, 99, 9).await, []);
    // Again, and then it is forgotten.
    commit(&store, "c", 2, &[(over.clone(), waking(3, 20))]).await;
    assert_eq!(due(&store, 99, 9).await, [(20, over.clone())]);
    commit(&store, "d", 3, &[(over, closed(4))]).await;
    while store.prune(at(1_000), 9).await.unwrap() > 0 {}
    assert_eq!(due(&store, 99, 9).await, []);
}
