//! What many change at once, and nobody waits for.

use watchfire::store::{Committed, Error, Store};
use watchfire_core::ids::{BundleKey, EventId, IncidentKey, InhibitionKey, LimitKey};
use watchfire_core::journal::Entry;
use watchfire_core::noise::Quota;
use watchfire_core::state::{Key, Merge, State};

use super::builders::{at, changing, entry, incident, record};

fn limit() -> Key {
    Key::Limit(LimitKey::new("channel-a"))
}

fn storm() -> Key {
    Key::Storm(BundleKey::new("storm-a"))
}

fn inhibition() -> Key {
    Key::Inhibition(InhibitionKey::new("cover-a"))
}

/// So many may be spent at once.
fn spend(burst: u32) -> Merge {
    Merge::Spend(Quota::new(1, burst).unwrap())
}

fn merging(mut entry: Entry, merges: impl IntoIterator<Item = (Key, Merge)>) -> Entry {
    entry.decision.merges = merges.into_iter().collect();
    entry
}

async fn load(store: &Store, keys: &[Key]) -> State {
    let mut state = State::default();
    store.load(keys, &mut state).await.unwrap();
    state
}

pub async fn merges_of_decisions_that_read_the_same_are_all_made(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let keys = [limit(), storm(), inhibition()];
    let read = load(&store, &keys).await;
    for number in 0..3 {
        let cover = Merge::Cover(IncidentKey::new(format!("i{number}")));
        let merges = [(limit(), spend(3)), (storm(), Merge::Count { most: 9 }), (inhibition(), cover)];
        let entry = merging(entry(&format!("e{number}"), number, &[]), merges);
        assert_eq!(store.commit(&read, &entry).await.unwrap(), Committed::Yes);
    }
    let after = load(&store, &keys).await;
    let Key::Storm(key) = storm() else { unreachable!() };
    assert_eq!(after.storm(&key).unwrap().recent, [at(0), at(1), at(2)]);
    let Key::Inhibition(key) = inhibition() else { unreachable!() };
    let covers = ["i0", "i1", "i2"].map(IncidentKey::new);
    assert_eq!(after.cover(&key).unwrap().by, covers.into());
    let full = merging(entry("full", 3, &[]), [(limit(), spend(3))]);
    assert_eq!(store.commit(&after, &full).await.unwrap(), Committed::Stale);
}

pub async fn a_merge_without_room_makes_a_decision_stale_and_changes_nothing(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let keys = [limit(), incident("i")];
    let read = load(&store, &keys).await;
    let first = merging(entry("a", 0, &[]), [(limit(), spend(1))]);
    assert_eq!(store.commit(&read, &first).await.unwrap(), Committed::Yes);
    let before = load(&store, &keys).await;
    let changes = [(incident("i"), record(1))];
    let second = merging(changing(entry("b", 1, &["page:oncall"]), changes), [(limit(), spend(1))]);
    assert_eq!(store.commit(&read, &second).await.unwrap(), Committed::Stale);
    assert_eq!(store.find(&EventId::new("b")).await.unwrap(), None);
    assert_eq!(load(&store, &keys).await, before);
}

pub async fn a_merge_that_comes_to_nothing_changes_no_version(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let keys = [inhibition()];
    let cover = || [(inhibition(), Merge::Cover(IncidentKey::new("i")))];
    let read = load(&store, &keys).await;
    store.commit(&read, &merging(entry("a", 0, &[]), cover())).await.unwrap();
    let before = load(&store, &keys).await;
    assert_eq!(store.commit(&before, &merging(entry("b", 1, &[]), cover())).await.unwrap(), Committed::Yes);
    assert_eq!(store.commit(&read, &merging(entry("c", 2, &[]), cover())).await.unwrap(), Committed::Yes);
    assert_eq!(load(&store, &keys).await, before);
}

pub async fn a_merge_without_reading_is_refused(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let blind = merging(entry("a", 0, &[]), [(limit(), spend(1))]);
    let refused = store.commit(&State::default(), &blind).await.unwrap_err();
    assert!(matches!(&refused, Error::Unread(key) if *key == limit()), "{refused}");
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), None);
}
