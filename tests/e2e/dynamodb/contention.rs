//! Many workers at the same records: each has its own store object, as a process of its own has.

use std::time::Duration;

use futures_util::future::join_all;
use watchfire::store::{Committed, Store};
use watchfire_core::ids::{BundleKey, IncidentKey};
use watchfire_core::noise::{BundleKind, BundleRecord};
use watchfire_core::state::{Key, Merge, Record};
use watchfire_tests::DynamoDbTable;
use watchfire_tests::store_contract::{at, entry, record};

use super::{changing, load, merging};

const WORKERS: usize = 8;

fn storm() -> Key {
    Key::Storm(BundleKey::new("storm-a"))
}

async fn counted(store: &Store) -> usize {
    let Key::Storm(key) = storm() else { unreachable!() };
    load(store, &[storm()]).await.storm(&key).map_or(0, |storm| storm.recent.len())
}

fn count() -> (Key, Merge) {
    (storm(), Merge::Count { most: 10_000 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_at_one_record_that_is_shared_make_every_change() {
    const EACH: usize = 25;
    let table = DynamoDbTable::fresh();
    let stores = join_all((0..WORKERS).map(|_| table.open())).await;
    let work = stores.iter().enumerate().map(async |(worker, store)| {
        // As many at once as a worker has slots.
        let commits = (0..EACH).map(async |number| {
            let read = load(store, &[storm()]).await;
            let entry = merging(entry(&format!("{worker}-{number}"), 0, &[]), [count()]);
            store.commit(&read, &entry).await.unwrap()
        });
        join_all(commits).await
    });
    let committed = join_all(work).await.concat();
    assert_eq!(committed, [Committed::Yes; WORKERS * EACH]);
    assert_eq!(counted(&stores[0]).await, WORKERS * EACH);
}

#[tokio::test]
async fn a_decision_that_is_tried_again_has_its_change_made_once() {
    let store = DynamoDbTable::fresh().open().await;
    let incident = Key::Incident(IncidentKey::new("i"));
    let keys = [storm(), incident.clone()];
    let stale = load(&store, &keys).await;
    let other = changing(entry("other", 0, &[]), [(incident.clone(), record(1))]);
    assert_eq!(store.commit(&stale, &other).await.unwrap(), Committed::Yes);
    let decided = |seconds| changing(entry("a", seconds, &[]), [(incident.clone(), record(2))]);
    let first = store.commit(&stale, &merging(decided(1), [count()])).await.unwrap();
    assert_eq!((first, counted(&store).await), (Committed::Stale, 1), "it was made before");
    let read = load(&store, &keys).await;
    let again = store.commit(&read, &merging(decided(2), [count()])).await.unwrap();
    assert_eq!((again, counted(&store).await), (Committed::Yes, 1));
}

/// A bundle that was to be said long ago.
fn due() -> BundleRecord {
    BundleRecord {
        kind: BundleKind::Storm,
        title: "a storm".to_owned(),
        since: at(0),
        members: Default::default(),
        open: 1,
        unsaid: 1,
        unsaid_by: Default::default(),
        total: 1,
        due_at: Some(at(1)),
        said_at: None,
        rounds: 0,
        again_at: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changes_a_bundle_that_is_due_lets_its_timer_go_first() {
    let table = DynamoDbTable::fresh();
    let (worker, timer) = (table.open().await, table.open().await);
    let key = Key::Bundle(BundleKey::new("storm-a"));
    let put = |bundle: BundleRecord| [(key.clone(), Record::Bundle(Box::new(bundle)))];
    let read = load(&timer, std::slice::from_ref(&key)).await;
    timer.commit(&read, &changing(entry("begun", 0, &[]), put(due()))).await.unwrap();
    let read = load(&timer, std::slice::from_ref(&key)).await;
    let merge = merging(entry("joins", 5, &[]), [(key.clone(), Merge::SayAt(at(99)))]);
    let joins = async {
        let read = load(&worker, std::slice::from_ref(&key)).await;
        worker.commit(&read, &merge).await.unwrap()
    };
    let says = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let said = BundleRecord { due_at: Some(at(50)), said_at: Some(at(5)), ..due() };
        timer.commit(&read, &changing(entry("said", 5, &[]), put(said))).await.unwrap()
    };
    assert_eq!(tokio::join!(joins, says), (Committed::Yes, Committed::Yes));
    let Key::Bundle(bundle) = &key else { unreachable!() };
    let after = load(&timer, std::slice::from_ref(&key)).await;
    let after = after.bundle(bundle).unwrap();
    assert_eq!((after.due_at, after.said_at), (Some(at(99)), Some(at(5))));
}
