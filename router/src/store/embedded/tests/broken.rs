//! A database that gives up: nobody's task ends with it, everybody is told, and whoever opens it next looks at all of it.

use std::time::Duration;

use watchfire_core::ids::EventId;
use watchfire_core::state::{Key, State};

use super::super::{check, restore, suspect};
use super::*;

async fn breaks(store: &Embedded) -> Error {
    tokio::time::timeout(Duration::from_secs(10), store.breaks()).await.unwrap()
}

#[tokio::test]
async fn a_write_that_panics_ends_the_store_and_everybody_is_told() {
    let (_folder, disk, store) = store();
    store.ping().await.unwrap();
    let go_on = busy(&store).await;
    disk.set_panicking();
    let (first, second, ()) = tokio::join!(store.ping(), store.ping(), async { drop(go_on) });
    assert!(
        matches!((&first, &second), (Err(Error::Damaged(_)), Err(Error::Damaged(_)))),
        "{first:?} {second:?}"
    );
    assert!(matches!(breaks(&store).await, Error::Damaged(_)));
    assert!(!store.is_healthy());
    // Whoever comes later, too.
    assert!(matches!(store.find_first(&[EventId::new("a")]).await, Err(Error::Damaged(_))));
    assert!(matches!(store.ping().await, Err(Error::Damaged(_))));
}

#[tokio::test]
async fn a_read_that_panics_ends_the_store_and_nobodys_task() {
    let (_folder, _disk, store) = store();
    let answer = store.read(|_| -> Result<(), Error> { panic!("a page is not what it was") });
    let Err(Error::Damaged(cause)) = &answer else { panic!("{answer:?}") };
    assert_eq!(cause.to_string(), "the database panicked: a page is not what it was");
    assert!(matches!(breaks(&store).await, Error::Damaged(_)));
}

#[tokio::test]
async fn a_change_that_panics_ends_the_store_and_is_answered() {
    let (_folder, _disk, store) = store();
    let answer = store.write(|_| -> Result<(), Error> { panic!("a page is not what it was") }).await;
    assert!(matches!(answer, Err(Error::Damaged(_))), "{answer:?}");
    assert!(store.broken().is_some());
}

#[tokio::test]
async fn a_disk_that_is_full_ends_nothing() {
    let (_folder, disk, store) = store();
    disk.set_failing(true);
    store.ping().await.unwrap_err();
    store.ping().await.unwrap_err();
    assert!(store.broken().is_none());
    disk.set_failing(false);
    store.ping().await.unwrap();
}

async fn with_nonsense(store: &Embedded) -> Result<(), Error> {
    let nonsense = |tables: &mut Tables<'_>| {
        tables.records.insert("switch", (1, 0, b"nonsense".as_slice()))?;
        Ok(())
    };
    store.write(nonsense).await.unwrap();
    store.load(&[Key::Switch], &mut State::default()).await
}

#[tokio::test]
async fn a_row_that_is_not_understood_ends_a_store_whose_sums_nobody_has_looked_at() {
    let (_folder, _disk, store) = store();
    assert!(matches!(with_nonsense(&store).await, Err(Error::Corrupt { .. })));
    assert!(matches!(breaks(&store).await, Error::Corrupt { .. }));
}

#[tokio::test]
async fn a_row_that_is_not_understood_although_every_sum_is_right_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let in_use = Embedded::open(&path).unwrap();
    let crashed = folder.path().join("crashed.redb");
    std::fs::copy(&path, &crashed).unwrap();
    drop(in_use);
    let store = Embedded::open(&crashed).unwrap();
    assert!(matches!(with_nonsense(&store).await, Err(Error::Corrupt { .. })));
    assert!(store.broken().is_none());
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_store_that_broke_is_looked_at_by_whoever_opens_it_next_and_another_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for (name, breaks) in [("broke.redb", true), ("closed.redb", false)] {
        let path = folder.path().join(name);
        let store = Embedded::open(&path).unwrap();
        store.ping().await.unwrap();
        if breaks {
            store.read(|_| -> Result<(), Error> { panic!("a page is not what it was") }).unwrap_err();
        }
        drop(store);
        // The lock of the one that broke ends with its process only.
        let next = folder.path().join("next.redb");
        std::fs::copy(&path, &next).unwrap();
        assert_eq!(file::open(&next).unwrap().is_proven, breaks, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_is_taken_away_ends_the_store_when_it_is_missed() {
    let (folder, disk, store) = store();
    std::fs::remove_file(folder.path().join("store.redb")).unwrap();
    disk.set_failing(true);
    store.ping().await.unwrap_err();
    // The disk of these tests makes files anew; the real one does not.
    assert!(store.broken().is_none());
    let place = super::super::place::Place::new(
        open(&folder.path().join("store.redb"), &Arc::default()).unwrap(),
        Box::new(|| file::open(Path::new("/nowhere/store.redb"))),
        None,
    );
    assert!(matches!(place.reopen(), Err(Error::Gone { .. })));
    assert!(matches!(place.broken(), Some(Error::Gone { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hangs_is_not_waited_for() {
    let (_folder, _disk, store) = store();
    let go_on = busy(&store).await;
    let answer = store.ping().await;
    assert!(matches!(answer, Err(Error::Silent)), "{answer:?}");
    assert!(store.broken().is_none(), "it may come back");
    drop(go_on);
}

/// A page that is met damaged before anything was written leaves no trace in the file that the database knows of.
#[test]
fn a_store_that_gave_up_is_looked_at_wholly_before_it_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    drop(Embedded::open(&path).unwrap());
    suspect::mark(&path);
    drop(Embedded::open(&path).unwrap());
    assert!(!suspect::is_marked(&path), "it was whole");
    let whole = std::fs::read(&path).unwrap();
    let mut unnoticed = 0;
    for at in (0..whole.len() - 64).step_by(4096).map(|page| page + 40) {
        let mut altered = whole.clone();
        altered[at..at + 8].iter_mut().for_each(|byte| *byte ^= 0xff);
        // Each under a name of its own: a store that gave up is not closed as long as this process lives.
        let [met, next] = ["met", "next"].map(|name| folder.path().join(format!("{at}-{name}.redb")));
        std::fs::write(&met, &altered).unwrap();
        if check(&met).is_ok_and(|checked| checked.wrong.is_empty()) {
            continue;
        }
        let Ok(store) = Embedded::open(&met) else { continue };
        store.0.place.judge(&Error::Damaged(std::sync::Arc::new(std::io::Error::other("a page is met"))));
        assert!(suspect::is_marked(&met));
        unnoticed += 1;
        std::fs::write(&next, &altered).unwrap();
        suspect::mark(&next);
        let opened = Embedded::open(&next);
        assert!(matches!(opened, Err(Error::DamagedFile { .. })), "{at}: {:?}", opened.err());
    }
    assert!(unnoticed > 0, "some damage is not seen by opening alone");
}

#[test]
fn a_file_that_is_taken_away_emptied_or_replaced_is_missed() {
    for how in ["removed", "emptied", "replaced"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = Embedded::open(&path).unwrap();
        store.look_for_its_file();
        assert!(store.broken().is_none(), "{how}: it is there");
        match how {
            "removed" => std::fs::remove_file(&path).unwrap(),
            "emptied" => std::fs::write(&path, "").unwrap(),
            _ => {
                std::fs::write(folder.path().join("other"), "another").unwrap();
                std::fs::rename(folder.path().join("other"), &path).unwrap();
            }
        }
        store.look_for_its_file();
        assert!(matches!(store.broken(), Some(Error::Gone { .. })), "{how}");
    }
}

#[test]
fn what_a_broken_off_copy_has_left_is_in_nobodys_way_and_what_is_there_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("store.redb"), folder.path().join("copy.redb"));
    drop(Embedded::open(&from).unwrap());
    std::fs::write(folder.path().join("copy.redb.part"), "half").unwrap();
    restore(&from, &to).unwrap();
    assert!(!folder.path().join("copy.redb.part").exists());
    let taken = restore(&from, &to).unwrap_err();
    assert_eq!(taken.to_string(), format!("{} exists already; nothing was changed", to.display()));
}
