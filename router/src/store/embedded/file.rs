//! Opening the file of the embedded store.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableError};
use watchfire_core::state::Record;

use super::place::Opened;
use super::tables::{META, SCHEMA, Snapshot, Tables};
use crate::store::Error;
use crate::store::error::sound;
use crate::store::row::from_row;

/// Bytes of the file kept in memory; what is in use is small, the journal is rarely read.
const CACHE: usize = 8 * 1024 * 1024;

/// Opens the file, makes it where it is missing, and makes sure that this version understands it.
pub(super) fn create(path: &Path) -> Result<Opened, Error> {
    if path.metadata().is_ok_and(|file| file.is_file() && file.len() == 0) {
        // Made, and never written: or all of it is lost, which must not pass for a beginning.
        return Err(empty(path));
    }
    let file = file(path).map_err(|cause| Error::Open { path: path.to_owned(), cause: Arc::new(cause) })?;
    checked(path, |builder| builder.create_file(file))
}

/// Opens a file that must be there: one that is gone is a fault, not a store without a memory.
pub(super) fn open(path: &Path) -> Result<Opened, Error> {
    match path.try_exists() {
        Ok(false) => Err(Error::Gone { path: path.to_owned() }),
        Ok(true) | Err(_) => checked(path, |builder| builder.open(path)),
    }
}

pub(super) fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

fn checked(
    path: &Path,
    open: impl FnOnce(&redb::Builder) -> Result<Database, DatabaseError>,
) -> Result<Opened, Error> {
    // After an end that was none the database compares every page with its sum.
    let is_proven = Arc::new(AtomicBool::new(false));
    let mut builder = builder();
    builder.set_repair_callback({
        let is_proven = Arc::clone(&is_proven);
        move |_| is_proven.store(true, Ordering::Relaxed)
    });
    let opened = sound(|| {
        let database = match open(&builder) {
            Err(DatabaseError::DatabaseAlreadyOpen) => return Err(Error::Locked { path: path.to_owned() }),
            opened => opened?,
        };
        Ok(database)
    });
    let database = opened.map_err(|error| at(error, path))?;
    if let Err(error) = sound(|| prepare(&database, path)) {
        // Not while it unwinds: a damaged one may not even be closed without a panic.
        let _ = sound(|| {
            drop(database);
            Ok(())
        });
        return Err(at(error, path));
    }
    Ok(Opened { database, is_proven: is_proven.load(Ordering::Relaxed) })
}

pub(super) fn empty(path: &Path) -> Error {
    let cause = Arc::new(io::Error::new(io::ErrorKind::UnexpectedEof, "it is empty"));
    Error::DamagedFile { path: path.to_owned(), cause }
}

/// An error of the database, as one of that file.
pub(super) fn at(error: Error, path: &Path) -> Error {
    let path = path.to_owned();
    match error {
        Error::Damaged(cause) => Error::DamagedFile { path, cause },
        Error::Unavailable(cause) => Error::Open { path, cause },
        error => error,
    }
}

/// Makes the tables where they are missing, and refuses those of a newer version.
pub(super) fn prepare(database: &Database, path: &Path) -> Result<(), Error> {
    match schema(database)? {
        Some(found) if found > SCHEMA => {
            return Err(Error::Newer { path: path.to_owned(), found, known: SCHEMA });
        }
        Some(found) if found == SCHEMA => return Ok(()),
        Some(_) | None => {}
    }
    // What is new in this version is empty at first, or made of what there is; what is old reads as it did.
    let transaction = database.begin_write()?;
    let mut tables = Tables::open(&transaction)?;
    find_open(&mut tables)?;
    tables.meta.insert("schema", SCHEMA)?;
    drop(tables);
    Ok(transaction.commit()?)
}

/// Since schema 5 it is kept which records are open.
fn find_open(tables: &mut Tables<'_>) -> Result<(), Error> {
    for row in tables.records.iter()? {
        let (key, row) = row?;
        // What cannot be understood is open to nobody.
        let is_open = from_row(row.value().2, String::new).is_ok_and(|record: Record| record.is_open());
        if is_open {
            tables.open.insert(key.value(), ())?;
        }
    }
    Ok(())
}

/// The schema of a file; none of one that is new. Only by reading: the database may not survive a panic in the midst of
/// a write, and a damaged file is met here first.
fn schema(database: &Database) -> Result<Option<u64>, Error> {
    let transaction = database.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let schema = meta.get("schema")?.map(|row| row.value());
    if schema == Some(SCHEMA) {
        Snapshot::new(transaction).prove()?;
    }
    Ok(schema)
}

/// Only its owner may read it: it holds what an attacker would like to know.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

fn file(path: &Path) -> io::Result<File> {
    let folder = folder(path);
    fs::create_dir_all(folder)?;
    let file = private().create(true).truncate(false).open(path)?;
    // Without this a crash may forget that there is such a file.
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// Which file it is, whatever it is called: its device and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

/// The file that a path leads to; none if there is nothing, or nothing in it.
pub(super) fn identity(path: &Path) -> io::Result<Option<Identity>> {
    match fs::metadata(path) {
        Ok(file) => Ok((file.len() > 0).then(|| Identity(file.dev(), file.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
