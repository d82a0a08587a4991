//! What needs a look behind the contract: shared trips to the disk, a disk that fails, another schema.

#![allow(clippy::unwrap_used)]

mod broken;
mod compact;
mod damaged;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use redb::StorageBackend;
use redb::backends::FileBackend;
use tempfile::TempDir;
use watchfire_core::ids::EventId;

use super::place::Opened;
use super::tables::{SCHEMA, Tables};
use super::{Embedded, Error, file};

/// A disk that counts its trips, fails while it is told to, and panics when it is told to.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    fails: AtomicBool,
    panics: AtomicBool,
    trips: AtomicUsize,
}

impl Disk {
    pub(crate) fn set_failing(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    pub(crate) fn set_panicking(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    pub(crate) fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }

    fn check(&self) -> io::Result<()> {
        assert!(!self.panics.load(Ordering::SeqCst), "the disk panics, as it was told to");
        if self.fails.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[derive(Debug)]
struct FileOnDisk {
    file: FileBackend,
    disk: Arc<Disk>,
}

impl StorageBackend for FileOnDisk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.check()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.check()?;
        self.disk.trips.fetch_add(1, Ordering::SeqCst);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.check()?;
        self.file.write(offset, data)
    }
}

fn open(path: &Path, disk: &Arc<Disk>) -> Result<Opened, Error> {
    let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = FileBackend::new(file.unwrap()).unwrap();
    let file = FileOnDisk { file, disk: Arc::clone(disk) };
    let database = redb::Database::builder().create_with_backend(file);
    let database = database.map_err(|cause| file::at(cause.into(), path))?;
    file::prepare(&database, path)?;
    Ok(Opened { database, is_proven: false })
}

pub(crate) fn store() -> (TempDir, Arc<Disk>, Embedded) {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::<Disk>::default());
    let opener = {
        let (path, disk) = (folder.path().join("store.redb"), Arc::clone(&disk));
        move || open(&path, &disk)
    };
    let store = Embedded::run(opener().unwrap(), None, Box::new(opener)).unwrap();
    (folder, disk, store)
}

/// Keeps the writer at work until the sender is dropped, so that what is asked meanwhile is one group.
async fn busy(store: &Embedded) -> mpsc::Sender<()> {
    let (go_on, wait) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let change = move |_: &mut Tables<'_>| {
        started.send(()).unwrap();
        wait.recv().unwrap_err();
        Ok(())
    };
    store.submit(change, |_| ()).await.unwrap();
    has_started.await.unwrap();
    go_on
}

#[tokio::test]
async fn all_who_wait_share_one_trip_to_the_disk() {
    let (_folder, disk, store) = store();
    let before = disk.trips();
    store.ping().await.unwrap();
    let one = disk.trips() - before;
    assert!(one > 0);

    let go_on = busy(&store).await;
    let before = disk.trips();
    let pings = tokio::spawn({
        let store = store.clone();
        async move {
            tokio::join!(store.ping(), store.ping(), store.ping(), store.ping(), store.ping(), async {
                drop(go_on)
            })
        }
    });
    assert!(matches!(pings.await.unwrap(), (Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), ())));
    // One for the group that was busy, one for the five.
    assert_eq!(disk.trips() - before, 2 * one);
}

#[tokio::test]
async fn a_refused_request_does_not_spoil_the_group() {
    let (_folder, disk, store) = store();
    let go_on = busy(&store).await;
    let before = disk.trips();
    let unknown = EventId::new("unknown");
    let (first, refused, last, ()) =
        tokio::join!(store.ping(), store.settle(&unknown, &[]), store.ping(), async { drop(go_on) });
    assert!(matches!(refused, Err(Error::UnknownEvent(event)) if event == unknown));
    first.unwrap();
    last.unwrap();
    assert!(disk.trips() > before);
}

#[tokio::test]
async fn everyone_in_a_group_that_fails_is_told() {
    let (_folder, disk, store) = store();
    let go_on = busy(&store).await;
    disk.set_failing(true);
    let (first, second, ()) = tokio::join!(store.ping(), store.ping(), async { drop(go_on) });
    first.unwrap_err();
    second.unwrap_err();
    assert!(!store.is_healthy());
}

#[tokio::test]
async fn a_store_whose_disk_was_full_works_again_once_there_is_room() {
    let (_folder, disk, store) = store();
    store.write(|tables| Ok(tables.meta.insert("kept", 7).map(|_| ())?)).await.unwrap();
    disk.set_failing(true);
    assert!(matches!(store.ping().await, Err(Error::Unavailable(_))));
    store.ping().await.unwrap_err();
    disk.set_failing(false);
    store.ping().await.unwrap();
    assert!(store.is_healthy());
    let kept = store.read(|tables| Ok(tables.meta()?.get("kept")?.map(|row| row.value())));
    assert_eq!(kept.unwrap(), Some(7));
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = Embedded::open(&path).unwrap();
    store.write(|tables| Ok(tables.meta.insert("schema", SCHEMA + 1).map(|_| ())?)).await.unwrap();
    drop(store);
    for _ in 0..2 {
        let refused = Embedded::open(&path).unwrap_err();
        let Error::Newer { path: _, found, known } = &refused else { panic!("{refused}") };
        assert_eq!((*found, *known), (SCHEMA + 1, SCHEMA));
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_made_again_after_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    assert!(matches!(file::open(&path), Err(Error::Gone { .. })));
    assert!(!path.exists());
}
