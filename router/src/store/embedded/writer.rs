//! Group commit: one thread writes, and all who wait share one trip to the disk.
//!
//! It takes every request that is waiting, applies them in order within one transaction, makes that
//! durable, and then answers each. While the disk works, the next group gathers.

use redb::Durability;
use tokio::sync::mpsc;

use super::Place;
use super::tables::Tables;
use crate::store::Error;
use crate::telemetry;

/// So many requests share one transaction at most, so that the last of a burst is not answered late.
const MOST: usize = 256;

/// A change to the tables and whom to tell of it.
pub(super) trait Request: Send {
    /// Makes the change. An error is a fault of the database: it spoils the transaction, and everyone in
    /// it is told. A request that is refused is none: it has changed nothing, and its answer says why.
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<(), Error>;

    /// Tells of it, once it is durable or has failed.
    fn answer(self: Box<Self>, written: Result<(), Error>);
}

/// A [`Request`] made of two closures: the change with its answer, and whom to tell.
pub(super) struct Closures<C, T, D> {
    change: Option<C>,
    answer: Option<Result<T, Error>>,
    done: D,
}

impl<C, T, D> Closures<C, T, D> {
    pub(super) fn new(change: C, done: D) -> Self {
        Self { change: Some(change), answer: None, done }
    }
}

impl<C, T, D> Request for Closures<C, T, D>
where
    C: FnOnce(&mut Tables<'_>) -> Result<T, Error> + Send,
    D: FnOnce(Result<T, Error>) + Send,
    T: Send,
{
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<(), Error> {
        let change = self.change.take().expect("a request is applied once");
        match change(tables) {
            Err(fault @ (Error::Unavailable(_) | Error::Closed | Error::Damaged(_))) => return Err(fault),
            answer => self.answer = Some(answer),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, written: Result<(), Error>) {
        let answer = self.answer;
        (self.done)(written.and_then(|()| answer.expect("what is written was applied")));
    }
}

/// Runs until every sender is gone and all that was sent is answered.
pub(super) fn run(place: &Place, mut requests: mpsc::Receiver<Box<dyn Request>>) {
    let mut group = Vec::with_capacity(MOST);
    while requests.blocking_recv_many(&mut group, MOST) > 0 {
        let written = place.ready().and_then(|()| write(place, &mut group));
        place.written(written.is_ok());
        for request in group.drain(..) {
            request.answer(written.clone());
        }
        if let Err(error) = written {
            telemetry::nothing_can_be_stored(&error);
            if place.broken().is_some() {
                continue;
            }
            // The database takes no more writes after a fault until it has been opened again.
            if let Err(error) = place.reopen() {
                telemetry::stays_closed(&error);
            }
        }
    }
}

fn write(place: &Place, group: &mut [Box<dyn Request>]) -> Result<(), Error> {
    place.with(|database| {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate).expect("there are no savepoints");
        let mut tables = Tables::open(&transaction)?;
        for request in group {
            request.apply(&mut tables)?;
        }
        let changed = tables.finish()?;
        transaction.commit()?;
        // Before anybody is told: whoever asks for what they have just written finds it.
        place.open.changed(changed);
        Ok(())
    })
}
