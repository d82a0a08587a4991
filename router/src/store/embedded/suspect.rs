//! A mark beside a store that gave up: whoever opens it next looks at all of it first.
//!
//! The database itself knows only of writes that did not end. A page that was met damaged before anything was written
//! leaves no trace in the file.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::at;
use super::overlay;
use crate::store::Error;
use crate::store::error::sound;
use crate::telemetry;

/// Leaves the mark, as far as the disk still takes one.
pub(super) fn mark(store: &Path) {
    let _ =
        fs::write(beside(store), "This store gave up. The next start compares all of it with its sums.\n");
}

/// Whether it has the mark.
pub(super) fn is_marked(store: &Path) -> bool {
    beside(store).exists()
}

/// Takes the mark away: it was looked at, and what was damaged is elsewhere.
pub(super) fn clear(store: &Path) {
    let _ = fs::remove_file(beside(store));
}

/// Compares every page with its sum; the file stays as it is.
///
/// # Errors
/// That it is damaged, or why it cannot be looked at.
pub(super) fn prove(store: &Path) -> Result<(), Error> {
    if matches!(store.try_exists(), Ok(false)) {
        telemetry::store_was_gone(store);
        return Ok(());
    }
    let mut looking = overlay::look_at(store)?;
    match sound(|| Ok(looking.database().check_integrity()?)) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let cause =
                io::Error::new(io::ErrorKind::InvalidData, "pages differ from their sums, or are lost");
            Err(Error::DamagedFile { path: store.to_owned(), cause: Arc::new(cause) })
        }
        Err(error) => Err(at(error, store)),
    }
}

fn beside(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(".suspect");
    PathBuf::from(name)
}
