//! The store in one file of this machine, by redb: a copy-on-write tree, consistent at every moment.

mod aside;
mod check;
pub(super) mod compact;
mod copy;
mod earlier;
mod file;
mod open;
mod overlay;
mod place;
mod prune;
mod read;
mod rooms;
mod suspect;
pub(crate) mod tables;
mod write;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use redb::ReadableDatabase;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::sound;
use super::{Error, SIGN, Streamed};
pub(crate) use aside::{Aside, aside, set_aside};
pub(crate) use check::{Checked, check};
pub(super) use copy::Copying;
pub(crate) use copy::{Copies, Looked, look_at, restore};
use place::{Opened, Opener, Place};
pub(crate) use read::journal;
use rooms::Rooms;
pub(super) use tables::{SCHEMA, Unsettled};
use tables::{Snapshot, Tables};
use writer::{Closures, Request};

/// So many requests wait for the writer at most; who comes later waits to be let in.
const WAITING: usize = 1024;
/// A write that takes longer is not waited for: a disk that hangs must hold up no page.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// A stream that nobody takes on is ended: what it shows cannot be reused as long as it lasts.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

/// The embedded store.
#[derive(Clone)]
pub struct Embedded(Arc<Running>);

struct Running {
    place: Arc<Place>,
    /// None for one that is not in a file of its own.
    path: Option<PathBuf>,
    /// The file that its path led to when it was opened.
    identity: Option<file::Identity>,
    /// When there was last something to be written.
    last_write: Mutex<Instant>,
    rooms: Rooms,
    requests: Option<mpsc::Sender<Box<dyn Request>>>,
    writer: Option<JoinHandle<()>>,
}

impl Embedded {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let is_suspect = suspect::is_marked(path);
        if is_suspect {
            suspect::prove(path)?;
        }
        let mut opened = file::create(path)?;
        opened.is_proven |= is_suspect;
        suspect::clear(path);
        let again = path.to_owned();
        Self::run(opened, Some(path.to_owned()), Box::new(move || file::open(&again)))
    }

    /// Looks whether its file is still what its path leads to; what is written into a file that was taken away is lost
    /// with this process.
    pub(super) fn look_for_its_file(&self) {
        let Running { place, path, identity, .. } = &*self.0;
        if let (Some(path), Some(identity)) = (path, identity)
            && file::identity(path).is_ok_and(|now| now.as_ref() != Some(identity))
        {
            place.judge(&Error::Gone { path: path.clone() });
        }
    }

    fn run(opened: Opened, path: Option<PathBuf>, opener: Opener) -> Result<Self, Error> {
        let identity = path.as_ref().and_then(|path| file::identity(path).ok().flatten());
        let place = Arc::new(Place::new(opened, opener, path.clone()));
        let (sender, requests) = mpsc::channel(WAITING);
        let writer = thread::Builder::new().name("store".to_owned()).spawn({
            let place = Arc::clone(&place);
            move || {
                let ended = sound(|| {
                    writer::run(&place, requests);
                    Ok(())
                });
                ended.unwrap_or_else(|error| place.judge(&error));
            }
        });
        let writer = writer.map_err(|cause| Error::Unavailable(Arc::new(cause)))?;
        let last_write = Mutex::new(Instant::now());
        Ok(Self(Arc::new(Running {
            place,
            path,
            identity,
            last_write,
            rooms: Rooms::default(),
            requests: Some(sender),
            writer: Some(writer),
        })))
    }

    /// Has the change made, and returns its answer once it is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, answer) = oneshot::channel();
        self.answered(answer, self.submit(change, |written| drop(sender.send(written)))).await
    }

    /// The answer to what was sent, if it comes in time.
    pub(crate) async fn answered<T>(
        &self,
        answer: oneshot::Receiver<Result<T, Error>>,
        sent: impl Future<Output = Result<(), Error>>,
    ) -> Result<T, Error> {
        let answered = async {
            sent.await?;
            answer.await.unwrap_or(Err(Error::Stopped))
        };
        let answer = timeout(ANSWERS_WITHIN, answered).await.unwrap_or(Err(Error::Silent));
        if let Err(error) = &answer {
            self.0.place.judge(error);
        }
        answer
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
        *self.0.last_write.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.send(change, done).await
    }

    async fn send<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let requests = self.0.requests.as_ref().expect("it is only gone when the last clone is dropped");
        let sent = requests.send(Box::new(Closures::new(change, done))).await;
        sent.map_err(|_| Error::Stopped)
    }

    /// Asks something of the tables as they are at this moment. Where the store is being made smaller, it
    /// waits for that first.
    pub(crate) async fn ask<T>(
        &self,
        question: impl FnOnce(&Snapshot) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.at_rest().await;
        self.read(question)
    }

    /// Waits while the store is being made smaller.
    pub(crate) async fn at_rest(&self) {
        self.0.place.at_rest().await;
    }

    /// The same, at once: for start-up and for threads that may wait.
    pub(crate) fn read<T>(&self, question: impl FnOnce(&Snapshot) -> Result<T, Error>) -> Result<T, Error> {
        let answer = self.0.place.with(|database| question(&Snapshot::new(database.begin_read()?)));
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
        self.write_aside("ping", 1).await
    }

    pub(super) async fn last_sign(&self) -> Result<Option<Timestamp>, Error> {
        let micros = self.ask(|tables| Ok(tables.meta()?.get(SIGN)?.map(|row| row.value()))).await?;
        let micros = micros.and_then(|micros| i64::try_from(micros).ok());
        Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
    }

    pub(super) async fn leave_sign(&self, now: Timestamp) -> Result<(), Error> {
        let micros = u64::try_from(now.as_microsecond()).unwrap_or_default();
        self.write_aside(SIGN, micros).await
    }

    /// Nothing that would say that there is work.
    async fn write_aside(&self, name: &'static str, value: u64) -> Result<(), Error> {
        let (sender, answer) = oneshot::channel();
        let change = move |tables: &mut Tables<'_>| Ok(tables.meta.insert(name, value).map(|_| ())?);
        self.answered(answer, self.send(change, |written| drop(sender.send(written)))).await
    }

    pub(super) fn in_words(&self) -> String {
        self.0.path.as_ref().map_or("the store".to_owned(), |path| format!("the file {}", path.display()))
    }

    /// Sends what is asked for bit by bit, as it is at this moment; the last bit may be an error. Who takes nothing
    /// for a minute gets no more.
    pub(super) async fn stream(
        &self,
        what: Streamed,
    ) -> Result<mpsc::Receiver<Result<Vec<u8>, Error>>, Error> {
        self.0.place.at_rest().await;
        let tables = self.0.place.with(|database| Ok(Snapshot::new(database.begin_read()?)))?;
        let (sender, bits) = mpsc::channel(4);
        let (store, runtime) = (self.clone(), tokio::runtime::Handle::current());
        tokio::task::spawn_blocking(move || {
            let mut send = |bit| {
                let sent = runtime.block_on(timeout(TAKEN_WITHIN, sender.send(Ok(bit))));
                sent.ok().and_then(Result::ok).ok_or(Error::Silent)
            };
            let streamed = sound(|| match what {
                Streamed::Backup => copy::copy(&tables, &mut send),
                Streamed::Journal => read::journal(&tables, &mut send).map(|_| ()),
            });
            if let Err(error) = streamed {
                store.0.place.judge(&error);
                // Who has gone away does not hear it.
                let _ = sender.try_send(Err(error));
            }
        });
        Ok(bits)
    }

    pub(super) fn is_healthy(&self) -> bool {
        let stopped = self.0.requests.as_ref().is_none_or(mpsc::Sender::is_closed);
        !stopped && self.0.place.is_healthy()
    }

    pub(super) fn broken(&self) -> Option<Error> {
        self.0.place.broken()
    }

    pub(super) async fn breaks(&self) -> Error {
        self.0.place.breaks().await
    }
}

impl Running {
    fn last_write(&self) -> Instant {
        *self.last_write.lock().unwrap_or_else(PoisonError::into_inner)
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
