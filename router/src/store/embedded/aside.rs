//! A damaged file put aside: under another name beside it, so that a new store can be begun and nothing is lost.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::file::folder;
use crate::store::Error;

/// What stands between the name of the store and the time.
const DAMAGED: &str = ".damaged-";
const TIME: &str = "%Y%m%dT%H%M%SZ";
/// So many are set aside within a second at most.
const MOST: u32 = 100;

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    /// Where it is now.
    pub(crate) path: PathBuf,
    /// When that was, to the second.
    pub(crate) at: Timestamp,
}

/// Gives a damaged file another name. Nothing that has that name already is overwritten, and nothing happens to a file
/// that another process has open, or has set aside and replaced since it was found to be damaged.
pub(crate) fn set_aside(path: &Path, now: Timestamp) -> Result<Aside, Error> {
    let cannot = |cause: io::Error| Error::Open { path: path.to_owned(), cause: Arc::new(cause) };
    // Where there is a link, what it leads to.
    let path = &path.canonicalize().map_err(cannot)?;
    let file = File::options().read(true).write(true).open(path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(cannot(error)),
    }
    let (locked, named) = (file.metadata().map_err(cannot)?, fs::metadata(path).map_err(cannot)?);
    if (locked.dev(), locked.ino()) != (named.dev(), named.ino()) {
        return Err(Error::Locked { path: path.to_owned() });
    }
    let aside = free_name(path, now).map_err(cannot)?;
    fs::rename(path, &aside).and_then(|()| File::open(folder(path))?.sync_all()).map_err(cannot)?;
    Ok(Aside { path: aside, at: now })
}

fn free_name(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let stem = format!("{}{DAMAGED}{}", path.display(), now.strftime(TIME));
    for number in 1..=MOST {
        let name = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
        let candidate = PathBuf::from(name);
        // Not `exists`, to which a link that leads nowhere is nothing.
        match candidate.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(candidate),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The files that were set aside beside a store, the oldest first.
pub(crate) fn aside(path: &Path) -> io::Result<Vec<Aside>> {
    let path = &path.canonicalize()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    for file in fs::read_dir(folder(path))? {
        let file = file?;
        let other = file.file_name().to_string_lossy().into_owned();
        let time = other.strip_prefix(&name).and_then(|rest| rest.strip_prefix(DAMAGED));
        let time = time.map(|time| time.split('-').next().unwrap_or_default());
        let at = time.and_then(|time| DateTime::strptime(TIME, time).ok());
        let at = at.and_then(|at| at.to_zoned(TimeZone::UTC).ok());
        found.extend(at.map(|at| Aside { path: file.path(), at: at.timestamp() }));
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_set_aside_is_there_under_a_name_that_nothing_had() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let path = folder.join("store.redb");
        let now: Timestamp = "2026-11-29T02:30:00Z".parse().unwrap();
        let mut expected = Vec::new();
        for name in ["store.redb.damaged-20261129T023000Z", "store.redb.damaged-20261129T023000Z-2"] {
            fs::write(&path, name).unwrap();
            let set = set_aside(&path, now).unwrap();
            assert_eq!(set, Aside { path: folder.join(name), at: now });
            assert_eq!(fs::read_to_string(&set.path).unwrap(), name);
            assert!(!path.exists());
            expected.push(set);
        }
        let others = ["store.redb", "store.redb.damaged-by-hand", "other.redb.damaged-20261129T023000Z"];
        others.iter().for_each(|name| fs::write(folder.join(name), "").unwrap());
        assert_eq!(aside(&path).unwrap(), expected);
    }

    #[test]
    fn what_another_process_has_open_is_left_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        fs::write(&path, "in use").unwrap();
        let user = File::open(&path).unwrap();
        user.lock().unwrap();
        let refused = set_aside(&path, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(&refused, Error::Locked { path: named } if *named == path), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "in use");
    }
}
