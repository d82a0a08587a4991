//! What every decision reads and hardly any changes, kept as it was parsed: the silences.

use std::sync::{Mutex, PoisonError};

use watchfire_core::incident::{Key, Record};

use crate::store::Error;

/// The silences at the version at which they were last read. A version is never used again, so whoever finds it
/// unchanged needs neither the row nor the parser.
#[derive(Default)]
pub(super) struct Parsed(Mutex<Option<(u64, Record)>>);

impl Parsed {
    /// The record at that version; `read` where it is another, or of another kind.
    pub(super) fn of(
        &self,
        key: &Key,
        version: u64,
        read: impl FnOnce() -> Result<Record, Error>,
    ) -> Result<Record, Error> {
        if *key != Key::Silences {
            return read();
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((known, record)) if *known == version => Ok(record.clone()),
            Some(_) | None => {
                let record = read()?;
                *kept = Some((version, record.clone()));
                Ok(record)
            }
        }
    }

    /// Forgets it: the file was opened again, and may have lost the last of its versions.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
