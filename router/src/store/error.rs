//! What can go wrong with the memory.

use std::error::Error as Cause;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use watchfire_core::ids::{EffectId, EventId};
use watchfire_core::state::Key;

use crate::aws::call::CallError;
use crate::telemetry::caught;

/// Why the store did not do what it was asked; it can be cloned, because one failed write to the disk is
/// the answer to everyone who waited for it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened: a start-up error.
    #[error("the store {} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system or the database said.
        #[source]
        cause: Arc<dyn Cause + Send + Sync>,
    },
    /// Another process has it open: a start-up error.
    #[error("the store {} is in use by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// There is something of that name already, and nothing was changed.
    #[error("{} exists already; nothing was changed", path.display())]
    Taken {
        /// What is there.
        path: PathBuf,
    },
    /// A newer version of Watchfire wrote it: a start-up error.
    #[error("the store {} has schema {found}, from a newer version; this one knows {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u64,
        /// The newest schema that this version can read.
        known: u64,
    },
    /// Its file is damaged: a start-up error, unless it is to be set aside.
    #[error("the store {} is damaged", path.display())]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// What was found.
        #[source]
        cause: Arc<dyn Cause + Send + Sync>,
    },
    /// Its file has been taken away while it was in use: only a restart helps, which begins a new one.
    #[error("the store {} is gone", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// It could not be read or written. The same request may succeed later; whether a write that failed
    /// like this took effect is not known.
    #[error("the store cannot be read or written")]
    Unavailable(#[source] Arc<dyn Cause + Send + Sync>),
    /// It is closed after a fault and being opened again.
    #[error("the store is closed after a fault")]
    Closed,
    /// What it holds is not what was written, or the database has given up: only a restart helps, which
    /// compares all of it with its sums.
    #[error("the store is damaged")]
    Damaged(#[source] Arc<dyn Cause + Send + Sync>),
    /// It has not answered in time; whether a write took effect is not known.
    #[error("the store does not answer")]
    Silent,
    /// Its writer is gone: only a restart helps.
    #[error("the store has stopped")]
    Stopped,
    /// A part of what it holds cannot be understood. Nothing was written.
    #[error("{what} in the store cannot be understood")]
    Corrupt {
        /// Which part.
        what: String,
        /// What is wrong with it.
        #[source]
        cause: Arc<dyn Cause + Send + Sync>,
    },
    /// No decision about this event is stored. Nothing was written.
    #[error("no decision about event {0} is stored")]
    UnknownEvent(EventId),
    /// The decision about this event has no such effect. Nothing was written.
    #[error("the decision about event {0} has no effect {1}")]
    UnknownEffect(EventId, EffectId),
    /// A decision changes a record that it has not read, so nobody can tell what it overwrites. Nothing
    /// was written.
    #[error("{0} is changed without having been read")]
    Unread(Key),
    /// What is only in a file was asked of a store that is a table.
    #[error("the store is a table, and only a file has that")]
    NoFile,
    /// The table is not as it must be: a start-up error.
    #[error("the table {table} cannot be the store: {}", wrong.join("; "))]
    Table {
        /// Its name.
        table: String,
        /// What is wrong with it.
        wrong: Vec<String>,
    },
    /// The table is of a newer version of Watchfire: a start-up error.
    #[error(
        "the table {table} has format {found}, from a newer Watchfire; this one knows {known}: use the version that its \
         workers run"
    )]
    NewerTable {
        /// Its name.
        table: String,
        /// Its format.
        found: u64,
        /// The newest format that this version can read.
        known: u64,
    },
    /// A row would be larger than the table takes, whenever it is written. Nothing was written.
    #[error("{what} takes {bytes} bytes, and the table takes {most}{}", instead.unwrap_or_default())]
    TooLarge {
        /// What is in the row.
        what: String,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        most: usize,
        /// What to do about it, behind a colon; none where nothing can be done.
        instead: Option<&'static str>,
    },
    /// A decision changes more than the table takes at once, whenever it is written. Nothing was written.
    #[error("a decision makes {writes} writes, and the table takes {most} at once")]
    TooMany {
        /// So many.
        writes: usize,
        /// So many may be.
        most: usize,
    },
    /// The table refuses what it is asked, and would again. Nothing was written.
    #[error("the table refuses what it is asked")]
    Refused(#[source] Arc<dyn Cause + Send + Sync>),
}

impl Error {
    /// Whether a transaction of another was at the item, so that nothing was written.
    pub(super) fn is_conflict(&self) -> bool {
        let Error::Unavailable(cause) = self else { return false };
        let called = cause.downcast_ref::<CallError>();
        called.is_some_and(|error| error.code() == "TransactionConflictException")
    }

    /// Whether the table has merely not answered: whatever may be wrong with it is not known.
    pub(crate) fn is_no_answer(&self) -> bool {
        let Error::Unavailable(cause) = self else { return false };
        let called = cause.downcast_ref::<CallError>();
        called.is_some_and(|error| error.passes() && !matches!(error, CallError::NoCredentials(_)))
    }
}

/// What the database said when it gave up.
#[derive(Debug, thiserror::Error)]
#[error("the database panicked: {0}")]
pub(super) struct Panicked(String);

/// Does it, and turns a panic of the database into an error: what is damaged must end nobody's task.
pub(crate) fn sound<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    caught(work).unwrap_or_else(|said| Err(Error::Damaged(Arc::new(Panicked(said)))))
}

impl From<redb::StorageError> for Error {
    fn from(fault: redb::StorageError) -> Self {
        let is_damage = match &fault {
            redb::StorageError::Corrupted(_) | redb::StorageError::LockPoisoned(_) => true,
            // Shorter than it says it is, or it leads to where no file has anything.
            redb::StorageError::Io(error) => {
                matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput
                )
            }
            _ => false,
        };
        if is_damage { Error::Damaged(Arc::new(fault)) } else { Error::Unavailable(Arc::new(fault)) }
    }
}

impl From<redb::TableError> for Error {
    fn from(fault: redb::TableError) -> Self {
        match fault {
            redb::TableError::Storage(fault) => fault.into(),
            // We know what we made.
            fault => Error::Damaged(Arc::new(fault)),
        }
    }
}

impl From<redb::TransactionError> for Error {
    fn from(fault: redb::TransactionError) -> Self {
        match fault {
            redb::TransactionError::Storage(fault) => fault.into(),
            fault => Error::Unavailable(Arc::new(fault)),
        }
    }
}

impl From<redb::CommitError> for Error {
    fn from(fault: redb::CommitError) -> Self {
        match fault {
            redb::CommitError::Storage(fault) => fault.into(),
            fault => Error::Unavailable(Arc::new(fault)),
        }
    }
}

impl From<redb::DatabaseError> for Error {
    fn from(fault: redb::DatabaseError) -> Self {
        match fault {
            redb::DatabaseError::Storage(fault) => fault.into(),
            // Of a format that no version of ours has written.
            fault @ redb::DatabaseError::UpgradeRequired(_) => Error::Damaged(Arc::new(fault)),
            fault => Error::Unavailable(Arc::new(fault)),
        }
    }
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn Cause) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
