//! Invocations without a queue: events, topics, ticks.

use serde_json::json;
use watchfire_tests::GuardDuty;

use super::InProcess;

#[tokio::test]
async fn an_event_that_invokes_it_is_decided_and_the_same_again_is_not() {
    let lambda = InProcess::new().await;
    let event = GuardDuty::miner("checkout-1").event("e1");
    assert_eq!(lambda.answer(&event).await, Ok(json!({"decided": 1})));
    assert_eq!(lambda.answer(&event).await, Ok(json!({"decided": 1})));
    assert_eq!(lambda.decided().await, 1);
}

#[tokio::test]
async fn an_event_that_is_not_done_fails_the_invocation_which_is_then_repeated() {
    let lambda = InProcess::new().await;
    let event = GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, "cart-1").event("e1");
    let failed = lambda.answer(&event).await.unwrap_err().to_string();
    assert!(failed.starts_with("not done: "), "{failed}");
}

#[tokio::test]
async fn a_topics_records_are_the_events_in_them_as_on_a_queue() {
    let lambda = InProcess::new().await;
    let event = GuardDuty::miner("checkout-1").event("e1");
    let sns = json!({"Type": "Notification", "MessageId": "m1",
        "TopicArn": "arn:aws-us-gov:sns:us-gov-west-1:111122223333:alerts", "Message": event.to_string()});
    let topic = json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}]});
    assert_eq!(lambda.answer(&topic).await, Ok(json!({"decided": 1})));
    // By way of a queue, or bare, it is the same event.
    assert_eq!(lambda.left(&[("sns", sns.to_string()), ("bare", event.to_string())]).await, [""; 0]);
    assert_eq!(lambda.decided().await, 1);
}

#[tokio::test]
async fn a_schedule_is_a_tick() {
    let lambda = InProcess::new().await;
    let nothing = json!({"woken": 0, "resumed": 0, "pruned": 0});
    for tick in [
        json!({"version": "0", "id": "i1", "source": "aws.scheduler", "detail-type": "Scheduled Event",
            "time": "2026-11-20T12:00:00Z", "detail": "{}"}),
        json!({"version": "0", "id": "i2", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
        json!({"watchfire": {"tick": {}}}),
    ] {
        assert_eq!(lambda.answer(&tick).await, Ok(nothing.clone()), "{tick}");
    }
    assert_eq!(lambda.decided().await, 0);
}

#[tokio::test]
async fn what_nobody_knows_is_recorded_as_every_unreadable_message_is() {
    let lambda = InProcess::new().await;
    // It is mailed, and nobody takes the mail.
    lambda.answer(&json!({"hello": "world"})).await.unwrap_err();
    let decided = lambda.router.journal(1).await.unwrap();
    assert_eq!(decided[0].decision.kind, "Unreadable Alert");
}
