//! What is removed, and what never is.

use std::time::Duration;

use watchfire::store::{Committed, Store};
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, Record, State};

use crate::until;

use super::builders::{at, changing, closed, done, entry, events, finding, incident, record};

const DAY: i64 = 24 * 60 * 60;

/// Commits an entry that changes those findings and closes those incidents.
async fn commit(store: &Store, event: &str, seconds: i64, effects: &[&str], keys: &[Key]) {
    commit_with(store, entry(event, seconds, effects), keys, &closed(1)).await;
}

/// The same, but the incidents are open.
async fn commit_open(store: &Store, event: &str, seconds: i64, keys: &[Key]) {
    commit_with(store, entry(event, seconds, &[]), keys, &record(1)).await;
}

async fn commit_with(store: &Store, entry: Entry, keys: &[Key], incident: &Record) {
    let mut read = State::default();
    store.load(keys, &mut read).await.unwrap();
    let changes = keys.iter().map(|key| match key {
        Key::Incident(_) => (key.clone(), incident.clone()),
        Key::Finding(key) => finding(key.as_str(), 1),
        Key::Annotations(_) => (key.clone(), Record::Annotations(Box::default())),
        Key::Triage(_) => (key.clone(), Record::Triage(Box::default())),
        Key::Target(_)
        | Key::Approval(_)
        | Key::Budget
        | Key::Switch
        | Key::TriageSpent
        | Key::PageDraft(_)
        | Key::Silences
        | Key::Inhibition(_)
        | Key::Bundle(_)
        | Key::Limit(_)
        | Key::Tally(_)
        | Key::Storm(_)
        | Key::Digest
        | Key::DigestLine(..)
        | Key::DigestEdition(_)
        | Key::DigestDays
        | Key::DigestContents(_)
        | Key::Audit(_)
        | Key::AuditHead => unreachable!("not in these tests"),
    });
    assert_eq!(store.commit(&read, &changing(entry, changes)).await.unwrap(), Committed::Yes);
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

pub async fn an_open_incident_and_its_findings_are_never_pruned(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let annotations = Key::Annotations(IncidentKey::new("incident-1"));
    let triage = Key::Triage(IncidentKey::new("incident-1"));
    let keys = [finding("f", 1).0, incident("incident-1"), annotations, triage];
    commit_open(&store, "a", 0, &keys).await;
    for days in [100, 101, 200] {
        prune_all(&store, days * DAY).await;
        assert_eq!(left(&store, &keys).await, (Vec::new(), keys.to_vec()), "after {days} days");
    }
    commit(&store, "b", 290 * DAY, &[], &keys[1..2]).await;
    assert_eq!(
        prune_all(&store, 290 * DAY).await,
        3,
        "the finding, what was noted and written: nobody needs them"
    );
    assert_eq!(left(&store, &keys).await, (events(&["b"]), keys[1..2].to_vec()));
    assert_eq!(prune_all(&store, 291 * DAY).await, 2, "the decision and the incident");
    assert_eq!(left(&store, &keys).await, (Vec::new(), Vec::new()));
}

/// What was marked before: an index shows that a moment later.
async fn pruned(store: &Store, most: usize) -> u64 {
    let some = async || Some(store.prune(at(9), most).await.unwrap()).filter(|removed| *removed > 0);
    until("something that is old", Duration::from_secs(20), some).await
}

pub async fn what_is_open_does_not_hide_what_is_old(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let kept: Vec<_> = ["a", "b", "c", "e", "f"].map(incident).into();
    commit_open(&store, "a", 0, &kept).await;
    let old = incident("d");
    commit(&store, "b", 0, &[], std::slice::from_ref(&old)).await;
    assert_eq!(store.prune(at(9), 2).await.unwrap(), 2, "both decisions");
    assert_eq!(pruned(&store, 2).await, 1, "the closed incident");
    assert_eq!(store.prune(at(9), 2).await.unwrap(), 0);
    assert_eq!(left(&store, &[kept.clone(), vec![old]].concat()).await, (Vec::new(), kept));
}

pub async fn a_record_that_changed_since_is_kept_until_that_is_old(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let key = incident("i");
    for (event, seconds) in [("a", 0), ("b", 10), ("c", 20)] {
        commit(&store, event, seconds, &[], std::slice::from_ref(&key)).await;
    }
    for (before, removed) in [(5, 1), (15, 1), (20, 0), (21, 2), (99, 0)] {
        assert_eq!(prune_all(&store, before).await, removed, "before {before}");
    }
    assert_eq!(left(&store, &[key]).await, (Vec::new(), Vec::new()));
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
    assert_eq!(pruned(&store, 2).await, 1);
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
