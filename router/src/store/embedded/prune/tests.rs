//! What is kept costs a look a day, and what cannot be read stops nothing.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::embedded::tests::store;

const BEFORE: i64 = 1_000;

const OPEN: &str = r#"{"incident": {"episode": 1, "open": true, "priority": "P1", "band": null,
    "opened_at": "1970-01-01T00:00:00Z", "said_at": "1970-01-01T00:00:00Z", "events": 1,
    "findings": [], "more_findings": 0, "paged": {}}}"#;
const FINDING_OF_UNREADABLE: &str = r#"{"finding": {"incident": "unreadable", "state": "open",
    "updated_at": null, "count": 1, "seen_at": "1970-01-01T00:00:00Z"}}"#;
const FINDING_OF_NONE: &str = r#"{"finding": {"incident": "none", "state": "open", "updated_at": null,
    "count": 1, "seen_at": "1970-01-01T00:00:00Z"}}"#;

/// Puts records in by key, all last changed at 0.
async fn put(store: &Embedded, records: &'static [(&'static str, &'static str)]) {
    let change = move |tables: &mut Tables<'_>| {
        for (key, json) in records {
            tables.records.insert(key, (1, 0, json.as_bytes()))?;
            tables.aging.insert((0, *key), ())?;
        }
        Ok(())
    };
    store.write(change).await.unwrap();
}

async fn prune(store: &Embedded, before: i64) -> u64 {
    store.prune(Timestamp::from_microsecond(before).unwrap(), 2).await.unwrap()
}

/// Every record, and when it is looked at.
fn aging(store: &Embedded) -> Vec<(String, i64)> {
    let looks = |tables: &Snapshot| {
        let rows = tables.aging()?.iter()?.map(|row| {
            let (row, _) = row?;
            let (time, key) = row.value();
            assert!(tables.records()?.get(key)?.is_some(), "{key}");
            Ok((key.to_owned(), time))
        });
        rows.collect::<Result<Vec<_>, Error>>()
    };
    store.read(looks).unwrap()
}

#[tokio::test]
async fn what_is_open_is_looked_at_once_a_day() {
    let (_folder, _disk, store) = store();
    put(&store, &[("incident/a", OPEN), ("incident/b", OPEN), ("incident/c", OPEN)]).await;
    let all_at = |time| ["a", "b", "c"].map(|key| (format!("incident/{key}"), time)).to_vec();
    assert_eq!(prune(&store, BEFORE).await, 0);
    assert_eq!(aging(&store), all_at(BEFORE + LOOK_AGAIN));
    assert_eq!(prune(&store, BEFORE + LOOK_AGAIN).await, 0);
    assert_eq!(aging(&store), all_at(BEFORE + LOOK_AGAIN), "nobody has looked");
    assert_eq!(prune(&store, BEFORE + LOOK_AGAIN + 1).await, 0);
    assert_eq!(aging(&store), all_at(BEFORE + 2 * LOOK_AGAIN + 1));
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_stops_nothing() {
    let (_folder, _disk, store) = store();
    put(
        &store,
        &[
            ("finding/kept", FINDING_OF_UNREADABLE),
            ("finding/old", FINDING_OF_NONE),
            ("finding/unreadable", "{"),
            ("incident/unreadable", "{"),
        ],
    )
    .await;
    assert_eq!(prune(&store, BEFORE).await, 1);
    assert_eq!(prune(&store, BEFORE).await, 0);
    let kept = ["finding/kept", "finding/unreadable", "incident/unreadable"];
    assert_eq!(aging(&store), kept.map(|key| (key.to_owned(), BEFORE + LOOK_AGAIN)));
}

#[tokio::test]
async fn what_changes_between_the_search_and_the_removal_is_kept() {
    let (_folder, _disk, store) = store();
    put(&store, &[("finding/a", FINDING_OF_NONE)]).await;
    let old = store.read(|tables| Old::find(tables, BEFORE, 2)).unwrap();
    let change = |tables: &mut Tables<'_>| {
        tables.records.insert("finding/a", (2, BEFORE, FINDING_OF_NONE.as_bytes()))?;
        Ok(())
    };
    store.write(change).await.unwrap();
    assert_eq!(store.write(move |tables| old.remove(tables)).await.unwrap(), 0);
    assert_eq!(aging(&store), [("finding/a".to_owned(), 0)]);
    assert_eq!(prune(&store, BEFORE).await, 0);
    assert_eq!(aging(&store), [("finding/a".to_owned(), BEFORE)]);
    assert_eq!(prune(&store, BEFORE + 1).await, 1);
    assert_eq!(aging(&store), []);
}

#[tokio::test]
async fn a_line_of_a_digest_is_kept_as_long_as_somebody_is_to_get_it() {
    let (_folder, _disk, store) = store();
    put(
        &store,
        &[
            ("digest", r#"{"digest": {"edition": 3, "due_at": "1970-01-02T00:00:00Z"}}"#),
            ("digest-days", r#"{"digest_days": {}}"#),
            ("digest-edition/1", r#"{"digest_edition": {"due_at": null}}"#),
            ("digest-edition/2", r#"{"digest_edition": {"due_at": "1970-01-01T00:00:00Z"}}"#),
            ("digest-line/1/wf1-said", r#"{"digest_line": {}}"#),
            ("digest-line/2/wf1-closed", r#"{"digest_line": {}}"#),
            ("digest-line/3/wf1-written", r#"{"digest_line": {}}"#),
        ],
    )
    .await;
    while prune(&store, BEFORE).await > 0 {}
    let kept: Vec<_> = aging(&store).into_iter().map(|(key, _)| key).collect();
    let expected = [
        "digest",
        "digest-days",
        "digest-edition/2",
        "digest-line/2/wf1-closed",
        "digest-line/3/wf1-written",
    ];
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn a_line_of_a_digest_that_nobody_gets_ages() {
    let (_folder, _disk, store) = store();
    put(
        &store,
        &[
            ("digest", r#"{"digest": {"edition": 3, "due_at": null}}"#),
            ("digest-line/3/wf1-a", r#"{"digest_line": {}}"#),
        ],
    )
    .await;
    while prune(&store, BEFORE).await > 0 {}
    assert_eq!(aging(&store), [("digest".to_owned(), BEFORE + LOOK_AGAIN)]);
}
