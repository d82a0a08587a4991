//! What several of these tests say about pages.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use watchfire_tests::{Ministack, PagerDuty, Queue, until};

/// For what takes no longer than a process needs to work.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// For what comes back by the visibility of its message, 10 s in these tests, or by a back-off.
pub(crate) const LATER: Duration = Duration::from_secs(60);

/// The accepted events of that action, the oldest first.
pub(crate) fn accepted(pagerduty: &PagerDuty, action: &str) -> Vec<Value> {
    pagerduty.events().into_iter().filter(|event| event["event_action"] == action).collect()
}

/// The accepted triggers, the oldest first.
pub(crate) fn triggers(pagerduty: &PagerDuty) -> Vec<Value> {
    accepted(pagerduty, "trigger")
}

/// The dedup keys of accepted triggers whose text names `about`, each once.
pub(crate) fn keys(pagerduty: &PagerDuty, about: &str) -> BTreeSet<String> {
    let about = |event: &Value| event["payload"].to_string().contains(about);
    triggers(pagerduty).iter().filter(|event| about(event)).map(key).collect()
}

/// The dedup key of an event.
pub(crate) fn key(event: &Value) -> String {
    event["dedup_key"].as_str().expect("every event has a dedup key").to_owned()
}

/// Waits for so many accepted triggers, and returns them.
pub(crate) async fn paged(pagerduty: &PagerDuty, count: usize) -> Vec<Value> {
    let enough = async || Some(triggers(pagerduty)).filter(|pages| pages.len() >= count);
    until(&format!("{count} pages"), LATER, enough).await
}

/// A queue for one test, whose messages are given up after `most` receives.
pub(crate) async fn queue_giving_up_after(stem: &str, most: u32) -> (Ministack, Queue) {
    let aws = Ministack::shared();
    let queue = aws.queue(stem, 30, most).await;
    (aws, queue)
}

/// A queue for one test.
pub(crate) async fn queue(stem: &str) -> (Ministack, Queue) {
    queue_giving_up_after(stem, 50).await
}

/// A directory with files in it, each with the folders above it.
pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a new directory takes files");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a new directory takes files"))
            .expect("a new directory takes files");
        std::fs::write(path, text).expect("a new directory takes files");
    }
    directory
}
