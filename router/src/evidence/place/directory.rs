//! Evidence in a folder: every file is on disk, whole, before its name appears.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::Put;
use crate::evidence::chain;
use crate::evidence::config::DirectoryConfig;
use crate::failure::Failure;

/// Files under construction; what a crash leaves here is part of nothing.
const INCOMING: &str = "incoming";

/// A folder.
#[derive(Clone, Debug)]
pub(in crate::evidence) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(super) fn new(config: DirectoryConfig) -> Self {
        let DirectoryConfig { path: root } = config;
        Self { root }
    }

    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<Put, Failure> {
        let (root, path) = (self.root.clone(), self.path(key));
        self.blocking(key, move || put(&root, &path, &bytes)).await
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.path(key);
        self.blocking(key, move || found(fs::read(path))).await
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, Failure> {
        let (path, prefix) = (self.path(folder), folder.to_owned());
        self.blocking(folder, move || {
            let mut keys = Vec::new();
            walk(&path, &prefix, &mut keys)?;
            keys.sort_unstable();
            Ok(keys)
        })
        .await
    }

    pub(super) async fn last_link(&self) -> Result<u64, Failure> {
        let keys = self.list(chain::folder()).await?;
        Ok(keys.iter().filter_map(|key| chain::parse_key(key)).max().unwrap_or(0))
    }

    /// Whatever a disk says can be mended: room made, a volume mounted, a permission given.
    async fn blocking<T: Send + 'static>(
        &self,
        key: &str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|error| Failure::transient(format!("{}: {error}", self.path(key).display())))
    }
}

fn put(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<Put> {
    let folder = path.parent().expect("a key is a path within the root");
    make_folders(folder)?;
    let incoming = root.join(INCOMING);
    make_folders(&incoming)?;
    let (mut file, temporary) = new_file(&incoming)?;
    let linked = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| {
        // A hard link fails where the name is taken, and what it names is complete; a file that is created
        // under its own name would be half there after a crash, for good.
        match fs::hard_link(&temporary, path) {
            Ok(()) => Ok(Put::Stored),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Put::Exists),
            Err(error) => Err(error),
        }
    });
    let removed = fs::remove_file(&temporary);
    let linked = linked?;
    removed?;
    File::open(folder)?.sync_all()?;
    Ok(linked)
}

/// A file that is nobody else's, in this process or another.
fn new_file(incoming: &Path) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = incoming.join(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o400).open(&path) {
            Ok(file) => return Ok((file, path)),
            // A process of the same id, on another machine or before a crash.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes a folder and those above it, each durable before anything is in it.
fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new(""));
    make_folders(above)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    File::open(above)?.sync_all()
}

fn walk(folder: &Path, prefix: &str, keys: &mut Vec<String>) -> io::Result<()> {
    let Some(entries) = found(fs::read_dir(folder))? else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let key = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link to a folder is not followed: it is a thing that should not be there.
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{key}/"), keys)?;
        } else {
            keys.push(key);
        }
    }
    Ok(())
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn the_first_to_put_something_has_put_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("made/as/needed");
        let directory = Directory::new(DirectoryConfig { path: root.clone() });
        assert_eq!(directory.get("a/b").await, Ok(None));
        assert_eq!(directory.list("a/").await, Ok(Vec::new()));
        assert_eq!(directory.put("a/b", b"first".to_vec()).await, Ok(Put::Stored));
        assert_eq!(directory.put("a/b", b"second".to_vec()).await, Ok(Put::Exists));
        assert_eq!(directory.get("a/b").await, Ok(Some(b"first".to_vec())));
        assert_eq!(directory.put("a/c/d", b"".to_vec()).await, Ok(Put::Stored));
        assert_eq!(directory.list("a/").await, Ok(vec!["a/b".to_owned(), "a/c/d".to_owned()]));
        assert_eq!(fs::read_dir(root.join(INCOMING)).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn of_many_who_put_at_once_one_has() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::new(DirectoryConfig { path: folder.path().to_owned() });
        let puts = (0..16).map(|n: u8| directory.put("chain/0000000001.json", vec![n]));
        let puts = futures_util::future::join_all(puts).await;
        assert_eq!(puts.iter().filter(|put| **put == Ok(Put::Stored)).count(), 1, "{puts:?}");
    }

    #[tokio::test]
    async fn a_disk_that_refuses_may_take_it_later() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "a file where a folder should be").unwrap();
        let directory = Directory::new(DirectoryConfig { path: folder.path().to_owned() });
        match directory.put("a/b", Vec::new()).await {
            Err(Failure::Transient { reason, retry_after: None }) => {
                assert!(reason.contains("a/b: "), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}
