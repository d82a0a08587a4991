//! Lambda as far as its queue sees it: batches of ten, one environment, deletes what was not reported.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use watchfire_tests::{Bootstrap, Configuration, Ministack, Queue, RuntimeApi};

use crate::lambda::reported;

const TIMEOUT: Duration = Duration::from_secs(20);

/// It ends when it is dropped.
pub(super) struct Emulator {
    bootstrap: Arc<Mutex<Bootstrap>>,
    polls: JoinHandle<()>,
}

impl Emulator {
    pub(super) async fn start(queue: &Queue, configuration: &Configuration, aws: &Ministack) -> Self {
        let api = RuntimeApi::start().await;
        let configuration = configuration.clone().set("cluster.look_up", json!("each"));
        let endpoint = aws.endpoint().to_owned();
        let mut bootstrap = Bootstrap::new(&api, &configuration, &[("AWS_ENDPOINT_URL", endpoint)]);
        bootstrap.start();
        let queue = queue.clone();
        let polls = tokio::spawn(async move {
            loop {
                poll(&queue, &api).await;
            }
        });
        Self { bootstrap: Arc::new(Mutex::new(bootstrap)), polls }
    }

    /// The environment ends without a warning, and another one begins.
    pub(super) fn kill(&self) {
        self.bootstrap.lock().unwrap().start();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.polls.abort();
    }
}

async fn poll(queue: &Queue, api: &RuntimeApi) {
    let messages = queue.receive(10, TIMEOUT).await;
    if messages.is_empty() {
        return;
    }
    let records: Vec<_> = messages.iter().map(|message| record(queue, message)).collect();
    let answer = tokio::time::timeout(TIMEOUT, api.invoke(&json!({"Records": records}), TIMEOUT)).await;
    // Of one that failed, or was killed, everything comes again.
    let Ok(Ok(Ok(answer))) = answer else { return };
    let left = reported(&answer);
    let is_done = |message: &&Value| !left.iter().any(|left| message["MessageId"] == left.as_str());
    queue.delete(&messages.iter().filter(is_done).collect::<Vec<_>>()).await;
}

fn record(queue: &Queue, message: &Value) -> Value {
    json!({
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "md5OfBody": "", "messageAttributes": {}, "attributes": message["Attributes"],
        "eventSource": "aws:sqs", "awsRegion": "us-gov-west-1", "eventSourceARN": queue.arn,
    })
}
