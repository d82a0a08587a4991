//! All of a store in one stream, which can be told from half of one: what a backup is on its way, and the file it becomes.
//!
//! ```text
//! "watchfire store 1\n"   then frames:   1 length name          a table begins
//!                                        2 length key length value   a row of it
//!                                        0 rows sha256           the end: how many, and of all bytes before
//! ```
//! Lengths are four bytes, the number of rows eight, the least first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use redb::{Database, Durability, ReadableDatabase as _};

use super::file::{at, builder, folder, prepare};
use super::overlay;
use super::tables::{Snapshot, Tables};
use crate::store::Error;
use crate::store::error::sound;
use crate::store::sums::Sums;

const HEAD: &[u8] = b"watchfire store 1\n";
/// In bytes: what is sent at a time.
const CHUNK: usize = 64 * 1024;
/// So many rows are put in at a time.
const ROWS: usize = 1_000;

/// Sends every row.
pub(super) fn copy(
    tables: &Snapshot,
    send: &mut dyn FnMut(Vec<u8>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut copying = Copying::begin();
    tables.rows(&mut |of, key, value| {
        copying.row(of, key, value);
        copying.full().map_or(Ok(()), &mut *send)
    })?;
    send(copying.end().0)
}

/// A copy in the making.
pub(in crate::store) struct Copying {
    digest: Context,
    chunk: Vec<u8>,
    /// Whose rows come now.
    table: &'static str,
    rows: u64,
    /// What of it was there.
    sums: Sums,
}

impl Copying {
    pub(in crate::store) fn begin() -> Self {
        let (digest, sums) = (Context::new(&SHA256), Sums::default());
        Self { digest, chunk: HEAD.to_vec(), table: "", rows: 0, sums }
    }

    pub(super) fn row(&mut self, of: &'static str, key: &[u8], value: &[u8]) {
        if of != self.table {
            self.table = of;
            self.chunk.push(1);
            text(&mut self.chunk, of.as_bytes());
        }
        self.chunk.push(2);
        text(&mut self.chunk, key);
        text(&mut self.chunk, value);
        self.rows += 1;
        self.sums.add(of, key, value);
    }

    /// What is to be sent by now.
    pub(in crate::store) fn full(&mut self) -> Option<Vec<u8>> {
        if self.chunk.len() < CHUNK {
            return None;
        }
        self.digest.update(&self.chunk);
        Some(std::mem::take(&mut self.chunk))
    }

    /// The last of it, and what is in all of it.
    pub(in crate::store) fn end(self) -> (Vec<u8>, Sums) {
        let Self { mut digest, mut chunk, table: _, rows, sums } = self;
        chunk.push(0);
        chunk.extend(rows.to_le_bytes());
        digest.update(&chunk);
        chunk.extend(digest.finish().as_ref());
        (chunk, sums)
    }
}

fn text(chunk: &mut Vec<u8>, text: &[u8]) {
    let length = u32::try_from(text.len()).expect("the database takes no row of 4 GiB");
    chunk.extend(length.to_le_bytes());
    chunk.extend(text);
}

/// A file that is looked at.
pub(crate) struct Looked {
    pub(crate) tables: Snapshot,
    /// Without it the tables are closed.
    _database: overlay::Looking,
}

/// The tables of a file that no worker has open; it stays as it is.
pub(crate) fn look_at(path: &Path) -> Result<Looked, Error> {
    let mut looking = overlay::look_at(path)?;
    let tables = sound(|| {
        let database = looking.database();
        prepare(database, path)?;
        Ok(Snapshot::new(database.begin_read()?))
    });
    let tables = tables.map_err(|error| at(error, path))?;
    Ok(Looked { tables, _database: looking })
}

/// A store of its own with all that is in that one, which no worker may have open, where nothing is yet.
pub(crate) fn restore(from: &Path, to: &Path) -> Result<u64, Error> {
    let looked = look_at(from)?;
    let mut copies = Copies::begin(to)?;
    sound(|| copy(&looked.tables, &mut |chunk| copies.take(&chunk))).map_err(|error| at(error, from))?;
    copies.finish()
}

/// A store that is being made of such a stream. It has its name when it is whole; before that, and if it never is, there
/// is nothing of that name.
pub(crate) struct Copies {
    database: Option<Database>,
    path: PathBuf,
    part: PathBuf,
    digest: Option<Context>,
    /// What is not yet a whole frame.
    left: Vec<u8>,
    is_begun: bool,
    table: String,
    rows: Vec<(String, Vec<u8>, Vec<u8>)>,
    count: u64,
    is_whole: bool,
}

impl Copies {
    pub(crate) fn begin(path: &Path) -> Result<Self, Error> {
        let cannot = |cause: io::Error| Error::Open { path: path.to_owned(), cause: Arc::new(cause) };
        if path.symlink_metadata().is_ok() {
            return Err(Error::Taken { path: path.to_owned() });
        }
        fs::create_dir_all(folder(path)).map_err(cannot)?;
        let part = PathBuf::from(format!("{}.part", path.display()));
        // What an attempt that was broken off has left; not what another one is at.
        match File::options().read(true).write(true).open(&part).map(|part| part.try_lock()) {
            Ok(Ok(())) => fs::remove_file(&part).map_err(cannot)?,
            Ok(Err(_)) => return Err(Error::Locked { path: part }),
            Err(_) => {}
        }
        let file = super::file::private().create_new(true).open(&part).map_err(cannot)?;
        let copies = |database| Self {
            database,
            path: path.to_owned(),
            part,
            digest: Some(Context::new(&SHA256)),
            left: Vec::new(),
            is_begun: false,
            table: String::new(),
            rows: Vec::new(),
            count: 0,
            is_whole: false,
        };
        let mut copies = copies(None);
        let database = builder().create_file(file).map_err(|error| at(error.into(), path))?;
        prepare(&database, path)?;
        copies.database = Some(database);
        Ok(copies)
    }

    /// The next bytes of the stream, however it was cut.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.left.extend(bytes);
        let left = std::mem::take(&mut self.left);
        let mut rest = left.as_slice();
        while let Some(after) = self.frame(rest)? {
            rest = after;
        }
        self.left = rest.to_vec();
        if self.rows.len() >= ROWS { self.put() } else { Ok(()) }
    }

    /// Takes one frame; the answer is what comes after it, none if it is not all there.
    fn frame<'b>(&mut self, bytes: &'b [u8]) -> Result<Option<&'b [u8]>, Error> {
        if !self.is_begun {
            let Some((head, rest)) = bytes.split_at_checked(HEAD.len()) else { return Ok(None) };
            if head != HEAD {
                return Err(self.no_copy("it is no copy of a store"));
            }
            self.is_begun = true;
            return Ok(Some(self.passed(bytes, rest)));
        }
        let Some((kind, rest)) = bytes.split_first() else { return Ok(None) };
        match kind {
            _ if self.is_whole => Err(self.no_copy("there is something after its end")),
            0 => self.end(bytes, rest),
            1 => {
                let Some((name, rest)) = taken(rest) else { return Ok(None) };
                self.table = String::from_utf8_lossy(name).into_owned();
                Ok(Some(self.passed(bytes, rest)))
            }
            2 => {
                let Some((key, rest)) = taken(rest) else { return Ok(None) };
                let Some((value, rest)) = taken(rest) else { return Ok(None) };
                self.rows.push((self.table.clone(), key.to_vec(), value.to_vec()));
                self.count += 1;
                Ok(Some(self.passed(bytes, rest)))
            }
            _ => Err(self.no_copy("it is of another version, or was altered")),
        }
    }

    fn end<'b>(&mut self, bytes: &'b [u8], rest: &'b [u8]) -> Result<Option<&'b [u8]>, Error> {
        let Some((rows, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
        let Some((sum, after)) = rest.split_first_chunk::<32>() else { return Ok(None) };
        self.passed(bytes, rest);
        let digest = self.digest.take().map(Context::finish);
        if u64::from_le_bytes(*rows) != self.count || digest.is_none_or(|digest| digest.as_ref() != sum) {
            return Err(self.no_copy("its sum is wrong"));
        }
        self.is_whole = true;
        Ok(Some(after))
    }

    /// What was taken counts for the sum.
    fn passed<'b>(&mut self, bytes: &[u8], rest: &'b [u8]) -> &'b [u8] {
        let length = bytes.len() - rest.len();
        self.digest.iter_mut().for_each(|digest| digest.update(&bytes[..length]));
        rest
    }

    fn put(&mut self) -> Result<(), Error> {
        let rows = std::mem::take(&mut self.rows);
        let database = self.database.as_ref().expect("it is there until it is finished");
        let put = sound(|| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::None).expect("there are no savepoints");
            let mut tables = Tables::open(&transaction)?;
            for (table, key, value) in &rows {
                if !tables.put(table, key, value)? {
                    return Err(self.no_copy(&format!("there is no table `{table}` in this version")));
                }
            }
            drop(tables);
            Ok(transaction.commit()?)
        });
        put.map_err(|error| at(error, &self.path))
    }

    /// Gives it its name, if it is whole; the answer is how many rows it has.
    pub(crate) fn finish(mut self) -> Result<u64, Error> {
        if !self.is_whole {
            return Err(self.no_copy("its end is missing"));
        }
        self.put()?;
        let cannot = |cause: io::Error| Error::Open { path: self.path.clone(), cause: Arc::new(cause) };
        let mut database = self.database.take().expect("it is there until it is finished");
        // It was put in bit by bit, which leaves room between.
        sound(|| database.compact().map_err(|cause| Error::Unavailable(Arc::new(cause))))
            .map_err(|error| at(error, &self.path))?;
        // The last commit of a close is durable, and all before it with it.
        sound(|| {
            drop(database);
            Ok(())
        })
        .map_err(|error| at(error, &self.path))?;
        File::open(&self.part).and_then(|part| part.sync_all()).map_err(cannot)?;
        // Not `rename`, which takes the place of what is there.
        fs::hard_link(&self.part, &self.path).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => Error::Taken { path: self.path.clone() },
            _ => cannot(cause),
        })?;
        fs::remove_file(&self.part).map_err(cannot)?;
        File::open(folder(&self.path)).and_then(|folder| folder.sync_all()).map_err(cannot)?;
        Ok(self.count)
    }

    fn no_copy(&self, what: &str) -> Error {
        let cause = io::Error::new(io::ErrorKind::InvalidData, what);
        Error::Open { path: self.path.clone(), cause: Arc::new(cause) }
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        let _ = sound(|| {
            drop(self.database.take());
            Ok(())
        });
        // Where it has its name, this one is gone.
        let _ = fs::remove_file(&self.part);
    }
}

/// A text with its length before it, and what comes after; none if it is not all there.
fn taken(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}
