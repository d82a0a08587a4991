//! The open database, how to open it again, and what ends it for good.

use std::mem::forget;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, TryLockError};

use redb::Database;
use tokio::sync::watch;

use super::open::OpenRecords;
use super::suspect;
use crate::store::Error;
use crate::store::error::sound;
use crate::store::parsed::Parsed;
use crate::telemetry;

/// A database that was just opened.
pub(crate) struct Opened {
    pub(crate) database: Database,
    /// Every page of it was compared with its sum.
    pub(crate) is_proven: bool,
}

pub(super) type Opener = Box<dyn Fn() -> Result<Opened, Error> + Send + Sync>;

/// The open database, and how to open it again.
pub(super) struct Place {
    /// None where it could not be opened again after a fault.
    database: RwLock<Option<Database>>,
    opener: Opener,
    /// Its file; none for one that is not in a file of its own.
    path: Option<PathBuf>,
    /// What is kept as it was parsed.
    pub(super) parsed: Parsed,
    pub(super) open: OpenRecords,
    is_healthy: AtomicBool,
    is_proven: AtomicBool,
    /// While it is made smaller: nothing is wrong, and it is worth a wait.
    is_moving: watch::Sender<bool>,
    /// Why it is of no use any more to this process.
    broken: watch::Sender<Option<Error>>,
}

impl Place {
    pub(super) fn new(opened: Opened, opener: Opener, path: Option<PathBuf>) -> Self {
        let Opened { database, is_proven } = opened;
        Self {
            database: RwLock::new(Some(database)),
            opener,
            path,
            parsed: Parsed::default(),
            open: OpenRecords::default(),
            is_healthy: AtomicBool::new(true),
            is_proven: AtomicBool::new(is_proven),
            is_moving: watch::Sender::new(false),
            broken: watch::Sender::new(None),
        }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        if let Some(error) = self.broken() {
            return Err(error);
        }
        let answer = {
            let database = self.lock()?;
            let database = database.as_ref().ok_or(Error::Closed)?;
            sound(|| work(database))
        };
        if let Err(error) = &answer {
            self.judge(error);
        }
        answer
    }

    fn lock(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, Error> {
        match self.database.try_read() {
            Ok(database) => Ok(database),
            Err(TryLockError::Poisoned(database)) => Ok(database.into_inner()),
            // Who has waited until it is not moving is not here.
            Err(TryLockError::WouldBlock) if *self.is_moving.borrow() => {
                Ok(self.database.read().unwrap_or_else(PoisonError::into_inner))
            }
            // Opening it again may take seconds; no task waits for that.
            Err(TryLockError::WouldBlock) => Err(Error::Closed),
        }
    }

    /// Waits while it is moving.
    pub(super) async fn at_rest(&self) {
        // Its sender is in `self`.
        let _ = self.is_moving.subscribe().wait_for(|is_moving| !is_moving).await;
    }

    /// Has it to oneself: who reads or writes meanwhile waits.
    pub(super) fn alone<T>(&self, work: impl FnOnce(&mut Database) -> Result<T, Error>) -> Result<T, Error> {
        if let Some(error) = self.broken() {
            return Err(error);
        }
        self.is_moving.send_replace(true);
        let answer = {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            match database.as_mut() {
                Some(database) => sound(|| work(database)),
                None => Err(Error::Closed),
            }
        };
        self.is_moving.send_replace(false);
        if let Err(error) = &answer {
            self.judge(error);
        }
        answer
    }

    /// Opens it if an earlier attempt has failed.
    pub(super) fn ready(&self) -> Result<(), Error> {
        let is_open = self.database.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_open { Ok(()) } else { self.reopen() }
    }

    /// Closes it, and opens it again. Reads fail meanwhile, writes wait.
    pub(super) fn reopen(&self) -> Result<(), Error> {
        if let Some(error) = self.broken() {
            return Err(error);
        }
        let opened = {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            // The old one holds the lock of the file.
            let old = database.take();
            sound(|| {
                drop(old);
                self.parsed.forget();
                self.open.forget();
                let Opened { database: new, is_proven } = (self.opener)()?;
                self.is_proven.store(is_proven, Ordering::Relaxed);
                *database = Some(new);
                Ok(())
            })
        };
        if let Err(error) = &opened {
            self.judge(error);
        }
        opened
    }

    /// Whether this process can go on after that. Where it cannot, the next start looks at all of it.
    pub(super) fn judge(&self, error: &Error) {
        let is_over = match error {
            Error::Damaged(_) | Error::DamagedFile { .. } | Error::Gone { .. } | Error::Stopped => true,
            // Where every sum was right, it is what we wrote, and no restart makes us understand it.
            Error::Corrupt { .. } => !self.is_proven.load(Ordering::Relaxed),
            Error::Open { .. }
            | Error::Locked { .. }
            | Error::Taken { .. }
            | Error::Newer { .. }
            | Error::Unavailable(_)
            | Error::Closed
            | Error::Silent
            | Error::UnknownEvent(_)
            | Error::UnknownEffect(..)
            | Error::Unread(_)
            | Error::NoFile
            | Error::Table { .. }
            | Error::NewerTable { .. }
            | Error::TooLarge { .. }
            | Error::TooMany { .. }
            | Error::Refused(_) => false,
        };
        let is_news = is_over
            && self.broken.send_if_modified(|broken| {
                let is_first = broken.is_none();
                broken.get_or_insert_with(|| error.clone());
                is_first
            });
        if is_news {
            self.path.iter().for_each(|path| suspect::mark(path));
            telemetry::store_broke(error);
        }
    }

    /// Why it is of no use any more to this process; none while it is.
    pub(super) fn broken(&self) -> Option<Error> {
        self.broken.borrow().clone()
    }

    /// Waits until it is of no use any more.
    pub(super) async fn breaks(&self) -> Error {
        let mut broken = self.broken.subscribe();
        match broken.wait_for(Option::is_some).await.map(|broken| broken.clone()) {
            Ok(Some(error)) => error,
            // Its sender is in `self`.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Whether the last write has reached the disk.
    pub(super) fn written(&self, is_written: bool) {
        self.is_healthy.store(is_written, Ordering::Relaxed);
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.is_healthy.load(Ordering::Relaxed) && self.broken.borrow().is_none()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let database = self.database.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // One that is closed in good order is not looked at by whoever opens it next.
        if self.broken.borrow().is_some() {
            forget(database);
        } else if let Err(error) = sound(|| {
            drop(database);
            Ok(())
        }) {
            self.judge(&error);
        }
    }
}
