//! `POST /v1/events` follows the store: onto SQS where many workers read, answered once SQS has it.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};
use watchfire_tests::{Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, Watchfire, until};

use crate::support::{LATER, keys, paged, queue, triggers};

/// The status of a body that is posted, and the sentence where it is refused.
async fn posted(watchfire: &Watchfire, body: impl ToString) -> (u16, String) {
    let request = reqwest::Client::new().post(format!("{}/v1/events", watchfire.ingest));
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await.unwrap();
    (status, answer["error"].as_str().unwrap_or_default().to_owned())
}

fn over(pagerduty: &PagerDuty, table: &DynamoDbTable) -> Configuration {
    Configuration::new(&pagerduty.url()).set("store", json!({"dynamodb": {"table": table.name}}))
}

#[tokio::test]
async fn any_worker_takes_what_was_posted_to_one_and_no_file_is_written() {
    let (aws, queue) = queue("ingest").await;
    let pagerduty = PagerDuty::start().await;
    let table = DynamoDbTable::at(aws.endpoint());
    let store = table.open().await;
    let configuration = over(&pagerduty, &table).queue(&queue.url);
    let one = Watchfire::start(&configuration, Some(&aws)).await;
    let other = Watchfire::start(&configuration, Some(&aws)).await;
    let event = |number: usize| GuardDuty::miner(&format!("posted-{number}")).event(&format!("e{number}"));
    let took = async |worker: &Watchfire| {
        worker.metrics().await.sum("watchfire_messages_received_total", &["source=\"sqs\""])
    };
    // Whoever asks first has what is there: sooner or later that is each of them.
    let sent = AtomicUsize::new(0);
    let both = async || {
        let number = sent.fetch_add(5, Relaxed);
        let events: Vec<Value> = (number..number + 5).map(event).collect();
        assert_eq!(posted(&one, json!(events)).await, (202, String::new()));
        paged(&pagerduty, number + 5).await;
        (took(&one).await > 0.0 && took(&other).await > 0.0).then_some(())
    };
    until("both take something", LATER, both).await;
    let sent = sent.into_inner();
    // Sent again, because its answer was lost, say.
    assert_eq!(posted(&one, &event(0)).await, (202, String::new()));
    queue.drained(LATER).await;
    assert_eq!(store.named("e0", 9).await.unwrap().len(), 1, "what is sent twice is one event");
    assert_eq!((triggers(&pagerduty).len(), keys(&pagerduty, "posted-0").len()), (sent, 1));
    for mut worker in [one, other] {
        assert!(worker.terminate().await.status.success());
        assert_eq!(std::fs::read_dir(worker.path("data")).unwrap().count(), 0, "there is no file");
        assert!(!worker.path("watchfire-data").exists());
    }
}

#[tokio::test]
async fn an_event_that_no_message_holds_is_refused_with_a_sentence() {
    let (aws, queue) = queue("too-large").await;
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let padded = |bytes: usize| json!({"id": "big", "padding": "x".repeat(bytes)}).to_string();
    let largest = padded(1024 * 1024 - padded(0).len());
    assert_eq!(posted(&watchfire, largest).await, (202, String::new()));
    let expected = (413, "expected events of at most 1 MiB each".to_owned());
    assert_eq!(posted(&watchfire, padded(1024 * 1024)).await, expected);
}

#[tokio::test]
async fn what_sqs_does_not_take_is_named_and_what_is_urgent_in_it_is_paged() {
    let (aws, queue) = queue("gone").await;
    let pagerduty = PagerDuty::start().await;
    let table = DynamoDbTable::at(aws.endpoint());
    let store = table.open().await;
    let configuration = over(&pagerduty, &table).queue(&queue.url).set("queue.name", json!("alerts"));
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    queue.remove().await;
    let (status, said) = posted(&watchfire, GuardDuty::miner("gone-1").event("e1")).await;
    let expected = "1 of 1 events are on no queue, send them again: event 1 (queue alerts: 400 ";
    assert!(status == 503 && said.starts_with(expected), "{status} {said}");
    assert!(said.ends_with("(needs sqs:SendMessage))"), "{said}");
    paged(&pagerduty, 1).await;
    assert_eq!(store.named("e1", 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_worker_over_a_table_without_a_queue_says_that_it_takes_no_events() {
    let aws = Ministack::shared();
    let pagerduty = PagerDuty::start().await;
    let table = DynamoDbTable::at(aws.endpoint());
    table.make().await;
    let watchfire = Watchfire::start(&over(&pagerduty, &table), Some(&aws)).await;
    let (status, said) = posted(&watchfire, GuardDuty::miner("nowhere-1").event("e1")).await;
    let expected = "no queue takes events: the store is a table, so that events by HTTP go to SQS; expected `queue` in the \
                    configuration, or send them where EventBridge does";
    assert_eq!((status, said.as_str()), (503, expected));
}

#[tokio::test]
async fn killed_after_the_answer_a_worker_has_lost_nothing() {
    let (aws, queue) = queue("killed").await;
    let pagerduty = PagerDuty::start().await;
    let table = DynamoDbTable::at(aws.endpoint());
    let store = table.open().await;
    let configuration = over(&pagerduty, &table).queue(&queue.url);
    let mut first = Watchfire::start(&configuration, Some(&aws)).await;
    let events: Vec<Value> = (0..12)
        .map(|number| GuardDuty::miner(&format!("kept-{number}")).event(&format!("k{number}")))
        .collect();
    assert_eq!(posted(&first, json!(events)).await, (202, String::new()));
    first.kill9();
    let _second = Watchfire::start(&configuration, Some(&aws)).await;
    let decided = async || {
        let mut all = true;
        for number in 0..12 {
            all &= !store.named(&format!("k{number}"), 9).await.unwrap().is_empty();
        }
        all.then_some(())
    };
    until("twelve decisions", LATER, decided).await;
    until("twelve incidents", LATER, async || (pagerduty.alerts().len() == 12).then_some(())).await;
    queue.drained(LATER).await;
}
