//! Events into SQS: in batches of which every entry is looked at, and what did not get in is tried again.
//!
//! - Permissions: `sqs:SendMessage` on each queue that it sends to; `kms:GenerateDataKey` and `kms:Decrypt` where its key is a
//!   customer's.
//! - Idempotency: a message is the event's own text, from which the event has its id. One that is sent twice is decided once.

use std::borrow::Cow;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use tokio::time::sleep;
use watchfire_core::text::clean;

use super::QueueConfig;
use super::spool::Lane;
use crate::clients::explain;

/// SQS's own bounds: of one message, of one batch in all, and of its entries.
pub const MOST_BYTES: usize = 1024 * 1024;
const MOST_ENTRIES: usize = 10;
/// So many batches are on their way at a time.
const SIDE_BY_SIDE: usize = 8;
/// How long to wait before each further try.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// A sender waits for this: to connect, and for the answer to one batch.
const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(5);
/// What is shown of a reason.
const REASON_LENGTH: usize = 200;

/// The queues that take events; cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    client: Client,
    urgent: Queue,
    ordinary: Queue,
}

#[derive(Clone, PartialEq, Eq)]
struct Queue {
    url: String,
    name: String,
}

/// An event that is on no queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Its place among those that were to be sent.
    pub at: usize,
    /// The queue that it was meant for.
    pub queue: String,
    /// Why.
    pub reason: String,
    /// Whether SQS would not take it another time, either.
    pub is_refused: bool,
}

/// An entry that is not on its queue, and why.
struct Failed {
    at: usize,
    reason: String,
    is_refused: bool,
}

impl Outbox {
    /// To these queues: what is urgent to the first of them, all else to the last. None where there is no queue.
    pub fn new(aws: &SdkConfig, queues: &[QueueConfig]) -> Option<Self> {
        let queue = |config: &QueueConfig| Queue { url: config.url.clone(), name: config.name().to_owned() };
        let limits = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(ANSWER).build();
        // It is tried again here, where it is seen which entries did not get in.
        let retries = RetryConfig::disabled();
        let aws = aws_sdk_sqs::config::Builder::from(aws).timeout_config(limits).retry_config(retries);
        let client = Client::from_conf(aws.build());
        Some(Self { client, urgent: queue(queues.first()?), ordinary: queue(queues.last()?) })
    }

    /// Sends events, and tells which of them are on no queue in the end. Dropping the future leaves some on their queue
    /// and some not.
    pub async fn send(&self, events: &[(Lane, String)]) -> Vec<Unsent> {
        let [urgent, ordinary] = Lane::ALL.map(|lane| {
            let is_in = |(at, (own, _)): (usize, &(Lane, String))| (*own == lane).then_some(at);
            events.iter().enumerate().filter_map(is_in).collect::<Vec<_>>()
        });
        let (urgent, ordinary) = match self.urgent == self.ordinary {
            true => (Vec::new(), (0..events.len()).collect()),
            false => (urgent, ordinary),
        };
        // What is urgent is on its queue before anything else is begun.
        let mut unsent = self.send_to(&self.urgent, events, urgent).await;
        unsent.extend(self.send_to(&self.ordinary, events, ordinary).await);
        unsent.sort_by_key(|unsent| unsent.at);
        unsent
    }

    async fn send_to(&self, queue: &Queue, events: &[(Lane, String)], all: Vec<usize>) -> Vec<Unsent> {
        let mut unsent = Vec::new();
        let (mut left, mut waits) = (all, AGAIN.into_iter());
        while !left.is_empty() {
            let mut failed = Vec::new();
            let sending = batches(left.iter().map(|at| (*at, fit(&events[*at].1))));
            let sending: Vec<_> =
                sending.into_iter().map(|batch| self.send_batch(queue, batch).boxed()).collect();
            let mut sending = stream::iter(sending).buffer_unordered(SIDE_BY_SIDE);
            while let Some(of_batch) = sending.next().await {
                failed.extend(of_batch);
            }
            let wait = waits.next();
            left = Vec::new();
            for Failed { at, reason, is_refused } in failed {
                match wait {
                    Some(_) if !is_refused => left.push(at),
                    Some(_) | None => {
                        unsent.push(Unsent { at, queue: queue.name.clone(), reason, is_refused });
                    }
                }
            }
            if let Some(wait) = wait.filter(|_| !left.is_empty()) {
                sleep(wait).await;
            }
        }
        unsent
    }

    /// The entries that are not on the queue after it.
    async fn send_batch(&self, queue: &Queue, batch: Vec<(usize, Cow<'_, str>)>) -> Vec<Failed> {
        let entry = |(at, text): &(usize, Cow<'_, str>)| {
            let entry = SendMessageBatchRequestEntry::builder().id(at.to_string());
            entry.message_body(text.as_ref()).build().expect("it has an id and a text")
        };
        let entries = batch.iter().map(entry).collect();
        let sent = self.client.send_message_batch().queue_url(&queue.url).set_entries(Some(entries));
        let failures = match sent.send().await {
            Ok(answer) => answer.failed,
            Err(error) => {
                let reason = format!("{} (needs sqs:SendMessage)", clean(&explain(&error), REASON_LENGTH));
                let failed = |(at, _)| Failed { at, reason: reason.clone(), is_refused: false };
                return batch.into_iter().map(failed).collect();
            }
        };
        let failed = failures.into_iter().filter_map(|failure| {
            let at = failure.id.parse().ok()?;
            let said = failure.message.unwrap_or_default();
            let reason = clean(&format!("{}: {said}", failure.code), REASON_LENGTH);
            Some(Failed { at, reason, is_refused: failure.sender_fault })
        });
        failed.collect()
    }
}

/// In their order, so many together as one call takes.
fn batches<'t>(texts: impl Iterator<Item = (usize, Cow<'t, str>)>) -> Vec<Vec<(usize, Cow<'t, str>)>> {
    let (mut batches, mut bytes): (Vec<Vec<_>>, usize) = (Vec::new(), 0);
    for text in texts {
        let length = text.1.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < MOST_ENTRIES && bytes + length <= MOST_BYTES => batch.push(text),
            Some(_) | None => {
                batches.push(vec![text]);
                bytes = 0;
            }
        }
        bytes += length;
    }
    batches
}

/// With what SQS takes in no message spelt out, as JSON has it: where it stands in a string it is the same.
fn fit(text: &str) -> Cow<'_, str> {
    let is_taken = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_taken) {
        return Cow::Borrowed(text);
    }
    let spelt_out = |fit: &mut String, character: char| match is_taken(character) {
        true => fit.push(character),
        false => fit.push_str(&format!("\\u{:04x}", u32::from(character))),
    };
    Cow::Owned(text.chars().fold(String::with_capacity(text.len()), |mut fit, character| {
        spelt_out(&mut fit, character);
        fit
    }))
}

#[cfg(test)]
mod tests;
