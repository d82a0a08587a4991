//! The `bootstrap` behind an event source mapping: a queue, partial failures, timers without a worker.

use std::time::{Duration, Instant};

use serde_json::json;
use watchfire_tests::{Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, Queue};

async fn behind(queue: &Queue, configuration: &Configuration) {
    let table = DynamoDbTable::fresh();
    table.make().await;
    let store = json!({"dynamodb": {"table": table.name}});
    let configuration =
        configuration.clone().set("store", store).set("queue", json!({"url": queue.url, "in_flight": 64}));
    let aws = Ministack::shared();
    aws.lambda(queue, &configuration, 100).await;
}

#[tokio::test]
async fn records_of_a_queue_are_paged_and_deleted_and_what_nobody_took_comes_again() {
    let (aws, pagerduty) = (Ministack::shared(), PagerDuty::start().await);
    let queue = aws.queue("lambda", 2, 50).await;
    pagerduty.script(std::iter::repeat_n(watchfire_tests::Fault::Status(500, None), 4));
    behind(&queue, &Configuration::new(&pagerduty.url())).await;
    let events =
        (0..10).map(|number| GuardDuty::miner(&format!("cart-{number}")).event(&format!("e{number}")));
    queue.send_all(&events.map(|event| event.to_string()).collect::<Vec<_>>()).await;
    pagerduty.wait_for(10, Duration::from_secs(90)).await;
    queue.drained(Duration::from_secs(60)).await;
    assert_eq!(pagerduty.alerts().len(), 10);
}

#[tokio::test]
async fn a_groups_wait_is_over_when_it_is_over_without_a_worker_and_without_a_tick() {
    let (aws, pagerduty) = (Ministack::shared(), PagerDuty::start().await);
    let queue = aws.queue("lambda", 30, 50).await;
    let group = json!([{"name": "all", "match": {"priority": ["P2"]}, "group_by": ["family"], "group_wait_seconds": 4}]);
    let configuration = Configuration::new(&pagerduty.url()).set("noise.groups", group);
    behind(&queue, &configuration).await;
    let event = GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, "cart-1").event("e1");
    let sent = Instant::now();
    queue.send(&event.to_string()).await;
    pagerduty.wait_for(1, Duration::from_secs(60)).await;
    assert!(sent.elapsed() >= Duration::from_secs(4), "the group has waited: {:?}", sent.elapsed());
    queue.drained(Duration::from_secs(60)).await;
}
