//! Findings and incidents, and who may change them.

use watchfire::store::{Committed, Error, Store};
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::state::{Key, Record, State};

use super::builders::{at, changing, entry, finding, incident, record};

async fn load(store: &Store, key: &Key) -> State {
    let mut state = State::default();
    store.load(std::slice::from_ref(key), &mut state).await.unwrap();
    state
}

pub(super) fn events_of(state: &State, key: &Key) -> Option<u64> {
    let Key::Incident(key) = key else { panic!("{key} is no incident") };
    state.incident(key).map(|record| record.events)
}

pub async fn a_record_is_loaded_as_it_was_committed(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let (finding_key, finding) = finding("f", 7);
    let keys = [incident("i"), finding_key.clone(), incident("nothing")];
    let mut read = State::default();
    store.load(&keys, &mut read).await.unwrap();
    assert!(read.versions().all(|(_, version)| version == 0));
    let changes = [(incident("i"), record(4)), (finding_key.clone(), finding.clone())];
    assert_eq!(store.commit(&read, &changing(entry("a", 0, &[]), changes)).await.unwrap(), Committed::Yes);

    let mut after = State::default();
    store.load(&keys, &mut after).await.unwrap();
    let version = |key: &Key| after.versions().find(|(other, _)| *other == key).unwrap().1;
    let mut expected = State::default();
    expected.insert_changed(incident("i"), version(&incident("i")), at(0), record(4));
    expected.insert_changed(finding_key.clone(), version(&finding_key), at(0), finding);
    expected.insert(incident("nothing"), 0, None);
    assert_eq!(after, expected);
    assert!(version(&incident("i")) > 0 && version(&finding_key) > 0);
}

pub async fn a_record_that_is_loaded_again_stays_as_it_was_read(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let key = incident("i");
    let mut read = load(&store, &key).await;
    let as_read = read.clone();
    store.commit(&as_read, &changing(entry("a", 0, &[]), [(key.clone(), record(1))])).await.unwrap();
    store.load(&[key], &mut read).await.unwrap();
    assert_eq!(read, as_read);
}

pub async fn a_decision_on_a_changed_record_is_stale_and_changes_nothing(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let key = incident("i");
    let first = load(&store, &key).await;
    store.commit(&first, &changing(entry("a", 0, &[]), [(key.clone(), record(1))])).await.unwrap();
    let read = load(&store, &key).await;
    store.commit(&read, &changing(entry("b", 1, &[]), [(key.clone(), record(2))])).await.unwrap();

    let late = changing(entry("c", 2, &["page:oncall"]), [(key.clone(), record(3)), finding("f", 1)]);
    let mut late_read = read.clone();
    store.load(&[finding("f", 1).0], &mut late_read).await.unwrap();
    assert_eq!(store.commit(&late_read, &late).await.unwrap(), Committed::Stale);
    assert_eq!(store.find(&EventId::new("c")).await.unwrap(), None);
    assert_eq!(store.due(late.decision.at, 9).await.unwrap(), []);
    assert_eq!(events_of(&load(&store, &key).await, &key), Some(2));
    let unchanged = load(&store, &finding("f", 1).0).await;
    assert!(unchanged.versions().all(|(_, version)| version == 0));
}

pub async fn a_decision_on_a_record_that_appeared_since_is_stale(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let key = incident("i");
    let read = load(&store, &key).await;
    store.commit(&read, &changing(entry("a", 0, &[]), [(key.clone(), record(1))])).await.unwrap();
    let late = changing(entry("b", 1, &[]), [(key, record(9))]);
    assert_eq!(store.commit(&read, &late).await.unwrap(), Committed::Stale);
}

pub async fn what_a_decision_is_about_is_checked_though_it_stays_as_it_is(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let key = incident("i");
    let about = |event: &str, seconds| {
        let mut entry = entry(event, seconds, &[]);
        entry.decision.incident = Some(IncidentKey::new("i"));
        entry
    };
    let read = load(&store, &key).await;
    store.commit(&read, &changing(entry("a", 0, &[]), [(key.clone(), record(1))])).await.unwrap();
    assert_eq!(store.commit(&read, &about("b", 1)).await.unwrap(), Committed::Stale);
    let read = load(&store, &key).await;
    assert_eq!(store.commit(&read, &about("c", 2)).await.unwrap(), Committed::Yes);
    assert_eq!(load(&store, &key).await, read);
}

pub async fn what_a_decision_only_looked_at_may_have_changed(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let looked_at = incident("another");
    let mut read = load(&store, &looked_at).await;
    let changed = changing(entry("a", 0, &[]), [(looked_at.clone(), record(1))]);
    assert_eq!(store.commit(&read, &changed).await.unwrap(), Committed::Yes);
    let (own, to) = finding("f", 1);
    store.load(std::slice::from_ref(&own), &mut read).await.unwrap();
    let own = changing(entry("b", 1, &[]), [(own, to)]);
    assert_eq!(store.commit(&read, &own).await.unwrap(), Committed::Yes);
}

pub async fn a_change_without_reading_is_refused(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let blind = changing(entry("a", 0, &[]), [(incident("i"), record(1))]);
    let refused = store.commit(&State::default(), &blind).await.unwrap_err();
    assert!(matches!(&refused, Error::Unread(key) if *key == incident("i")), "{refused}");
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), None);
}

pub async fn many_at_once_on_one_incident_lose_nothing(open: impl AsyncFn() -> Store) {
    const TASKS: u64 = 32;
    const EACH: u64 = 4;
    let store = open().await;
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(count(store.clone(), task, EACH))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let key = incident("i");
    assert_eq!(events_of(&load(&store, &key).await, &key), Some(TASKS * EACH));
    assert_eq!(store.recent(usize::MAX).await.unwrap().len() as u64, TASKS * EACH);
}

async fn count(store: Store, task: u64, times: u64) {
    let key = incident("i");
    for time in 0..times {
        loop {
            let read = load(&store, &key).await;
            let next: Record = record(events_of(&read, &key).unwrap_or(0) + 1);
            let entry = changing(entry(&format!("{task}-{time}"), 0, &[]), [(key.clone(), next)]);
            match store.commit(&read, &entry).await.unwrap() {
                Committed::Yes => break,
                Committed::Stale => {}
                Committed::AlreadyDecided => panic!("nobody else decides {task}-{time}"),
            }
        }
    }
}
