//! The store and the queue in one file: the contract, and what is particular to a file.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use watchfire::source::spool::{Delivery, Lane, Spool};
use watchfire::store::{Error, Store};
use watchfire_core::ids::EventId;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::state::{Key, Record, State};
use watchfire_tests::repository;
use watchfire_tests::store_contract::entry;

mod contract {
    use watchfire::store::Store;

    watchfire_tests::store_contract!({
        let folder = tempfile::tempdir().unwrap();
        async move || Store::open(&folder.path().join("not/there/yet/store.redb")).unwrap()
    });
}

/// The suite is what a second store will be held to: no method of the contract is left out of it.
#[test]
fn every_method_of_the_contract_is_called_by_the_suite() {
    let contract = std::fs::read_to_string(repository().join("router/src/store/mod.rs")).unwrap();
    let (_, methods) = contract.split_once("\nimpl Store {\n").unwrap();
    let (methods, _) = methods.split_once("\n}\n").unwrap();
    let declared = methods.lines().filter_map(|line| {
        let line = line.trim_start().strip_prefix("pub ")?;
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
        Some(name.split(['(', '<']).next().unwrap_or(name))
    });
    // These two make the store that the suite is given.
    let declared: Vec<_> = declared.filter(|name| !name.starts_with("open")).collect();
    assert!(declared.contains(&"find") && declared.len() > 12, "{declared:?}");
    let suite = std::fs::read_dir(repository().join("tests/src/store_contract")).unwrap();
    let suite = suite.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let suite: String = suite.collect::<Vec<_>>().concat().split_whitespace().collect();
    let uncalled: Vec<_> =
        declared.into_iter().filter(|name| !suite.contains(&format!("store.{name}("))).collect();
    assert_eq!(uncalled, Vec::<&str>::new());
}

fn folder_and_store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    (folder, store)
}

fn open(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("store.redb")).unwrap()
}

/// What a crash leaves: the file as it is on the disk now, without the store knowing.
fn crash(folder: &TempDir) -> TempDir {
    let after = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("store.redb"), after.path().join("store.redb")).unwrap();
    after
}

fn bodies(range: std::ops::Range<u64>) -> Vec<(Lane, String)> {
    range.map(|number| (Lane::Ordinary, format!("message {number}"))).collect()
}

fn seen(deliveries: &[Delivery]) -> Vec<(u64, &str, u32)> {
    deliveries.iter().map(|delivery| (delivery.sequence, delivery.body.as_str(), delivery.receives)).collect()
}

fn refused(path: &Path) -> Error {
    Store::open(path).expect_err("it must not open")
}

#[tokio::test]
async fn a_store_in_use_is_not_opened_twice() {
    let (folder, store) = folder_and_store();
    let path = folder.path().join("store.redb");
    let error = refused(&path);
    assert!(matches!(&error, Error::Locked { path: named } if *named == path), "{error:?}");
    assert_eq!(error.to_string(), format!("the store {} is in use by another process", path.display()));
    drop(store);
    open(&folder);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "remember the milk").unwrap();
    let error = refused(&path);
    assert!(matches!(&error, Error::DamagedFile { path: named, .. } if *named == path), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "remember the milk");
}

#[tokio::test]
async fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _store) = folder_and_store();
    let mode = std::fs::metadata(folder.path().join("store.redb")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_crash() {
    let (folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    spool.append(bodies(0..3)).await.unwrap();
    spool.delete(&[1]).await.unwrap();
    let entry = entry("a", 0, &["page:oncall"]);
    store.commit(&State::default(), &entry).await.unwrap();

    let folder = crash(&folder);
    let store = open(&folder);
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), Some(entry));
    let spool = Spool::new(&store).unwrap();
    let left = spool.receive(Lane::Ordinary, 9).await.unwrap();
    assert_eq!(seen(&left), [(0, "message 0", 1), (2, "message 2", 1)]);
}

#[tokio::test]
async fn messages_come_in_order_and_once() {
    let (_folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    assert_eq!(spool.append(bodies(0..3)).await.unwrap(), [0, 1, 2]);
    assert_eq!(spool.append(bodies(3..4)).await.unwrap(), [3]);
    assert_eq!(
        seen(&spool.receive(Lane::Ordinary, 3).await.unwrap()),
        [(0, "message 0", 1), (1, "message 1", 1), (2, "message 2", 1)]
    );
    assert_eq!(seen(&spool.receive(Lane::Ordinary, 3).await.unwrap()), [(3, "message 3", 1)]);
    assert_eq!(spool.depth(), 4);
}

#[tokio::test]
async fn a_lane_is_received_by_itself_also_after_a_crash() {
    let (folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    let express = |number| (Lane::Express, format!("message {number}"));
    let messages = bodies(0..1).into_iter().chain([express(1)]).chain(bodies(2..3)).chain([express(3)]);
    spool.append(messages.collect()).await.unwrap();
    assert_eq!(seen(&spool.receive(Lane::Express, 1).await.unwrap()), [(1, "message 1", 1)]);
    spool.delete(&[1]).await.unwrap();

    let folder = crash(&folder);
    let store = open(&folder);
    let spool = Spool::new(&store).unwrap();
    assert_eq!(seen(&spool.receive(Lane::Express, 9).await.unwrap()), [(3, "message 3", 1)]);
    assert_eq!(
        seen(&spool.receive(Lane::Ordinary, 9).await.unwrap()),
        [(0, "message 0", 1), (2, "message 2", 1)]
    );
}

#[tokio::test]
async fn a_released_message_comes_again_and_says_so() {
    let (_folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    spool.append(bodies(0..2)).await.unwrap();
    let first = spool.receive(Lane::Ordinary, 9).await.unwrap();
    // The second would be back in an hour, the first at once.
    spool.release(1, Duration::from_secs(3600));
    spool.release(0, Duration::ZERO);
    let again = spool.receive(Lane::Ordinary, 9).await.unwrap();
    assert_eq!(seen(&again), [(0, "message 0", 2)]);
    assert_eq!(again[0].sent_at, first[0].sent_at);
}

#[tokio::test]
async fn a_receiver_that_waits_is_woken_by_an_arrival_and_by_a_release() {
    let (_folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    let receive = |spool: Spool| tokio::spawn(async move { spool.receive(Lane::Ordinary, 9).await.unwrap() });
    let waiting = receive(spool.clone());
    tokio::task::yield_now().await;
    spool.append(bodies(0..1)).await.unwrap();
    assert_eq!(seen(&waiting.await.unwrap()), [(0, "message 0", 1)]);

    let waiting = receive(spool.clone());
    tokio::task::yield_now().await;
    spool.release(0, Duration::from_millis(1));
    assert_eq!(seen(&waiting.await.unwrap()), [(0, "message 0", 2)]);
}

#[tokio::test]
async fn a_receiver_that_gives_up_takes_nothing() {
    let (_folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    assert!(tokio::time::timeout(Duration::ZERO, spool.receive(Lane::Ordinary, 9)).await.is_err());
    spool.append(bodies(0..1)).await.unwrap();
    assert_eq!(seen(&spool.receive(Lane::Ordinary, 9).await.unwrap()), [(0, "message 0", 1)]);
}

#[tokio::test]
async fn a_deleted_message_does_not_come_again_even_after_a_restart() {
    let (folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    spool.append(bodies(0..4)).await.unwrap();
    spool.receive(Lane::Ordinary, 2).await.unwrap();
    spool.delete(&[1, 3, 3, 77]).await.unwrap();
    assert_eq!(spool.depth(), 2);
    spool.release(1, Duration::ZERO);
    assert_eq!(seen(&spool.receive(Lane::Ordinary, 9).await.unwrap()), [(2, "message 2", 1)]);
    drop((store, spool));

    let spool = Spool::new(&open(&folder)).unwrap();
    assert_eq!(spool.depth(), 2);
    assert_eq!(
        seen(&spool.receive(Lane::Ordinary, 9).await.unwrap()),
        [(0, "message 0", 1), (2, "message 2", 1)]
    );
}

#[tokio::test]
async fn a_number_is_not_given_twice_even_after_a_restart() {
    let (folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    assert_eq!(spool.append(bodies(0..2)).await.unwrap(), [0, 1]);
    spool.delete(&[0, 1]).await.unwrap();
    drop((store, spool));
    let spool = Spool::new(&open(&folder)).unwrap();
    assert_eq!(spool.append(bodies(0..1)).await.unwrap(), [2]);
}

#[tokio::test]
async fn a_message_whose_sender_went_away_is_received() {
    let (_folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    let mut append = Box::pin(spool.append(bodies(0..1)));
    // The first poll hands it to the writer; then the sender hangs up.
    assert!(
        std::future::poll_fn(|context| std::task::Poll::Ready(append.as_mut().poll(context)))
            .await
            .is_pending()
    );
    drop(append);
    assert_eq!(seen(&spool.receive(Lane::Ordinary, 9).await.unwrap()), [(0, "message 0", 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_receivers_get_every_message_once() {
    const MESSAGES: u64 = 400;
    let (_folder, store) = folder_and_store();
    let spool = Spool::new(&store).unwrap();
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let receivers: Vec<_> = (0..8)
        .map(|_| {
            let (spool, sender) = (spool.clone(), sender.clone());
            tokio::spawn(async move {
                loop {
                    let sequences: Vec<u64> = spool
                        .receive(Lane::Ordinary, 7)
                        .await
                        .unwrap()
                        .into_iter()
                        .map(|delivery| delivery.sequence)
                        .collect();
                    spool.delete(&sequences).await.unwrap();
                    sequences.into_iter().for_each(|sequence| sender.send(sequence).unwrap());
                }
            })
        })
        .collect();
    for first in (0..MESSAGES).step_by(20) {
        spool.append(bodies(first..first + 20)).await.unwrap();
    }
    let mut all = Vec::new();
    while all.len() < MESSAGES as usize {
        all.push(received.recv().await.unwrap());
    }
    receivers.iter().for_each(tokio::task::JoinHandle::abort);
    all.sort_unstable();
    assert_eq!(all, (0..MESSAGES).collect::<Vec<_>>());
    assert_eq!(spool.depth(), 0);
    assert!(received.try_recv().is_err());
}

/// Written by `watchfire run` of commit 7eb05d7, the first that was released: seven events, a silence, an
/// acknowledgement.
#[tokio::test]
async fn a_store_of_the_first_release_opens_and_all_in_it_is_known() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.redb");
    std::fs::copy(repository().join("tests/data/store-7eb05d7.redb"), &path).unwrap();
    let store = Store::open(&path).unwrap();
    let gather = |found: &mut Vec<String>, key: &str, record| {
        let Record::Incident(IncidentRecord { priority, open, acknowledged, family, .. }) = record else {
            panic!("{key} is no incident's: {record:?}")
        };
        let by = acknowledged.map_or_else(|| "nobody".to_owned(), |said| said.by);
        found.push(format!("{} {priority} {family} open={open} acknowledged by {by}", &key[..8]));
    };
    let incidents = store.fold_records("incident/", Vec::new(), gather).await.unwrap();
    assert_eq!(
        incidents,
        [
            "wf1-1acc P2 failed-control open=true acknowledged by nobody",
            "wf1-1e11 P3 platform-alarm open=true acknowledged by nobody",
            "wf1-52fb P1 container-escape open=true acknowledged by nobody",
            "wf1-7c49 P3 brute-force open=true acknowledged by nobody",
            "wf1-aafb P0 crypto-mining open=true acknowledged by nobody",
            "wf1-c6e4 P1 tor-client open=true acknowledged by nobody",
            "wf1-d41c P2 exec-in-a-pod open=true acknowledged by unknown",
        ]
    );
    let mut state = State::default();
    store.load(&[Key::Silences, Key::Digest], &mut state).await.unwrap();
    let silences: Vec<_> =
        state.silences().unwrap().silences.iter().map(|silence| &silence.comment).collect();
    assert_eq!(silences, ["a drill with the root account"]);
    let digest = state.digest().unwrap();
    let lines: Vec<_> = digest.lines.values().map(|line| line.title.as_str()).collect();
    assert_eq!(lines, ["p3-nightly-report-slow", "203.0.113.44 is performing SSH brute force attacks."]);
    let kinds: Vec<_> =
        store.recent(20).await.unwrap().into_iter().map(|entry| entry.decision.kind).collect();
    assert_eq!(
        kinds,
        [
            "Command:acknowledge",
            "Execution:Kubernetes/ExecInKubeSystemPod",
            "PrivilegeEscalation:Runtime/DockerSocketAccessed",
            "Control:EKS.1",
            "Command:silence",
            "CloudWatch:Alarm",
            "UnauthorizedAccess:EC2/SSHBruteForce",
            "UnauthorizedAccess:Runtime/TorClient",
            "CryptoCurrency:Runtime/BitcoinTool.B",
        ]
    );
    // What its sender calls it finds it still.
    assert_eq!(store.named("0403fe37-ed5a-4299-a85f-b1ddb7d900c2", 5).await.unwrap().len(), 1);
}
