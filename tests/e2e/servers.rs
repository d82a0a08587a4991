//! The servers that the other tests stand on do what AWS does, as far as we rely on it.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire_tests::{Depth, GuardDuty, Ministack};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_rule_puts_the_whole_event_on_the_queue() {
    let aws = Ministack::shared();
    let queue = aws.queue("envelope", 30, 5).await;
    let finding = GuardDuty::miner("envelope-1");
    aws.rule(&json!({"source": ["aws.guardduty"], "detail": {"id": [finding.detail()["id"]]}}), &queue).await;
    let id = aws.put_event(&finding.event("ignored")).await;
    let body: Value = serde_json::from_str(&queue.take().await.unwrap()).unwrap();
    let expected = json!({
        "version": "0", "id": id, "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
        "account": body["account"], "time": body["time"], "region": "us-gov-west-1", "resources": [],
        "detail": finding.detail(),
    });
    assert_eq!(body, expected);
    queue.drained(SOON).await;
}

#[tokio::test]
async fn a_topic_wraps_the_event_in_a_notification() {
    let aws = Ministack::shared();
    let queue = aws.queue("wrapped", 30, 5).await;
    let topic = aws.topic(&queue).await;
    aws.publish(&topic, r#"{"id": "a & b"}"#).await;
    let body: Value = serde_json::from_str(&queue.take().await.unwrap()).unwrap();
    assert_eq!(
        (body["Type"].as_str(), body["Message"].as_str()),
        (Some("Notification"), Some(r#"{"id": "a & b"}"#))
    );
}

#[tokio::test]
async fn a_message_received_too_often_is_dead_lettered() {
    let aws = Ministack::shared();
    let queue = aws.queue("poison", 0, 2).await;
    queue.send("poison").await;
    queue.receive_and_give_back(2).await;
    assert_eq!(queue.take().await, None);
    assert_eq!(queue.dead().await, Depth { visible: 1, ..Depth::default() });
}
