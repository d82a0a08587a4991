//! A queue: whether it is there, gives a message up when it should, is encrypted, and who else reads it.

use serde_json::{Value, json};

use super::{PATIENCE, dead_letters, mapping};
use crate::aws::call::{Ask, CallError, Caller, Service};
use crate::clients::Clients;
use crate::finding::Finding;
use crate::source::QueueConfig;

const TERRAFORM: &str = "infra/terraform/modules/queues has it";

/// A queue of the configuration, as SQS knows it.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// Its name in the configuration.
    pub(super) name: String,
    pub(super) url: String,
    pub(super) arn: String,
    /// Who may send, as JSON; null where nobody but its account may.
    pub(super) policy: Value,
}

/// What SQS says of a queue.
pub(super) struct Attributes(Value);

impl Attributes {
    /// Of the queue at that URL.
    pub(super) async fn of(clients: &Clients, url: &str) -> Result<Self, CallError> {
        let sqs = Caller::new(clients, Service::Sqs, None).await?;
        let body = json!({"QueueUrl": url, "AttributeNames": ["All"]});
        let ask = Ask::Json10 { target: "AmazonSQS.GetQueueAttributes", body: &body };
        let mut answer: Value = sqs.call(&ask, PATIENCE).await?.json()?;
        Ok(Self(answer["Attributes"].take()))
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    pub(super) fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// What is JSON in it; null where it is left out.
    pub(super) fn json(&self, name: &str) -> Value {
        serde_json::from_str(self.text(name)).unwrap_or_default()
    }
}

/// Looks at it; nothing where it cannot be looked at.
pub(super) async fn look(
    config: &QueueConfig,
    path: &str,
    clients: &Clients,
    findings: &mut Vec<Finding>,
) -> Option<Queue> {
    let attributes = match Attributes::of(clients, &config.url).await {
        Ok(attributes) => attributes,
        Err(error) => {
            findings.push(untold(config, path, &error));
            return None;
        }
    };
    let arn = attributes.text("QueueArn").to_owned();
    findings.push(Finding::ok(format!("it is there, {arn}")));
    findings.push(visibility(config, path, &attributes));
    let redrive = attributes.json("RedrivePolicy");
    findings.push(given_up(config, path, &redrive));
    findings.push(encryption(&attributes));
    if let Some(dead) = redrive["deadLetterTargetArn"].as_str() {
        let beside = dead_letters::Beside { url: &config.url, arn: &arn };
        dead_letters::look(dead, &beside, clients, findings).await;
    }
    let visible = attributes.number("VisibilityTimeout");
    mapping::look(&arn, visible, clients, findings).await;
    let (name, url, policy) = (config.name().to_owned(), config.url.clone(), attributes.json("Policy"));
    Some(Queue { name, url, arn, policy })
}

/// Why a queue cannot be looked at.
fn untold(config: &QueueConfig, path: &str, error: &CallError) -> Finding {
    match error.code() {
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => Finding::fail(
            format!("there is no queue {}", config.url),
            format!(
                "set {path}.url to one that is there, in this region and account, or make it: {TERRAFORM}"
            ),
        ),
        _ => Finding::untold("the queue", "sqs:GetQueueAttributes", error),
    }
}

/// What we ask for ourselves; whoever else reads has the queue's own.
fn visibility(config: &QueueConfig, path: &str, attributes: &Attributes) -> Finding {
    let (own, ours) = (attributes.number("VisibilityTimeout"), u64::from(config.visibility_seconds));
    let url = &config.url;
    match own >= ours {
        true => {
            Finding::ok(format!("a message stays invisible for {own} s, of which Watchfire asks for {ours}"))
        }
        false => Finding::warn(
            format!(
                "a message stays invisible for {own} s, and Watchfire asks for {ours}: whoever else reads gives it back sooner"
            ),
            format!(
                "aws sqs set-queue-attributes --queue-url {url} --attributes VisibilityTimeout={ours}, or lower \
                 {path}.visibility_seconds"
            ),
        ),
    }
}

/// When a message is given up, and whether Watchfire knows.
fn given_up(config: &QueueConfig, path: &str, redrive: &Value) -> Finding {
    let (Some(count), Some(dead)) = (count(redrive), redrive["deadLetterTargetArn"].as_str()) else {
        let found = "it has no redrive policy: what cannot be read comes again until it is lost";
        return Finding::fail(found, format!("give it a dead-letter queue: {TERRAFORM}"));
    };
    let dead = dead.rsplit(':').next().unwrap_or_default();
    match config.max_receives {
        Some(ours) if u64::from(ours) != count => Finding::fail(
            format!(
                "a message is given up after {count} receives, and {path}.max_receives is {ours}: Watchfire does not know its last chance"
            ),
            format!("set {path}.max_receives to {count}, or take it out"),
        ),
        // FACTS of AWS: a throttled Lambda uses up receives of its own.
        Some(_) | None if count < FEWEST => Finding::warn(
            format!("a message is given up after {count} receives, to {dead}"),
            format!("set its `maxReceiveCount` to {FEWEST} or more: a short outage uses up that many"),
        ),
        Some(_) | None => Finding::ok(format!("a message is given up after {count} receives, to {dead}")),
    }
}

/// AWS asks for that many at least behind a Lambda.
const FEWEST: u64 = 5;

/// AWS prints it as a number or a string.
fn count(redrive: &Value) -> Option<u64> {
    let count = &redrive["maxReceiveCount"];
    count.as_u64().or_else(|| count.as_str()?.parse().ok())
}

/// Whether it is encrypted, and by what EventBridge can use.
pub(super) fn encryption(attributes: &Attributes) -> Finding {
    let key = attributes.text("KmsMasterKeyId");
    match (key, attributes.text("SqsManagedSseEnabled")) {
        ("", "true") => Finding::ok("it is encrypted, by SQS's own key"),
        ("", _) => Finding::warn(
            "it is not encrypted",
            format!("set its `kms_master_key_id`, or `SqsManagedSseEnabled` to true: {TERRAFORM}"),
        ),
        (key, _) if key.ends_with("alias/aws/sqs") => Finding::fail(
            "it is encrypted by alias/aws/sqs, which EventBridge cannot use: nothing arrives",
            "encrypt it by a key of yours that lets events.amazonaws.com use it: infra/terraform/modules/key has it",
        ),
        (key, _) => Finding::ok(format!("it is encrypted, by {key}")),
    }
}
