//! Opening the file of the embedded store.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, DatabaseError, ReadableTable};

use super::tables::{SCHEMA, Tables};
use crate::store::Error;

/// Bytes of the file kept in memory; what is in use is small, the journal is rarely read.
const CACHE: usize = 16 * 1024 * 1024;

/// Opens the file, makes it where it is missing, and makes sure that this version understands it.
pub(super) fn create(path: &Path) -> Result<Database, Error> {
    let file = file(path).map_err(|cause| Error::Open { path: path.to_owned(), cause: Arc::new(cause) })?;
    checked(builder().create_file(file), path)
}

/// Opens a file that must be there: one that is gone is a fault, not a store without a memory.
pub(super) fn open(path: &Path) -> Result<Database, Error> {
    checked(builder().open(path), path)
}

fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

fn checked(opened: Result<Database, DatabaseError>, path: &Path) -> Result<Database, Error> {
    let database = opened.map_err(|cause| match cause {
        DatabaseError::DatabaseAlreadyOpen => Error::Locked { path: path.to_owned() },
        cause => Error::Open { path: path.to_owned(), cause: Arc::new(cause) },
    })?;
    prepare(&database, path)?;
    Ok(database)
}

/// Makes the tables where they are missing, and refuses those of a newer version.
pub(super) fn prepare(database: &Database, path: &Path) -> Result<(), Error> {
    let transaction = database.begin_write()?;
    let mut tables = Tables::open(&transaction)?;
    let found = tables.meta.get("schema")?.map(|row| row.value());
    match found {
        Some(found) if found > SCHEMA => {
            return Err(Error::Newer { path: path.to_owned(), found, known: SCHEMA });
        }
        // What is new in this version is empty at first; what is old reads as it did.
        Some(found) if found == SCHEMA => return Ok(()),
        Some(_) | None => tables.meta.insert("schema", SCHEMA)?,
    };
    drop(tables);
    Ok(transaction.commit()?)
}

/// Only its owner may read it: it holds what an attacker would like to know.
fn file(path: &Path) -> io::Result<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // Without this a crash may forget that there is such a file.
    File::open(folder)?.sync_all()?;
    Ok(file)
}
