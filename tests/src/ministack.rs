//! SQS, SNS, EventBridge, S3, Secrets Manager and DynamoDB, spoken to as any client would: JSON or forms over HTTP.

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::aws_api::{AwsApi, between};
use crate::fault_proxy::FaultProxy;
use crate::process::{PythonServer, binary, python};
use crate::{Configuration, until};

/// One AWS for the whole test binary; tests keep apart by the names of what they create.
#[derive(Clone, Debug)]
pub struct Ministack {
    api: AwsApi,
}

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub visible: u64,
    /// Received and neither deleted nor given back.
    pub in_flight: u64,
    /// Not yet ready.
    pub delayed: u64,
}

/// A queue with its dead-letter queue.
#[derive(Clone, Debug)]
pub struct Queue {
    aws: Ministack,
    /// Its URL, as `queue.url` of a configuration wants it.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// The URL of its dead-letter queue.
    pub dead_letters: String,
}

impl Ministack {
    /// The one server of this test binary, started by the first test that asks.
    pub fn shared() -> Self {
        static SERVER: OnceLock<PythonServer> = OnceLock::new();
        let port = SERVER.get_or_init(|| PythonServer::start("aws.py", &[])).port();
        Self::at(port)
    }

    /// One of its own, for a test that asks it for everything there is; it ends with the test binary.
    pub fn alone() -> Self {
        static SERVER: OnceLock<PythonServer> = OnceLock::new();
        let port = SERVER.get_or_init(|| PythonServer::start("aws.py", &[])).port();
        Self::at(port)
    }

    /// Another server that speaks as much of it as it is asked, on this machine.
    pub fn at(port: u16) -> Self {
        Self { api: AwsApi::at(port) }
    }

    /// The same by way of that proxy.
    pub fn behind(proxy: &FaultProxy) -> Self {
        Self { api: AwsApi::of(&proxy.endpoint()) }
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn endpoint(&self) -> &str {
        self.api.endpoint()
    }

    /// A name that no other test has.
    pub fn name(&self, stem: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("{stem}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A standard queue and its dead-letter queue, which takes a message after `max_receives`.
    pub async fn queue(&self, stem: &str, visibility_seconds: u32, max_receives: u32) -> Queue {
        let name = self.name(stem);
        let dead_letters = self.create(&format!("{name}-dead"), json!({})).await;
        let dead_arn = self.arn_of(&dead_letters).await;
        let redrive = json!({"deadLetterTargetArn": dead_arn, "maxReceiveCount": max_receives}).to_string();
        let attributes =
            json!({"VisibilityTimeout": visibility_seconds.to_string(), "RedrivePolicy": redrive});
        let url = self.create(&name, attributes).await;
        let arn = self.arn_of(&url).await;
        Queue { aws: self.clone(), url, arn, dead_letters }
    }

    /// An EventBridge rule on the default bus that sends what matches the pattern to the queue.
    pub async fn rule(&self, pattern: &Value, queue: &Queue) {
        let name = self.name("rule");
        let rule = json!({"Name": name, "EventPattern": pattern.to_string(), "State": "ENABLED"});
        self.json("AWSEvents.PutRule", &rule).await;
        let targets = json!({"Rule": name, "Targets": [{"Id": "queue", "Arn": queue.arn}]});
        let answer = self.json("AWSEvents.PutTargets", &targets).await;
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
    }

    /// Puts one event on the default bus: `source`, `detail-type` and `detail` of that envelope.
    /// Returns the id that EventBridge gave it.
    pub async fn put_event(&self, envelope: &Value) -> String {
        let entry = json!({
            "Source": envelope["source"], "DetailType": envelope["detail-type"],
            "Detail": envelope["detail"].to_string(), "Resources": envelope["resources"],
        });
        let answer = self.json("AWSEvents.PutEvents", &json!({"Entries": [entry]})).await;
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
        answer["Entries"][0]["EventId"].as_str().expect("an accepted entry has an id").to_owned()
    }

    /// A topic that sends everything to the queue, in SNS's own envelope. Returns its ARN.
    pub async fn topic(&self, queue: &Queue) -> String {
        let created = self.form(&[("Action", "CreateTopic"), ("Name", &self.name("topic"))]).await;
        let topic = between(&created, "<TopicArn>", "</TopicArn>");
        let subscribe =
            [("Action", "Subscribe"), ("TopicArn", &topic), ("Protocol", "sqs"), ("Endpoint", &queue.arn)];
        self.form(&subscribe).await;
        topic
    }

    /// Publishes a text to a topic.
    pub async fn publish(&self, topic: &str, message: &str) {
        self.form(&[("Action", "Publish"), ("TopicArn", topic), ("Message", message)]).await;
    }

    /// A bucket with Object Lock. Returns its name.
    pub async fn bucket(&self, stem: &str) -> String {
        let name = self.name(stem);
        let lock = [("x-amz-bucket-object-lock-enabled", "true")];
        let place = "<CreateBucketConfiguration><LocationConstraint>us-gov-west-1</LocationConstraint>\
                     </CreateBucketConfiguration>";
        self.api.s3(&format!("PUT /{name}"), &lock, place).await;
        name
    }

    /// One operation of S3, as `AwsApi::s3` has it.
    pub async fn s3(&self, call: &str, headers: &[(&str, &str)], body: &str) -> (HeaderMap, String) {
        self.api.s3(call, headers, body).await
    }

    /// A secret of Secrets Manager with that text. Returns its ARN.
    pub async fn secret(&self, stem: &str, text: &str) -> String {
        let body = json!({"Name": self.name(stem), "SecretString": text});
        let created = self.api.json("secretsmanager", "secretsmanager.CreateSecret", &body).await;
        created["ARN"].as_str().expect("a created secret has an ARN").to_owned()
    }

    /// What a shell has of somebody who is in that role, in a session of that name.
    pub async fn assumed(&self, role: &str, session: &str) -> Vec<(&'static str, String)> {
        let role = format!("arn:aws-us-gov:iam::000000000000:role/{role}");
        let fields = [("Action", "AssumeRole"), ("RoleArn", &role), ("RoleSessionName", session)];
        let answer = self.api.form("sts", &fields).await;
        let table = [
            ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
            ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
            ("AWS_SESSION_TOKEN", "SessionToken"),
        ];
        let member = |name: &str| between(&answer, &format!("<{name}>"), &format!("</{name}>"));
        table.map(|(variable, name)| (variable, member(name))).into()
    }

    /// Gives it another text.
    pub async fn rotate(&self, arn: &str, text: &str) {
        let body = json!({"SecretId": arn, "SecretString": text});
        self.api.json("secretsmanager", "secretsmanager.PutSecretValue", &body).await;
    }

    /// The Lambda of this workspace behind an event source mapping on the queue, with that configuration.
    pub async fn lambda(&self, queue: &Queue, configuration: &Configuration, batch: u32) {
        let name = self.name("function");
        let environment = json!({
            "AWS_ENDPOINT_URL": self.endpoint(), "AWS_EC2_METADATA_DISABLED": "true",
            "PD_KEY": Configuration::ROUTING_KEY, "WATCHFIRE_CONFIG": "watchfire.yaml",
        });
        let function = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 30,
            "Role": "arn:aws:iam::000000000000:role/watchfire", "Environment": {"Variables": environment},
            "Code": {"ZipFile": package(&configuration.text())},
        });
        self.api.post("lambda", "/2015-03-31/functions", &function).await;
        let mapping = json!({
            "EventSourceArn": queue.arn, "FunctionName": name, "BatchSize": batch,
            "MaximumBatchingWindowInSeconds": 1, "FunctionResponseTypes": ["ReportBatchItemFailures"],
        });
        self.api.post("lambda", "/2015-03-31/event-source-mappings", &mapping).await;
    }

    async fn create(&self, name: &str, attributes: Value) -> String {
        let answer =
            self.json("AmazonSQS.CreateQueue", &json!({"QueueName": name, "Attributes": attributes})).await;
        answer["QueueUrl"].as_str().expect("a created queue has a URL").to_owned()
    }

    async fn arn_of(&self, url: &str) -> String {
        let wanted = json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]});
        let answer = self.json("AmazonSQS.GetQueueAttributes", &wanted).await;
        answer["Attributes"]["QueueArn"].as_str().expect("a queue has an ARN").to_owned()
    }

    async fn json(&self, target: &str, body: &Value) -> Value {
        let service = if target.starts_with("AmazonSQS") { "sqs" } else { "events" };
        self.api.json(service, target, body).await
    }

    async fn form(&self, fields: &[(&str, &str)]) -> String {
        self.api.form("sns", fields).await
    }
}

impl Queue {
    /// Puts a message on the queue.
    pub async fn send(&self, body: &str) {
        self.aws.json("AmazonSQS.SendMessage", &json!({"QueueUrl": self.url, "MessageBody": body})).await;
    }

    /// Puts many messages on the queue, ten a call.
    pub async fn send_all(&self, bodies: &[String]) {
        for ten in bodies.chunks(10) {
            let entries = ten.iter().enumerate();
            let entries: Vec<_> =
                entries.map(|(index, body)| json!({"Id": index.to_string(), "MessageBody": body})).collect();
            let answer = self
                .aws
                .json("AmazonSQS.SendMessageBatch", &json!({"QueueUrl": self.url, "Entries": entries}))
                .await;
            assert!(answer["Failed"].as_array().is_none_or(Vec::is_empty), "{answer}");
        }
    }

    /// How many messages the queue holds.
    pub async fn depth(&self) -> Depth {
        self.depth_of(&self.url).await
    }

    /// How many messages its dead-letter queue holds.
    pub async fn dead(&self) -> Depth {
        self.depth_of(&self.dead_letters).await
    }

    /// Waits until the queue holds nothing at all.
    pub async fn drained(&self, within: Duration) {
        until("an empty queue", within, async || (self.depth().await == Depth::default()).then_some(()))
            .await;
    }

    /// Receives one message, if there is one within a second, and deletes it.
    pub async fn take(&self) -> Option<String> {
        let messages = self.receive(1, Duration::from_secs(30)).await;
        let message = messages.first()?;
        self.delete(&[message]).await;
        message["Body"].as_str().map(str::to_owned)
    }

    /// It is there no longer.
    pub async fn remove(&self) {
        self.aws.json("AmazonSQS.DeleteQueue", &json!({"QueueUrl": self.url})).await;
    }

    /// Receives messages as the API has them, if there are any within a second: they are the queue's again after that time.
    pub async fn receive(&self, most: u32, visibility: Duration) -> Vec<Value> {
        let wanted = json!({"QueueUrl": self.url, "MaxNumberOfMessages": most, "WaitTimeSeconds": 1,
            "VisibilityTimeout": visibility.as_secs(), "AttributeNames": ["All"]});
        let mut answer = self.aws.json("AmazonSQS.ReceiveMessage", &wanted).await;
        answer["Messages"].as_array_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Deletes messages that were received, ten at most; one that has come again meanwhile stays.
    pub async fn delete(&self, messages: &[&Value]) {
        let entries = messages.iter().enumerate().map(
            |(index, message)| json!({"Id": index.to_string(), "ReceiptHandle": message["ReceiptHandle"]}),
        );
        let entries: Vec<_> = entries.collect();
        if !entries.is_empty() {
            let asked = json!({"QueueUrl": self.url, "Entries": entries});
            self.aws.json("AmazonSQS.DeleteMessageBatch", &asked).await;
        }
    }

    /// Receives one message without deleting it, so many times, each time giving it back at once.
    pub async fn receive_and_give_back(&self, times: u32) {
        for _ in 0..times {
            let wanted = json!({"QueueUrl": self.url, "WaitTimeSeconds": 1, "VisibilityTimeout": 0});
            let answer = self.aws.json("AmazonSQS.ReceiveMessage", &wanted).await;
            assert!(answer["Messages"].get(0).is_some(), "no message to give back");
        }
    }

    async fn depth_of(&self, url: &str) -> Depth {
        let wanted = json!({"QueueUrl": url, "AttributeNames": ["All"]});
        let answer = self.aws.json("AmazonSQS.GetQueueAttributes", &wanted).await;
        let number = |name: &str| answer["Attributes"][name].as_str().and_then(|text| text.parse().ok());
        Depth {
            visible: number("ApproximateNumberOfMessages").expect("a queue has a depth"),
            in_flight: number("ApproximateNumberOfMessagesNotVisible").expect("a queue has a depth"),
            delayed: number("ApproximateNumberOfMessagesDelayed").expect("a queue has a depth"),
        }
    }
}

/// A zip, in base64, with the configuration and a `bootstrap` that is the one of this workspace: it is not copied, a debug
/// build is large.
fn package(configuration: &str) -> String {
    const ZIP: &str = r##"
import base64, io, sys, zipfile
bootstrap, configuration = sys.argv[1:]
made = io.BytesIO()
with zipfile.ZipFile(made, "w") as package:
    package.writestr("bootstrap", f"#!/bin/sh\ncd $LAMBDA_TASK_ROOT && exec {bootstrap}\n")
    package.writestr("watchfire.yaml", configuration)
print(base64.b64encode(made.getvalue()).decode())
"##;
    let program = binary("watchfire-bootstrap");
    let made = Command::new(python()).args(["-c", ZIP]).arg(program).arg(configuration).output();
    let made = made.expect("Python starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("base64 is text").trim().to_owned()
}
