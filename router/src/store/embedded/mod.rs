//! The store in one file of this machine, by redb: a copy-on-write tree, consistent at every moment.

mod file;
mod parsed;
mod prune;
mod read;
pub(crate) mod tables;
mod write;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, TryLockError};
use std::thread::{self, JoinHandle};

use redb::{Database, ReadableDatabase};
use tokio::sync::{mpsc, oneshot};

use super::Error;
use parsed::Parsed;
use tables::{Snapshot, Tables};
use writer::{Closures, Request};

/// So many requests wait for the writer at most; who comes later waits to be let in.
const WAITING: usize = 1024;

/// The embedded store.
#[derive(Clone)]
pub struct Embedded(Arc<Running>);

struct Running {
    place: Arc<Place>,
    requests: Option<mpsc::Sender<Box<dyn Request>>>,
    writer: Option<JoinHandle<()>>,
}

/// The open database, and how to open it again.
struct Place {
    /// None where it could not be opened again after a fault.
    database: RwLock<Option<Database>>,
    opener: Opener,
    healthy: AtomicBool,
    parsed: Parsed,
}

type Opener = Box<dyn Fn() -> Result<Database, Error> + Send + Sync>;

impl Embedded {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        Self::run(file::create(&path)?, Box::new(move || file::open(&path)))
    }

    fn run(database: Database, opener: Opener) -> Result<Self, Error> {
        let database = RwLock::new(Some(database));
        let (healthy, parsed) = (AtomicBool::new(true), Parsed::default());
        let place = Arc::new(Place { database, opener, healthy, parsed });
        let (sender, requests) = mpsc::channel(WAITING);
        let writer = thread::Builder::new().name("store".to_owned()).spawn({
            let place = Arc::clone(&place);
            move || writer::run(&place, requests)
        });
        let writer = writer.map_err(|cause| Error::Unavailable(Arc::new(cause)))?;
        Ok(Self(Arc::new(Running { place, requests: Some(sender), writer: Some(writer) })))
    }

    /// Has the change made, and returns its answer once it is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, answer) = oneshot::channel();
        self.submit(change, |written| drop(sender.send(written))).await?;
        answer.await.unwrap_or(Err(Error::Stopped))
    }

    /// Has the change made, and `done` called by the writer's thread once it is durable or has failed,
    /// whether or not anyone still waits for it.
    ///
    /// A fault of the database fails all who share the transaction. Any other error of a change is its own
    /// and must come before it writes anything: the transaction goes on without it.
    pub(crate) async fn submit<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let requests = self.0.requests.as_ref().expect("it is only gone when the last clone is dropped");
        requests.send(Box::new(Closures::new(change, done))).await.map_err(|_| Error::Stopped)
    }

    /// Asks something of the tables as they are at this moment.
    pub(crate) fn read<T>(&self, question: impl FnOnce(&Snapshot) -> Result<T, Error>) -> Result<T, Error> {
        let answer = self.0.place.with(|database| question(&Snapshot::open(&database.begin_read()?)?));
        if matches!(answer, Err(Error::Closed)) {
            self.ask_to_open();
        }
        answer
    }

    /// Only the writer opens a store that is closed, and it tries before each write: whoever only reads
    /// has it make one that writes nothing.
    fn ask_to_open(&self) {
        let nothing = Closures::new(|_: &mut Tables<'_>| Ok(()), |_| ());
        // A full queue means that there are writes enough.
        let _ = self.0.requests.as_ref().map(|requests| requests.try_send(Box::new(nothing)));
    }

    /// The same where the answer takes so long that other tasks should not wait for it.
    async fn read_long<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let store = self.clone();
        let answer = tokio::task::spawn_blocking(move || store.read(question)).await;
        answer.unwrap_or(Err(Error::Stopped))
    }

    pub(super) async fn ping(&self) -> Result<(), Error> {
        self.write(|tables| {
            tables.meta.insert("ping", 1)?;
            Ok(())
        })
        .await
    }

    pub(super) fn is_healthy(&self) -> bool {
        let stopped = self.0.requests.as_ref().is_none_or(mpsc::Sender::is_closed);
        !stopped && self.0.place.healthy.load(Ordering::Relaxed)
    }
}

impl Place {
    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        // Opening it again may take seconds; no task waits for that.
        let database = match self.database.try_read() {
            Ok(database) => database,
            Err(TryLockError::Poisoned(database)) => database.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Error::Closed),
        };
        work(database.as_ref().ok_or(Error::Closed)?)
    }

    /// Opens it if an earlier attempt has failed.
    fn ready(&self) -> Result<(), Error> {
        let is_open = self.database.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_open { Ok(()) } else { self.reopen() }
    }

    /// Closes it, and opens it again. Reads fail meanwhile, writes wait.
    fn reopen(&self) -> Result<(), Error> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // The old one holds the lock of the file.
        drop(database.take());
        self.parsed.forget();
        *database = Some((self.opener)()?);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(writer) = self.writer.take() {
            // If it panicked, everyone who waited has been told that the store has stopped.
            writer.join().ok();
        }
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Embedded").field("healthy", &self.is_healthy()).finish_non_exhaustive()
    }
}

macro_rules! faults {
    ($($fault:ty)+) => { $(
        impl From<$fault> for Error {
            fn from(fault: $fault) -> Self {
                Error::Unavailable(Arc::new(fault))
            }
        }
    )+ };
}

faults! { redb::StorageError redb::TableError redb::TransactionError redb::CommitError }
