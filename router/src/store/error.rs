//! What can go wrong with the memory.

use std::error::Error as Cause;
use std::path::PathBuf;
use std::sync::Arc;

use watchfire_core::ids::{EffectId, EventId};
use watchfire_core::incident::Key;

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
    /// It could not be read or written. The same request may succeed later; whether a write that failed
    /// like this took effect is not known.
    #[error("the store cannot be read or written")]
    Unavailable(#[source] Arc<dyn Cause + Send + Sync>),
    /// It is closed after a fault and being opened again.
    #[error("the store is closed after a fault")]
    Closed,
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
}
