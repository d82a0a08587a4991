//! An SQS standard queue: long polls, batches of ten, deletes whose every entry is checked.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageSystemAttributeName as Attribute, QueueAttributeName,
};

use super::{Handle, Message};
use crate::clients::explain;
use crate::source::QueueConfig;
use crate::telemetry::{self, Brought};

/// How often a delete that failed is tried again at once.
const DELETE_TRIES: usize = 3;
/// A queue that does not answer must not keep anyone waiting for ever: to connect, and beyond a long poll.
const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(10);
/// SQS keeps no message back for longer.
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(900);
/// SQS allows no longer invisibility.
const LONGEST_VISIBILITY: Duration = Duration::from_secs(43_200);

/// A queue; cheap to clone.
#[derive(Clone)]
pub struct Sqs {
    client: Client,
    queue: Arc<Queue>,
}

struct Queue {
    url: String,
    name: String,
    wait_seconds: i32,
    visibility: Duration,
    max_receives: Option<u32>,
}

impl Sqs {
    /// Reaches the queue and reads its redrive policy.
    ///
    /// # Errors
    /// When the queue cannot be reached, does not exist or may not be read.
    pub async fn open(aws: &SdkConfig, config: &QueueConfig) -> anyhow::Result<Self> {
        let QueueConfig { url, name: _, wait_seconds, visibility_seconds, in_flight: _, max_receives } =
            config;
        let limits = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ANSWER + Duration::from_secs(u64::from(*wait_seconds)))
            .build();
        let aws = aws_sdk_sqs::config::Builder::from(aws).timeout_config(limits).build();
        let client = Client::from_conf(aws);
        let attributes = client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .map_err(|error| anyhow::anyhow!(explain(&error)))
            .with_context(|| {
                format!("queue {}: {url} cannot be read (needs sqs:GetQueueAttributes)", config.name())
            })?;
        let policy = attributes.attributes().and_then(|all| all.get(&QueueAttributeName::RedrivePolicy));
        let queue = Queue {
            url: url.clone(),
            name: config.name().to_owned(),
            wait_seconds: i32::from(*wait_seconds),
            visibility: Duration::from_secs(u64::from(*visibility_seconds)),
            max_receives: max_receives.or(policy.and_then(|policy| max_receive_count(policy))),
        };
        Ok(Self { client, queue: Arc::new(queue) })
    }

    /// Puts a message into a queue, with the permission to send; nobody gets it before `delay` is over, of which SQS takes
    /// at most 15 minutes.
    ///
    /// # Errors
    /// When the queue cannot be reached, does not exist or may not be written to.
    pub(crate) async fn send(
        aws: &SdkConfig,
        config: &QueueConfig,
        text: &str,
        delay: Option<Duration>,
    ) -> anyhow::Result<()> {
        let seconds = delay.map(|delay| delay.min(LONGEST_DELAY).as_secs() as i32);
        let client = Client::from_conf(limited(aws));
        let sent = client.send_message().queue_url(&config.url).message_body(text).set_delay_seconds(seconds);
        let sent = sent.send().await;
        sent.map_err(|error| anyhow::anyhow!("{}", explain(&error)))
            .with_context(|| format!("queue {} takes nothing (needs sqs:SendMessage)", config.name()))?;
        Ok(())
    }

    /// Has messages of a queue come again, each after its time, with the permission to change that.
    ///
    /// # Errors
    /// Why some of them come again by the queue's visibility.
    pub(super) async fn give_back(
        aws: &SdkConfig,
        config: &QueueConfig,
        left: Vec<(Handle, Duration)>,
    ) -> anyhow::Result<()> {
        let client = Client::from_conf(limited(aws));
        let receipts = left.into_iter().filter_map(|(handle, after)| Some((handle.receipt()?, after)));
        let receipts: Vec<_> = receipts.collect();
        let batches = receipts.chunks(10).map(|ten| given_back(&client, config, ten));
        futures_util::future::try_join_all(batches).await.map(|_| ())
    }

    pub(super) fn name(&self) -> &str {
        &self.queue.name
    }

    pub(super) fn visibility(&self) -> Duration {
        self.queue.visibility
    }

    pub(super) fn max_receives(&self) -> Option<u32> {
        self.queue.max_receives
    }

    pub(super) async fn receive(&self, most: usize) -> anyhow::Result<Vec<Message>> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.queue.url)
            .max_number_of_messages(most as i32)
            .wait_time_seconds(self.queue.wait_seconds)
            .visibility_timeout(self.queue.visibility.as_secs() as i32)
            .message_system_attribute_names(Attribute::ApproximateReceiveCount)
            .message_system_attribute_names(Attribute::SentTimestamp)
            .message_system_attribute_names(Attribute::AwsTraceHeader)
            .send()
            .await
            .map_err(|error| anyhow::anyhow!("{}", aws_sdk_sqs::error::DisplayErrorContext(error)))?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(read_message).collect())
    }

    /// Deletes in batches; an entry that failed is tried again, then left to come again.
    pub(super) async fn delete(&self, handles: Vec<Handle>) {
        let mut left: Vec<String> = handles.into_iter().filter_map(Handle::receipt).collect();
        let mut reason = String::new();
        for _ in 0..DELETE_TRIES {
            if left.is_empty() {
                return;
            }
            let mut failed = Vec::new();
            for batch in left.chunks(10) {
                match self.delete_batch(batch).await {
                    Ok(partly) => failed.extend(partly.into_iter().map(|(receipt, why)| {
                        reason = why;
                        receipt
                    })),
                    Err(error) => {
                        reason = format!("{error:#}");
                        failed.extend(batch.iter().cloned());
                    }
                }
            }
            left = failed;
        }
        if !left.is_empty() {
            telemetry::delete_failed(left.len(), &reason);
        }
    }

    /// The receipts that were not deleted although the call succeeded, each with SQS's reason.
    async fn delete_batch(&self, receipts: &[String]) -> anyhow::Result<Vec<(String, String)>> {
        let entry = |(index, receipt): (usize, &String)| {
            DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(receipt).build()
        };
        let entries = receipts.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let answer = self
            .client
            .delete_message_batch()
            .queue_url(&self.queue.url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|error| anyhow::anyhow!("{}", aws_sdk_sqs::error::DisplayErrorContext(error)))?;
        let failed = answer.failed.into_iter().filter_map(|failure| {
            let receipt = failure.id.parse::<usize>().ok().and_then(|index| receipts.get(index))?;
            Some((receipt.clone(), failure.code))
        });
        Ok(failed.collect())
    }

    pub(super) async fn change_visibility(&self, message: &Message, timeout: Duration) {
        let Handle::Receipt(receipt) = &message.handle else { return };
        let result = self
            .client
            .change_message_visibility()
            .queue_url(&self.queue.url)
            .receipt_handle(receipt)
            .visibility_timeout(timeout.min(LONGEST_VISIBILITY).as_secs() as i32)
            .send()
            .await;
        if let Err(error) = result {
            let error = anyhow::anyhow!("{}", aws_sdk_sqs::error::DisplayErrorContext(error));
            telemetry::visibility_failed(&message.id, &error);
        }
    }
}

/// For calls that wait for nothing.
fn limited(aws: &SdkConfig) -> aws_sdk_sqs::Config {
    let limits = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(ANSWER).build();
    aws_sdk_sqs::config::Builder::from(aws).timeout_config(limits).build()
}

/// Ten at most; those that are refused by themselves have come again or are deleted.
async fn given_back(client: &Client, config: &QueueConfig, ten: &[(String, Duration)]) -> anyhow::Result<()> {
    let entry = |(index, (receipt, after)): (usize, &(String, Duration))| {
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(index.to_string())
            .receipt_handle(receipt)
            .visibility_timeout((*after).min(LONGEST_VISIBILITY).as_secs() as i32)
            .build()
    };
    let entries = ten.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
    let changing = client.change_message_visibility_batch().queue_url(&config.url).set_entries(Some(entries));
    let changed = changing.send().await;
    changed.map_err(|error| anyhow::anyhow!("{}", explain(&error))).with_context(|| {
        format!("queue {} takes nothing back (needs sqs:ChangeMessageVisibility)", config.name())
    })?;
    Ok(())
}

impl Handle {
    fn receipt(self) -> Option<String> {
        match self {
            Handle::Receipt(receipt) => Some(receipt),
            Handle::Sequence(_) => None,
        }
    }
}

/// A message without a receipt cannot be deleted, so it is left to come again with one.
fn read_message(message: aws_sdk_sqs::types::Message) -> Option<Message> {
    let attribute = |name| message.attributes.as_ref().and_then(|all| all.get(&name)).map(String::as_str);
    let receives = attribute(Attribute::ApproximateReceiveCount).and_then(|count| count.parse().ok());
    let header = attribute(Attribute::AwsTraceHeader);
    let brought = Brought::by_queue(header, attribute(Attribute::SentTimestamp));
    Some(Message {
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receives: receives.unwrap_or(1),
        brought,
        handle: Handle::Receipt(message.receipt_handle?),
    })
}

/// `maxReceiveCount` of a redrive policy, which AWS prints as a number or a string.
fn max_receive_count(policy: &str) -> Option<u32> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    let count = policy.get("maxReceiveCount")?;
    count.as_u64().map(|count| count as u32).or_else(|| count.as_str()?.parse().ok())
}
