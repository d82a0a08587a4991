//! The Lambda: a real `SqsEvent` through the same router, and only what is not done comes again.

use std::path::Path;
use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use serde_json::{Value, json};
use watchfire::app::Parts;
use watchfire::config::Config;
use watchfire::router::Router;
use watchfire::rules_files;
use watchfire_core::rules::RuleSet;
use watchfire_tests::{GuardDuty, free_port};

/// P0 and P1 are printed, P2 goes to a mail server that nobody runs.
async fn router(folder: &Path) -> Arc<Router> {
    let mail = json!({"host": "127.0.0.1", "port": free_port(), "tls": "none",
        "from": "watchfire@example.com", "to": ["oncall@example.com"]});
    let configuration = json!({
        "store": {"path": folder.join("watchfire.redb")},
        "channels": {"screen": {"console": {}}, "mail": {"email": mail}},
        "routes": {"P0": {"to": ["screen"]}, "P1": {"to": ["screen"]}, "P2": {"to": ["mail"]}},
    });
    let config = Config::parse("test", &configuration.to_string()).expect("a configuration without mistakes");
    let files = rules_files::read(None).expect("the shipped rules are in the binary");
    let policy = config.policy(RuleSet::load(&files).expect("the shipped rules are right"));
    Parts::open(config, policy, None).await.expect("everything is on this machine").router
}

/// As the event source mapping hands them over.
fn batch(bodies: &[(&str, String)]) -> SqsEvent {
    let record = |(id, body): &(&str, String)| {
        json!({
            "messageId": id, "receiptHandle": "AQEB", "body": body, "md5OfBody": "", "messageAttributes": {},
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1790000000000",
                "SenderId": "events", "ApproximateFirstReceiveTimestamp": "1790000000001"},
            "eventSource": "aws:sqs", "awsRegion": "us-gov-west-1",
            "eventSourceARN": "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:alerts",
        })
    };
    let records: Vec<Value> = bodies.iter().map(record).collect();
    serde_json::from_value(json!({"Records": records})).expect("the shape AWS documents")
}

async fn left(router: &Arc<Router>, bodies: &[(&str, String)]) -> Vec<String> {
    let response = watchfire_lambda::handle(router.clone(), batch(bodies)).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[tokio::test]
async fn only_the_records_that_are_not_done_are_reported() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let router = router(folder.path()).await;
    let bodies = [
        ("paged", GuardDuty::miner("checkout-1").event("e1")),
        (
            "nobody-takes-the-mail",
            GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, "cart-1").event("e2"),
        ),
        ("for-the-digest", GuardDuty::low("cart-2").event("e3")),
    ]
    .map(|(id, event)| (id, event.to_string()));
    assert_eq!(left(&router, &bodies).await, ["nobody-takes-the-mail"]);
    // It comes again, alone, and still nobody takes the mail.
    assert_eq!(left(&router, &bodies[1..2]).await, ["nobody-takes-the-mail"]);
}

#[tokio::test]
async fn a_batch_that_comes_again_is_done_and_decided_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let router = router(folder.path()).await;
    let bodies = [("paged", GuardDuty::miner("checkout-1").event("e1").to_string())];
    assert_eq!(left(&router, &bodies).await, Vec::<String>::new());
    assert_eq!(left(&router, &bodies).await, Vec::<String>::new());
    let decided = router.journal(10).await.expect("the store answers");
    assert_eq!(decided.len(), 1);
}
