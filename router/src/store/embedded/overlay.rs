//! A file that is looked at as a database without being changed: what the database writes stays in memory.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, StorageBackend};

use crate::store::Error;
use crate::store::error::sound;

/// In bytes: so much is copied where anything in it is written.
const PAGE: usize = 4096;

/// A database that is looked at.
pub(super) struct Looking(Option<Database>);

impl Looking {
    pub(super) fn database(&mut self) -> &mut Database {
        self.0.as_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        // A damaged one may not even be closed without a panic.
        let _ = sound(|| {
            drop(self.0.take());
            Ok(())
        });
    }
}

/// The database in that file, which stays as it is; no worker may have it open.
pub(super) fn look_at(path: &Path) -> Result<Looking, Error> {
    let cannot = |cause: io::Error| Error::Open { path: path.to_owned(), cause: Arc::new(cause) };
    let file = File::open(path).map_err(cannot)?;
    match file.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(cannot(error)),
    }
    let length = file.metadata().map_err(cannot)?.len();
    if length == 0 {
        return Err(super::file::empty(path));
    }
    let overlay =
        Overlay { file, written: Mutex::new(Written { pages: BTreeMap::new(), length, file: length }) };
    let opened = sound(|| Ok(super::file::builder().create_with_backend(overlay)?));
    opened.map(|database| Looking(Some(database))).map_err(|error| super::file::at(error, path))
}

#[derive(Debug)]
struct Overlay {
    file: File,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    pages: BTreeMap<u64, Box<[u8; PAGE]>>,
    /// In bytes, as the database wants it.
    length: u64,
    /// In bytes, of what may still be read from the file: what was cut off once does not come back.
    file: u64,
}

impl Overlay {
    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page as it is in the file; zeros behind its end.
    fn original(&self, number: u64, end: u64) -> io::Result<Box<[u8; PAGE]>> {
        let mut page = Box::new([0; PAGE]);
        let first = number * PAGE as u64;
        let there = usize::try_from(end.saturating_sub(first)).unwrap_or(PAGE).min(PAGE);
        self.file.read_exact_at(&mut page[..there], first)?;
        Ok(page)
    }
}

/// The parts of a range by page: the page's number, where in it, and where in the range.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = usize::try_from(at % PAGE as u64).expect("less than a page");
        let end = (done + PAGE - within).min(length);
        let part = (at / PAGE as u64, within, done..end);
        let is_left = done < length;
        done = end;
        is_left.then_some(part)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > written.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, within, range) in parts(offset, out.len()) {
            let length = range.len();
            match written.pages.get(&number) {
                Some(page) => out[range].copy_from_slice(&page[within..within + length]),
                None => {
                    let page = self.original(number, written.file)?;
                    out[range].copy_from_slice(&page[within..within + length]);
                }
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut written = self.written();
        if length < written.length {
            let pages = length.div_ceil(PAGE as u64);
            written.pages.split_off(&pages);
            let rest = usize::try_from(length % PAGE as u64).expect("less than a page");
            if let Some(last) = written.pages.get_mut(&(length / PAGE as u64)) {
                last[rest..].fill(0);
            }
            written.file = written.file.min(length);
        }
        written.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        let end = written.file;
        for (number, within, range) in parts(offset, data.len()) {
            let page = match written.pages.entry(number) {
                std::collections::btree_map::Entry::Occupied(page) => page.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(self.original(number, end)?)
                }
            };
            page[within..within + range.len()].copy_from_slice(&data[range]);
        }
        Ok(())
    }
}
