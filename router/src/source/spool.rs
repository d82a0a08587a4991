//! The embedded queue: messages kept in the store's file until they are deleted, in order within their lane.
//!
//! It behaves like SQS where that matters: a message that was received and not deleted comes again, and
//! says how often it came. It differs in that a received message stays away until it is released, or until
//! the next start: its receiver is in this process and cannot get lost alone.

mod line;
#[cfg(test)]
mod tests;
mod urgent;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redb::ReadableTable;
use strum::{IntoStaticStr, VariantArray};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::store::{Embedded, Error, Store, Tables};
use line::Line;
use urgent::Urgent;

/// The row of `meta` with the highest number given so far: none is given twice.
const LAST: &str = "spool";

/// No message stays away longer.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// The queue. Cheap to clone: every clone is the same queue, and keeps the store open.
#[derive(Clone, Debug)]
pub struct Spool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Embedded,
    line: Mutex<Line>,
    /// What must be told of although the store does not answer any more.
    urgent: Mutex<Urgent>,
    arrived: Notify,
}

/// Where a message waits: each lane is received by itself, so that none waits behind another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Lane {
    /// For what must not wait behind a backlog: P0.
    Express,
    /// For all else.
    Ordinary,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The word in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A message, handed out until it is deleted or released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number, by which it is deleted or released; rises from message to message.
    pub sequence: u64,
    /// Its text, as it was appended.
    pub body: String,
    /// How often it was handed out since the start of this process, this time included.
    pub receives: u32,
    /// When it was appended.
    pub sent_at: Timestamp,
}

impl Spool {
    /// The queue in that store, with every message that was not deleted, ready to be received.
    ///
    /// One store has one queue: make it once and clone it. Blocks; meant for start-up.
    pub fn new(store: &Store) -> Result<Spool, Error> {
        let Store::Embedded(store) = store else { return Err(Error::NoFile) };
        let mut line = Line::default();
        store.read(|tables| {
            let last = tables.meta()?.get(LAST)?;
            line.start_at(last.map_or(0, |row| row.value() + 1));
            for row in tables.spool()?.iter()? {
                let number = row?.0.value();
                let is_express = tables.express()?.get(number)?.is_some();
                line.add([(number, if is_express { Lane::Express } else { Lane::Ordinary })]);
            }
            Ok(())
        })?;
        let (store, line, urgent) = (store.clone(), Mutex::new(line), Mutex::default());
        Ok(Spool(Arc::new(Shared { store, line, urgent, arrived: Notify::new() })))
    }

    /// Appends messages, all of them or none; durable when it returns. Returns their numbers, in order.
    pub async fn append(&self, messages: Vec<(Lane, String)>) -> Result<Vec<u64>, Error> {
        self.append_shared(messages.into()).await
    }

    /// The same for who wants to have them afterwards.
    pub(crate) async fn append_shared(&self, messages: Arc<[(Lane, String)]>) -> Result<Vec<u64>, Error> {
        self.append_to_come(messages, Duration::ZERO).await
    }

    /// Appends a message that comes after that time, at most 12 hours; after a restart it is there at once.
    pub(crate) async fn append_later(
        &self,
        lane: Lane,
        message: String,
        after: Duration,
    ) -> Result<(), Error> {
        self.append_to_come([(lane, message)].into(), after).await.map(|_| ())
    }

    async fn append_to_come(
        &self,
        messages: Arc<[(Lane, String)]>,
        after: Duration,
    ) -> Result<Vec<u64>, Error> {
        let sent_at = Timestamp::now().as_microsecond();
        let ready_at = (!after.is_zero()).then(|| Instant::now() + after.min(LONGEST));
        let sequences = self.0.line().number(messages.len());
        let lanes = messages.iter().map(|(lane, _)| *lane);
        let appended: Vec<(u64, Lane)> = sequences.clone().zip(lanes).collect();
        let kept = Arc::clone(&messages);
        let change = {
            let sequences = sequences.clone();
            move |tables: &mut Tables<'_>| {
                let mut last = tables.meta.get(LAST)?.map_or(0, |row| row.value());
                for (sequence, (lane, body)) in sequences.zip(messages.iter()) {
                    tables.spool.insert(sequence, (sent_at, body.as_str()))?;
                    if *lane == Lane::Express {
                        tables.express.insert(sequence, ())?;
                    }
                    last = last.max(sequence);
                }
                tables.meta.insert(LAST, last)?;
                Ok(())
            }
        };
        let shared = Arc::clone(&self.0);
        self.write(change, move || {
            shared.urgent().keep(sent_at, &appended, &kept);
            match ready_at {
                None => shared.line().add(appended),
                Some(ready_at) => shared.line().add_later(appended, ready_at),
            }
            shared.arrived.notify_waiters();
        })
        .await?;
        Ok(sequences.collect())
    }

    /// Waits until there is a message in that lane, and hands out at most that many (at least one), the oldest
    /// first.
    ///
    /// Dropping the future takes nothing. On an error the messages come again a second later.
    pub async fn receive(&self, lane: Lane, most: usize) -> Result<Vec<Delivery>, Error> {
        loop {
            // Before anything is taken: nothing that is taken is waited with.
            self.0.store.at_rest().await;
            let arrived = self.0.arrived.notified();
            tokio::pin!(arrived);
            // From here on no arrival is missed, also not one before the first await.
            arrived.as_mut().enable();
            let (taken, next) = {
                let mut line = self.0.line();
                (line.take(lane, Instant::now(), most.max(1)), line.next())
            };
            if !taken.is_empty() {
                match self.read(&taken) {
                    Ok(deliveries) if deliveries.is_empty() => continue,
                    Ok(deliveries) => return Ok(deliveries),
                    Err(error) => {
                        let urgent = self.0.urgent().deliver(&taken);
                        let is_delivered = |number: u64| urgent.iter().any(|one| one.sequence == number);
                        for (sequence, _) in taken.iter().filter(|(number, _)| !is_delivered(*number)) {
                            self.release(*sequence, Duration::from_secs(1));
                        }
                        return if urgent.is_empty() { Err(error) } else { Ok(urgent) };
                    }
                }
            }
            match next {
                Some(next) => tokio::select! { () = arrived => (), () = sleep_until(next) => () },
                None => arrived.await,
            }
        }
    }

    /// Deletes messages for good; durable when it returns. A number that is not there is passed over.
    pub async fn delete(&self, sequences: &[u64]) -> Result<(), Error> {
        let (deleted, shared) = (sequences.to_vec(), Arc::clone(&self.0));
        let change = {
            let deleted = deleted.clone();
            move |tables: &mut Tables<'_>| {
                for sequence in deleted {
                    tables.spool.remove(sequence)?;
                    tables.express.remove(sequence)?;
                }
                Ok(())
            }
        };
        let forget = move || {
            shared.urgent().forget(&deleted);
            shared.line().remove(&deleted);
        };
        self.write(change, forget).await
    }

    /// Gives a received message back: it comes again after that time, at most 12 hours.
    ///
    /// Nothing is written: after a restart it is there at once. A message that is not handed out stays
    /// where it is.
    pub fn release(&self, sequence: u64, after: Duration) {
        self.0.line().release(sequence, Instant::now() + after.min(LONGEST));
        self.0.arrived.notify_waiters();
    }

    /// The messages that are not deleted, whether ready, released or handed out.
    pub fn depth(&self) -> usize {
        self.0.line().len()
    }

    /// The same of one lane.
    pub fn depth_of(&self, lane: Lane) -> usize {
        self.0.line().len_of(lane)
    }

    /// Has the change made and, if it is durable, `done` called, whether or not anyone still waits.
    async fn write(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<(), Error> + Send + 'static,
        done: impl FnOnce() + Send + 'static,
    ) -> Result<(), Error> {
        let (sender, answer) = oneshot::channel();
        let store = &self.0.store;
        let told = move |written: Result<(), Error>| {
            if written.is_ok() {
                done();
            }
            drop(sender.send(written));
        };
        store.answered(answer, store.submit(change, told)).await
    }

    /// The text of each; one that was deleted meanwhile is left out.
    fn read(&self, taken: &[(u64, u32)]) -> Result<Vec<Delivery>, Error> {
        self.0.store.read(|tables| {
            let mut deliveries = Vec::with_capacity(taken.len());
            for &(sequence, receives) in taken {
                let Some(row) = tables.spool()?.get(sequence)? else { continue };
                let (sent_at, body) = row.value();
                let sent_at = Timestamp::from_microsecond(sent_at).expect("it was a timestamp when written");
                deliveries.push(Delivery { sequence, body: body.to_owned(), receives, sent_at });
            }
            Ok(deliveries)
        })
    }
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn urgent(&self) -> MutexGuard<'_, Urgent> {
        self.urgent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
