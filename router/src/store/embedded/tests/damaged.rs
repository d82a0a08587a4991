//! A file that is damaged, in every way that a disk knows: set aside, never overwritten, and never mistaken for one that is
//! in use, or that cannot be read or written just now.

use std::path::PathBuf;

use jiff::Timestamp;
use watchfire_core::builders::{decision, entry};
use watchfire_core::ids::EventId;
use watchfire_core::state::State;

use super::*;
use crate::store::{Committed, IfDamaged, Store, check};

/// A store of some pages, closed in good order, or as a crash leaves it.
async fn file(folder: &TempDir, is_closed: bool) -> PathBuf {
    let path = folder.path().join("store.redb");
    let store = Embedded::open(&path).unwrap();
    let change = |tables: &mut Tables<'_>| {
        for number in 0..400_i64 {
            let text = format!("row {number} {}", "x".repeat(700));
            tables.entries.insert((number, "event"), text.as_bytes())?;
        }
        Ok(())
    };
    store.write(change).await.unwrap();
    if is_closed {
        drop(store);
        return path;
    }
    let crashed = folder.path().join("crashed.redb");
    std::fs::copy(&path, &crashed).unwrap();
    crashed
}

fn damage(path: &Path, damage: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = std::fs::read(path).unwrap();
    damage(&mut bytes);
    std::fs::write(path, &bytes).unwrap();
    bytes
}

fn asides(folder: &TempDir) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains(".damaged-")).collect()
}

async fn works(store: &Store) {
    let entry = entry(decision("works"));
    assert_eq!(store.commit(&State::default(), &entry).await.unwrap(), Committed::Yes);
    assert_eq!(store.find(&EventId::new("works")).await.unwrap(), Some(entry));
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_or_refused_and_never_changed() {
    type Damage = fn(&mut Vec<u8>);
    let ways: [(&str, bool, Damage); 7] = [
        ("another magic number", true, |bytes| bytes[..4].fill(b'x')),
        ("another version", true, |bytes| bytes[64..80].fill(0x7f)),
        ("cut in half", true, |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut within its head", true, |bytes| bytes.truncate(100)),
        ("emptied", true, |bytes| bytes.clear()),
        ("zeros", true, |bytes| bytes.fill(0)),
        ("pages altered before a crash", false, |bytes| {
            let length = bytes.len();
            bytes[4096..length].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
        }),
    ];
    for (name, is_closed, way) in ways {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, is_closed).await;
        let bytes = damage(&path, way);
        for refused in [Store::open(&path), Store::open_or_set_aside(&path, IfDamaged::Refuse)] {
            assert!(matches!(refused, Err(Error::DamagedFile { .. })), "{name}: {refused:?}");
        }
        // Whoever looks changes nothing; a database that was begun to be opened may have noted that.
        assert_eq!(std::fs::read(&path).unwrap().len(), bytes.len(), "{name}");
        assert!(!check(&path).unwrap().wrong.is_empty(), "{name}");
        let store = Store::open_or_set_aside(&path, IfDamaged::SetAside).unwrap();
        assert_eq!(asides(&folder).len(), 1, "{name}");
        works(&store).await;
    }
}

#[tokio::test]
async fn a_file_in_use_is_never_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let _in_use = Embedded::open(&path).unwrap();
    let refused = Store::open_or_set_aside(&path, IfDamaged::SetAside);
    assert!(matches!(refused, Err(Error::Locked { .. })), "{refused:?}");
    assert_eq!(asides(&folder), Vec::<PathBuf>::new());
}

#[test]
fn only_what_is_damaged_is_taken_for_it() {
    let of = |kind: io::ErrorKind| Error::from(redb::StorageError::Io(kind.into()));
    let transient = [
        io::ErrorKind::StorageFull,
        io::ErrorKind::QuotaExceeded,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
        io::ErrorKind::NotFound,
        io::ErrorKind::Other,
    ];
    for kind in transient {
        assert!(matches!(of(kind), Error::Unavailable(_)), "{kind}");
        assert!(matches!(file::at(of(kind), Path::new("f")), Error::Open { .. }), "{kind}");
    }
    for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData] {
        assert!(matches!(file::at(of(kind), Path::new("f")), Error::DamagedFile { .. }), "{kind}");
    }
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Store::open_or_set_aside(folder.path(), IfDamaged::SetAside);
    assert!(matches!(refused, Err(Error::Open { .. })), "{refused:?}");
    assert!(folder.path().is_dir());
}

/// Whatever is altered: it opens, or is set aside; what is read afterwards is an answer or an error, never the end of
/// the process.
#[tokio::test]
async fn bytes_that_are_altered_at_random_end_nothing() {
    let mut dice = 0x5eed_u64;
    let mut below = move |limit: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % limit
    };
    for round in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, round % 2 == 0).await;
        damage(&path, |bytes| {
            for _ in 0..[1, 20, 400][round % 3] {
                let at = below(bytes.len());
                bytes[at] ^= 1 << below(8);
            }
            if round % 5 == 0 {
                bytes.truncate(below(bytes.len()));
            }
        });
        check(&path).unwrap();
        let store = Store::open_or_set_aside(&path, IfDamaged::SetAside).unwrap();
        let entry = entry(decision("after"));
        let _ = store.recent(usize::MAX).await;
        let committed = store.commit(&State::default(), &entry).await;
        let _ = store.find(&EventId::new("after")).await;
        let _ = store.prune(Timestamp::now(), 100).await;
        assert!(committed.is_ok() || store.broken().is_some(), "round {round}: {committed:?}");
    }
}
