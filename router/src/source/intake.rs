//! Where events go that come by HTTP: onto the SQS queue that every worker reads, else into the embedded one.

use std::sync::Arc;

use super::outbox::{Outbox, Unsent};
use super::spool::{Lane, Spool};
use crate::clients::Clients;
use crate::source::QueueConfig;
use crate::store::Error;

/// Where events go that come by HTTP.
#[derive(Clone)]
pub enum Intake {
    /// Onto SQS.
    Sqs(Outbox),
    /// Into the embedded queue, which is in the file of the embedded store.
    Spool(Spool),
    /// Nowhere: the store is a table, and there is no queue.
    Closed,
}

/// Why not all of the events are kept.
#[derive(Debug)]
pub enum NotTaken {
    /// These are on no queue.
    Unsent(Vec<Unsent>),
    /// None is in the embedded queue.
    Store(Error),
    /// There is no queue.
    Closed,
}

impl Intake {
    /// Onto the queues where there are any, else into the embedded one where there is that.
    pub async fn of(queues: &[QueueConfig], spool: Option<&Spool>, clients: &Clients) -> Self {
        if !queues.is_empty()
            && let Some(outbox) = Outbox::new(clients.aws().await, queues)
        {
            return Self::Sqs(outbox);
        }
        spool.map_or(Self::Closed, |spool| Self::Spool(spool.clone()))
    }

    /// Whether there is anything that takes events.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Keeps events; they are durable when it returns.
    ///
    /// # Errors
    /// [`NotTaken`]: those that it names are not kept.
    pub async fn take(&self, events: Arc<[(Lane, String)]>) -> Result<(), NotTaken> {
        match self {
            Self::Sqs(outbox) => match outbox.send(&events).await {
                unsent if unsent.is_empty() => Ok(()),
                unsent => Err(NotTaken::Unsent(unsent)),
            },
            Self::Spool(spool) => spool.append_shared(events).await.map(|_| ()).map_err(NotTaken::Store),
            Self::Closed => Err(NotTaken::Closed),
        }
    }
}
