//! Eight workers, each with a store of its own as a process of its own has: on one incident, and each on its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::future::join_all;
use watchfire::router::Router;
use watchfire::store::{Committed, Store};
use watchfire_core::ids::IncidentKey;
use watchfire_core::state::{Key, Record, State};
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::store_contract::{entry, many_who_lease_at_once_get_the_room_and_no_more, record};
use watchfire_tests::{Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, in_process};

const WORKERS: usize = 8;

async fn proxy(faults: Faults) -> FaultProxy {
    FaultProxy::start(Ministack::shared().endpoint(), faults).await
}

fn hot() -> Key {
    Key::Incident(IncidentKey::new("hot"))
}

async fn read(store: &Store) -> State {
    let mut state = State::default();
    store.load(&[hot()], &mut state).await.unwrap();
    state
}

fn events(state: &State) -> u64 {
    state.incident(&IncidentKey::new("hot")).map_or(0, |incident| incident.events)
}

/// Decides one event after the other until so many are taken; every decision counts one more event.
async fn work(store: &Store, left: &AtomicUsize) {
    while let Ok(number) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
    {
        loop {
            let state = read(store).await;
            let mut entry = entry(&format!("event-{number}"), number as i64, &[]);
            let next: Record = record(events(&state) + 1);
            entry.decision.changes = [(hot(), next)].into();
            match store.commit(&state, &entry).await.unwrap() {
                Committed::Yes => break,
                Committed::Stale => {}
                Committed::AlreadyDecided => panic!("nobody else decides event-{number}"),
            }
        }
    }
}

/// `WATCHFIRE_COMMITS=2000` makes as many; a transaction holds the incident for 20 ms on average, so that no more
/// than 50 a second can be had. A machine that is busy elsewhere gives less, to one worker too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_on_one_incident_make_progress_and_lose_nothing() {
    let commits =
        std::env::var("WATCHFIRE_COMMITS").ok().and_then(|commits| commits.parse().ok()).unwrap_or(200);
    let proxy = proxy(Faults::real()).await;
    let alone = DynamoDbTable::at(&proxy.endpoint());
    let alone = rate(&[alone.open().await], 30).await;
    let table = DynamoDbTable::at(&proxy.endpoint());
    table.open().await;
    let stores = join_all((0..WORKERS).map(|_| table.open())).await;
    let together = rate(&stores, commits).await;
    let conflicts = proxy.counts().refusals("TransactionConflict");
    println!("{alone:.1} commits a second alone, {together:.1} together, {conflicts} conflicts");
    assert_eq!(events(&read(&stores[0]).await), commits as u64);
    assert_eq!(stores[1].recent(usize::MAX).await.unwrap().len(), commits);
    // On a machine that is busy, too: what would be wrong is no progress.
    assert!(together > 20.0 || together > alone / 4.0, "{alone:.1} alone, {together:.1} together");
}

/// Commits a second.
async fn rate(stores: &[Store], commits: usize) -> f64 {
    let left = AtomicUsize::new(commits);
    let begun = Instant::now();
    join_all(stores.iter().map(|store| work(store, &left))).await;
    commits as f64 / begun.elapsed().as_secs_f64()
}

/// Who has lost to another is told so, however many have met: `Stale` would be decided once more for nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_who_decide_one_event_hear_that_it_is_decided() {
    let proxy = proxy(Faults::real()).await;
    let store = DynamoDbTable::at(&proxy.endpoint()).open().await;
    let entry = entry("one", 0, &[]);
    let nothing = State::default();
    let commits = (0..32).map(|_| store.commit(&nothing, &entry));
    let answers = join_all(commits).await.into_iter().map(Result::unwrap);
    let (made, others): (Vec<_>, Vec<_>) = answers.partition(|answer| *answer == Committed::Yes);
    assert_eq!((made.len(), others), (1, vec![Committed::AlreadyDecided; 31]));
}

/// A commit was made, its answer is lost, and when it is tried again others are at the incident: it must not be called
/// stale, which promises that nothing was changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_among_conflicts_is_not_called_stale() {
    let proxy = proxy(Faults::real().losing(20)).await;
    let table = DynamoDbTable::at(&proxy.endpoint());
    let stores = join_all((0..WORKERS).map(|_| table.open())).await;
    let left = AtomicUsize::new(80);
    // It panics on a decision that it has made itself and was told is stale.
    join_all(stores.iter().map(|store| work(store, &left))).await;
}

/// Of five answers one is lost, while others lease: what was given must not be taken for somebody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_leased_by_a_write_whose_answer_is_lost_is_not_lost() {
    for seed in 0..12 {
        let proxy = proxy(Faults { seed, ..Faults::none() }.losing(20)).await;
        let table = DynamoDbTable::at(&proxy.endpoint());
        many_who_lease_at_once_get_the_room_and_no_more(async || table.open().await).await;
    }
}

/// A worker over that table, which takes one event after the other.
async fn router(table: &DynamoDbTable, pagerduty: &PagerDuty, folder: &std::path::Path) -> Router {
    let configuration = Configuration::new(&pagerduty.url());
    in_process::router_over(table.open().await, folder, in_process::noon(), &configuration).await
}

/// Of each kind some: P0, P2 that asks three limits and the storm counter, P3 for nobody.
fn findings(worker: usize) -> [GuardDuty; 6] {
    let named = |number: usize| format!("own-{worker}-{number}");
    let shell = |number| GuardDuty::of("Execution:Runtime/ReverseShell", 8.0, &named(number));
    let tool = |number| GuardDuty::of("Execution:Runtime/SuspiciousTool", 5.0, &named(number));
    [shell(0), tool(1), GuardDuty::low(&named(2)), shell(0).again(), tool(3), shell(4)]
}

/// How many times faster eight of them are than one, `tests/bench-workers` measures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_decide_about_different_subjects_never_make_each_other_stale() {
    let proxy = proxy(Faults::real().reading_its_copy()).await;
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let table = DynamoDbTable::at(&proxy.endpoint());
    let routers = join_all((0..WORKERS).map(|_| router(&table, &pagerduty, folder.path()))).await;
    join_all(routers.iter().enumerate().map(async |(worker, router)| {
        for (number, finding) in findings(worker).iter().enumerate() {
            let event = finding.event(&format!("{worker}-{number}"));
            router.handle(&event.to_string()).await.unwrap();
        }
    }))
    .await;
    let counts = proxy.counts();
    let refused = ["TransactionConflict", "ConditionalCheckFailed"].map(|code| counts.refusals(code));
    assert_eq!(refused, [0, 0], "{counts:?}");
    let known = table.open().await.recent(usize::MAX).await.unwrap();
    let decided = known.iter().filter(|entry| entry.decision.source == "aws.guardduty").count();
    assert_eq!((decided, counts.requests("TransactWriteItems")), (48, known.len() as u64));
}
