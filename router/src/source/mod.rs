//! Where messages come from: an SQS queue, or the embedded one.

mod canary;
mod config;
mod given_back;
pub mod hint;
mod intake;
mod outbox;
pub mod spool;
pub mod sqs;
mod watch;

use crate::telemetry::{Brought, Origin};
use std::time::Duration;

pub use canary::Canaries;
pub use config::QueueConfig;
pub use given_back::give_back;
pub use intake::{Intake, NotTaken};
pub use outbox::{MOST_BYTES, Unsent};
pub use watch::Watching;

use spool::{Lane, Spool};
use sqs::Sqs;

/// A source of messages; both keep a message until it is deleted.
#[derive(Clone)]
pub enum Source {
    /// A lane of the embedded queue.
    Spool(Spool, Lane),
    /// An SQS queue.
    Sqs(Sqs),
}

/// One message as delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The source's name of it, for logs.
    pub id: String,
    /// Its text.
    pub body: String,
    /// How often it was delivered, this time included.
    pub receives: u32,
    /// The trace that it is part of.
    pub brought: Brought,
    /// What deletes or releases it.
    pub handle: Handle,
}

/// What deletes or releases a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handle {
    /// Of the embedded queue.
    Sequence(u64),
    /// Of an SQS queue.
    Receipt(String),
}

impl Source {
    /// What tells its messages apart in metrics.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { source: self.name(), queue: self.queue() }
    }

    /// The word in logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Source::Spool(..) => "embedded",
            Source::Sqs(_) => "sqs",
        }
    }

    /// Which of them it is: the lane, or the queue's name in the configuration.
    pub fn queue(&self) -> &str {
        match self {
            Source::Spool(_, lane) => lane.as_str(),
            Source::Sqs(sqs) => sqs.name(),
        }
    }

    /// Waits for messages, at most `most` and at most 10.
    ///
    /// # Errors
    /// When the queue cannot be read; nothing is lost, try again later.
    pub async fn receive(&self, most: usize) -> anyhow::Result<Vec<Message>> {
        match self {
            Source::Spool(spool, lane) => {
                Ok(spool.receive(*lane, most.min(10)).await?.into_iter().map(Message::from).collect())
            }
            Source::Sqs(sqs) => sqs.receive(most.min(10)).await,
        }
    }

    /// Deletes messages that are done with. Those that cannot be deleted come again.
    pub async fn delete(&self, handles: Vec<Handle>) {
        match self {
            Source::Spool(spool, _) => {
                let sequences: Vec<u64> = handles.iter().filter_map(Handle::sequence).collect();
                if let Err(error) = spool.delete(&sequences).await {
                    crate::telemetry::delete_failed(sequences.len(), &error.to_string());
                }
            }
            Source::Sqs(sqs) => sqs.delete(handles).await,
        }
    }

    /// Lets a message come again after that time, at most 12 hours.
    pub async fn release(&self, message: &Message, after: Duration) {
        match (self, &message.handle) {
            (Source::Spool(spool, _), Handle::Sequence(sequence)) => spool.release(*sequence, after),
            (Source::Sqs(sqs), Handle::Receipt(_)) => sqs.change_visibility(message, after).await,
            (Source::Spool(..), Handle::Receipt(_)) | (Source::Sqs(_), Handle::Sequence(_)) => {}
        }
    }

    /// Keeps a message that is being worked on from coming again. The embedded queue never does that.
    pub async fn extend(&self, message: &Message) {
        match self {
            Source::Spool(..) => {}
            Source::Sqs(sqs) => sqs.change_visibility(message, sqs.visibility()).await,
        }
    }

    /// How often to extend; none where there is no need.
    pub fn extend_every(&self) -> Option<Duration> {
        match self {
            Source::Spool(..) => None,
            Source::Sqs(sqs) => Some(sqs.visibility() / 3),
        }
    }

    /// After how many receives a message is given up; none where it never is.
    pub fn max_receives(&self) -> Option<u32> {
        match self {
            Source::Spool(..) => None,
            Source::Sqs(sqs) => sqs.max_receives(),
        }
    }
}

impl Handle {
    fn sequence(&self) -> Option<u64> {
        match self {
            Handle::Sequence(sequence) => Some(*sequence),
            Handle::Receipt(_) => None,
        }
    }
}

impl From<spool::Delivery> for Message {
    fn from(delivery: spool::Delivery) -> Self {
        let spool::Delivery { sequence, body, receives, sent_at: _ } = delivery;
        let (id, brought) = (sequence.to_string(), Brought::default());
        Message { id, body, receives, brought, handle: Handle::Sequence(sequence) }
    }
}
