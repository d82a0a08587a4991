//! `watchfire` over a table: two workers, a check, and what asks for a file.

use serde_json::json;
use watchfire_core::ids::EventId;
use watchfire_tests::{
    Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, Watchfire, until, watchfire_at,
};

use crate::support::{LATER, keys, paged};

fn over(table: &str, pagerduty: &PagerDuty) -> Configuration {
    Configuration::new(&pagerduty.url()).set("store.dynamodb", json!({"table": table}))
}

#[tokio::test]
async fn two_workers_over_one_table_decide_an_event_once() {
    let pagerduty = PagerDuty::start().await;
    let aws = Ministack::shared();
    let table = DynamoDbTable::at(aws.endpoint());
    let store = table.open().await;
    let queue = aws.queue("both", 30, 50).await;
    let configuration = over(&table.name, &pagerduty).queue(&queue.url);
    let one = Watchfire::start(&configuration, Some(&aws)).await;
    let other = Watchfire::start(&configuration, Some(&aws)).await;
    let event = GuardDuty::miner("both-1").event("event-1");
    let (first, second) = tokio::join!(one.post(&event), other.post(&event));
    assert_eq!((first, second), (202, 202));
    paged(&pagerduty, 1).await;
    let last = GuardDuty::miner("both-2").event("event-2");
    assert_eq!(other.post(&last).await, 202);
    // By whichever takes it from the queue.
    let decided = async || (!store.named("event-2", 9).await.unwrap().is_empty()).then_some(());
    until("a decision about event-2", LATER, decided).await;
    assert_eq!(keys(&pagerduty, "both-1").len(), 1, "a repeat has the same key");
    let events = store.named("event-1", 9).await.unwrap();
    assert_eq!(events.len(), 1);
    assert!(store.find(&events[0]).await.unwrap().is_some());
    assert_eq!(store.find(&EventId::new("event-1")).await.unwrap(), None);
    for mut worker in [one, other] {
        assert!(worker.terminate().await.status.success());
    }
}

#[tokio::test]
async fn a_start_says_that_a_table_is_missing_and_where_it_is_named() {
    let pagerduty = PagerDuty::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("watchfire.yaml"), over("no-such-table", &pagerduty).text()).unwrap();
    let expected = "store.dynamodb.table: the table no-such-table cannot be the store: there is no such table in \
                    us-gov-west-1: is it in another region (AWS_REGION or `store.dynamodb.region`), or of another account \
                    than these credentials?\n";
    let arguments: [&[&str]; 2] = [&["run"], &["check", "--live"]];
    for arguments in arguments {
        let said = watchfire_at(folder.path(), arguments, &Ministack::shared());
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.ends_with(expected), "{arguments:?}: {}", said.stderr);
    }
    let said = watchfire_at(folder.path(), &["store", "check"], &Ministack::shared());
    let expected = "the store is the table no-such-table, and no file: name a file, or ask a running worker";
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stderr.contains(expected), "{}", said.stderr);
}
