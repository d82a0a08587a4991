//! Giving back what is free: nothing that is there is lost, and who wants something meanwhile waits for it.

use watchfire_core::ids::EventId;

use super::super::compact::Now;
use super::*;

const ROWS: i64 = 100;

/// A file of over 100 MB in which a row is left.
async fn mostly_free(folder: &TempDir) -> (Embedded, std::path::PathBuf) {
    let path = folder.path().join("store.redb");
    let store = Embedded::open(&path).unwrap();
    for first in (0..ROWS).step_by(10) {
        let fill = move |tables: &mut Tables<'_>| {
            let row = vec![7; 1 << 20];
            for number in first..first + 10 {
                tables.entries.insert((number, "filling"), row.as_slice())?;
            }
            tables.meta.insert("kept", 7)?;
            Ok(())
        };
        store.write(fill).await.unwrap();
    }
    let free = |tables: &mut Tables<'_>| {
        for number in 0..ROWS {
            tables.entries.remove((number, "filling"))?;
        }
        Ok(())
    };
    store.write(free).await.unwrap();
    store.ping().await.unwrap();
    (store, path)
}

#[tokio::test]
async fn what_is_free_is_given_back_and_what_is_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (store, path) = mostly_free(&folder).await;
    let length = || std::fs::metadata(&path).unwrap().len();
    let before = length();
    assert_eq!(store.compact(Now::AtStart).await.unwrap(), 0, "a start does not read all of it to find out");
    assert_eq!(store.compact(Now::AtWork).await.unwrap(), 0, "it is not idle");
    assert_eq!(length(), before);
    store.write_aside("much_is_free", 1).await.unwrap();
    let given_back = store.compact(Now::AtStart).await.unwrap();
    // That it is done is written down afterwards.
    assert!(length().abs_diff(before - given_back) < 64 << 10, "{} of {before}", length());
    assert!(length() < before / 4, "{} of {before}", length());
    assert_eq!(store.read(|tables| Ok(tables.meta()?.get("kept")?.map(|row| row.value()))).unwrap(), Some(7));
    store.ping().await.unwrap();
    assert_eq!(store.compact(Now::AtStart).await.unwrap(), 0, "nothing is left to give back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_something_while_it_is_made_smaller_waits_for_it() {
    let (_folder, _disk, store) = store();
    let (go_on, wait) = mpsc::channel::<()>();
    let (began, has_begun) = tokio::sync::oneshot::channel();
    let alone = std::thread::spawn({
        let store = store.clone();
        move || {
            store.0.place.alone(|_| {
                began.send(()).unwrap();
                wait.recv().unwrap_err();
                Ok(())
            })
        }
    });
    has_begun.await.unwrap();
    let event = EventId::new("a");
    let mut find = Box::pin(store.find_first(std::slice::from_ref(&event)));
    let mut ping = Box::pin(store.ping());
    let asked = std::future::poll_fn(|context| {
        let (find, ping) = (find.as_mut().poll(context), ping.as_mut().poll(context));
        std::task::Poll::Ready(find.is_pending() && ping.is_pending())
    });
    assert!(asked.await);
    drop(go_on);
    assert_eq!(find.await.unwrap(), None);
    ping.await.unwrap();
    alone.join().unwrap().unwrap();
}
