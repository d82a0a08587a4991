//! The Lambda: real payloads through the same router; what is not done in time comes again, and nothing else does.

mod batch;
mod event_source;
mod invocations;
mod process;
mod requests;
mod rotation;
mod telemetry;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use watchfire::app::Parts;
use watchfire::config::Config;
use watchfire::router::{Router, Watcher};
use watchfire::rules_files;
use watchfire_core::rules::RuleSet;
use watchfire_lambda::{Deadline, Failed, Lambda, Operators};
use watchfire_tests::free_port;

/// The handler in this process, over a store of its own.
struct InProcess {
    _folder: tempfile::TempDir,
    lambda: Lambda,
    router: std::sync::Arc<Router>,
}

impl InProcess {
    /// P0 and P1 are printed, P2 goes to a mail server that nobody runs.
    async fn new() -> Self {
        Self::with(free_port(), Operators::ShowTheToken, None).await
    }

    /// The same, with the mail server's port, and somebody who sees each decision before it is performed.
    async fn with(mail_port: u16, operators: Operators, watcher: Option<Watcher>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let configuration = configuration(folder.path(), mail_port);
        Self::of(folder, &configuration, operators, watcher).await
    }

    /// The same with that configuration.
    async fn of(
        folder: tempfile::TempDir,
        configuration: &Value,
        operators: Operators,
        watcher: Option<Watcher>,
    ) -> Self {
        let config =
            Config::parse("test", &configuration.to_string()).expect("a configuration without mistakes");
        let files = rules_files::read(None).expect("the shipped rules are in the binary");
        let policy = config.policy(RuleSet::load(&files).expect("the shipped rules are right"));
        let parts = Parts::open(config, policy, watcher).await.expect("everything is on this machine");
        let called = parts.called().await;
        let router = called.router.clone();
        Self { _folder: folder, lambda: Lambda::new(called, operators), router }
    }

    async fn answer(&self, payload: &Value) -> Result<Value, Failed> {
        self.answer_within(payload, Duration::from_secs(60)).await
    }

    async fn answer_within(&self, payload: &Value, within: Duration) -> Result<Value, Failed> {
        self.lambda.answer(&payload.to_string(), None, Deadline::within(within)).await
    }

    /// The ids that are reported.
    async fn left(&self, bodies: &[(&str, String)]) -> Vec<String> {
        reported(&self.answer(&batch(bodies)).await.unwrap())
    }

    async fn decided(&self) -> usize {
        self.router.journal(10_000).await.expect("the store answers").len()
    }
}

fn configuration(folder: &Path, mail_port: u16) -> Value {
    let mail = json!({"host": "127.0.0.1", "port": mail_port, "tls": "none",
        "from": "watchfire@example.com", "to": ["oncall@example.com"]});
    let token = folder.join("token");
    std::fs::write(&token, TOKEN).unwrap();
    json!({
        "http": {"operator_token": {"file": token}},
        "store": {"path": folder.join("watchfire.redb")},
        "channels": {"screen": {"console": {}}, "mail": {"email": mail}},
        "routes": {"P0": {"to": ["screen"]}, "P1": {"to": ["screen"]}, "P2": {"to": ["mail"]}},
    })
}

const TOKEN: &str = "t0ken-of-the-operators";

/// As the event source mapping hands them over.
pub(crate) fn batch(bodies: &[(&str, String)]) -> Value {
    let record = |(id, body): &(&str, String)| {
        json!({
            "messageId": id, "receiptHandle": "AQEB", "body": body, "md5OfBody": "", "messageAttributes": {},
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1790000000000",
                "SenderId": "events", "ApproximateFirstReceiveTimestamp": "1790000000001"},
            "eventSource": "aws:sqs", "awsRegion": "us-gov-west-1",
            "eventSourceARN": "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:alerts",
        })
    };
    json!({"Records": bodies.iter().map(record).collect::<Vec<Value>>()})
}

/// The ids in an answer to a batch.
pub(crate) fn reported(answer: &Value) -> Vec<String> {
    let failures = answer["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{answer}"));
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}
