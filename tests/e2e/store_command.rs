//! `watchfire store`: a copy of a running worker's store, a store made of it, whether it is whole, and its journal.

use serde_json::{Value, json};
use watchfire::store::Store;
use watchfire_core::ids::EventId;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire};

use crate::support::paged;

/// A worker that has paged two P0 and recorded three P3.
async fn worker() -> (PagerDuty, Watchfire) {
    let pagerduty = PagerDuty::start().await;
    let configuration =
        Configuration::new(&pagerduty.url()).set("http.operator_token", json!({"env": "INGEST_TOKEN"}));
    let watchfire = Watchfire::start(&configuration, None).await;
    for index in 0..5 {
        let finding = match index {
            0 | 1 => GuardDuty::miner(&format!("kept-{index}")),
            _ => GuardDuty::low(&format!("kept-{index}")),
        };
        assert_eq!(watchfire.post(finding.event(&format!("event-{index}"))).await, 202);
        watchfire.decided(&format!("event-{index}")).await;
    }
    paged(&pagerduty, 2).await;
    (pagerduty, watchfire)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_running_workers_store_is_copied_checked_restored_and_exported() {
    let (_pagerduty, mut watchfire) = worker().await;
    let backup = watchfire.command(&["store", "backup", "copy.redb"]);
    assert_eq!((backup.code, backup.stderr.as_str()), (0, ""), "{}", backup.stdout);
    let exported = watchfire.command(&["store", "export"]);
    assert_eq!((exported.code, exported.stderr.as_str()), (0, ""));
    // In use: neither looked at nor copied behind the worker's back.
    let store = "data/watchfire.redb";
    for arguments in [&["store", "check", store][..], &["store", "export", "--store", store]] {
        let refused = watchfire.command(arguments);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{arguments:?}");
        assert!(refused.stderr.contains("in use by another process"), "{}", refused.stderr);
    }
    assert!(watchfire.terminate().await.status.success());

    let checked = watchfire.command(&["store", "check", "copy.redb"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.contains("copy.redb: whole"), "{}", checked.stdout);
    let restored = watchfire.command(&["store", "restore", "copy.redb", "--to", "new/place.redb"]);
    assert_eq!((restored.code, restored.stderr.as_str()), (0, ""));
    let offline = watchfire.command(&["store", "export", "--store", "new/place.redb"]);
    assert_eq!(offline.stdout, exported.stdout);
    let shown = |line: &Value| EventId::new(line["decision"]["event"].as_str().unwrap_or_default()).shown();
    let told: Vec<_> = lines(&exported.stdout).iter().map(shown).collect();
    assert_eq!(told, ["event-0", "event-1", "event-2", "event-3", "event-4"]);
    let raw = GuardDuty::miner("kept-0").event("event-0").to_string();
    assert_eq!(lines(&exported.stdout)[0]["raw"], json!(raw), "as it came");

    let taken = watchfire.command(&["store", "restore", "copy.redb", "--to", store]);
    assert_eq!(taken.code, 1, "there is something already: {}", taken.stdout);
    std::fs::remove_file(watchfire.path(store)).unwrap();
    let restored = watchfire.command(&["store", "restore", "copy.redb"]);
    assert_eq!((restored.code, restored.stderr.as_str()), (0, ""), "where the configuration says");
    watchfire.restart().await;
    assert_eq!(watchfire.post(GuardDuty::miner("kept-0").event("event-0")).await, 202);
    assert_eq!(watchfire.post(GuardDuty::low("kept-9").event("event-9")).await, 202);
    watchfire.decided("event-9").await;
    assert!(watchfire.terminate().await.status.success());
    let store = Store::open(&watchfire.path(store)).unwrap();
    let id = store.named("event-0", 2).await.unwrap();
    let entry = store.find(&id[0]).await.unwrap().unwrap();
    assert_eq!(entry.outcomes.len(), 1, "decided and paged before the backup, and not again");
}

#[tokio::test]
async fn a_backup_that_breaks_off_or_is_not_allowed_leaves_nothing() {
    let (_pagerduty, watchfire) = worker().await;
    for arguments in [
        &["store", "backup", "copy.redb", "--server", "http://127.0.0.1:9"][..],
        &["store", "backup", "copy.redb", "--token-file", "watchfire.yaml"],
    ] {
        let refused = watchfire.command(arguments);
        assert_eq!(refused.code, 1, "{}{}", refused.stdout, refused.stderr);
        assert!(!watchfire.path("copy.redb").exists() && !watchfire.path("copy.redb.part").exists());
    }
}

#[tokio::test]
async fn check_says_what_is_damaged_and_restore_takes_nothing_that_is() {
    let (_pagerduty, mut watchfire) = worker().await;
    assert!(watchfire.terminate().await.status.success());
    let path = watchfire.path("data/watchfire.redb");
    let mut bytes = std::fs::read(&path).unwrap();
    let is_named = |bytes: &Vec<u8>| bytes.windows(7).position(|part| part == b"event-3");
    // In every page that has it: which of them are in use is the database's matter.
    while let Some(at) = is_named(&bytes) {
        bytes[at..at + 7].copy_from_slice(b"event-X");
    }
    std::fs::write(&path, &bytes).unwrap();
    let checked = watchfire.command(&["store", "check", "data/watchfire.redb", "--output", "json"]);
    assert_eq!(checked.code, 1, "{}{}", checked.stdout, checked.stderr);
    let wrong = serde_json::from_str::<Value>(&checked.stdout).unwrap()["store"]["wrong"].to_string();
    assert!(wrong.contains("pages"), "{wrong}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "whoever looks changes nothing");
    let refused = watchfire.command(&["store", "restore", "data/watchfire.redb", "--to", "new.redb"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("not whole, nothing was restored"), "{}", refused.stderr);
    assert!(!watchfire.path("new.redb").exists());
}
