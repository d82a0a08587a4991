//! Many workers at the same records: each has its own store object, as a process of its own has.

use std::time::Duration;

use futures_util::future::join_all;
use watchfire::store::{Committed, Store};
use watchfire_core::ids::{BundleKey, IncidentKey};
use watchfire_core::noise::{BundleKind, BundleRecord, Ending};
use watchfire_core::state::{Key, Merge, Record, State};
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
        ends_at: None,
        over: None,
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
    let (kind, title) = (BundleKind::Storm, "a storm".to_owned());
    let ending = Ending { kind, title, at: at(99), episode: None };
    let merge = merging(entry("joins", 5, &[]), [(key.clone(), Merge::End(Box::new(ending)))]);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_to_do_is_in_the_hands_of_one_worker_at_a_time() {
    let table = DynamoDbTable::fresh();
    let (first, second) = (table.open().await, table.open().await);
    let decided = entry("a", 0, &["page:oncall"]);
    let event = &decided.decision.event;
    assert_eq!(first.commit(&State::default(), &decided).await.unwrap(), Committed::Yes);
    let take = async |store: &Store, seconds| store.take(event, at(seconds)).await.unwrap();
    // Whoever commits has it, and keeps it by taking it again; whoever died has it no longer.
    assert_eq!([take(&first, 1).await, take(&second, 1).await], [true, false]);
    assert_eq!(
        [take(&first, 9).await, take(&second, 18).await, take(&second, 20).await],
        [true, false, true]
    );
    assert!(!take(&first, 21).await);
    // What comes again later is whoever's who is there first then.
    second.postpone(event, at(70)).await.unwrap();
    assert_eq!([take(&first, 71).await, take(&second, 71).await], [true, false]);
    let claim = async |store: &Store, seconds| {
        store.claim("poll/oncall", at(seconds), Duration::from_secs(60)).await.unwrap()
    };
    assert_eq!(
        [claim(&first, 0).await, claim(&second, 1).await, claim(&first, 50).await],
        [true, false, true]
    );
    assert_eq!([claim(&second, 109).await, claim(&second, 111).await], [false, true]);
    // Taken by a clock that was a day ahead.
    assert_eq!([claim(&second, 86_400).await, claim(&first, 120).await], [true, true]);
}
