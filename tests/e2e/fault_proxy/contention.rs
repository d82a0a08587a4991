//! Eight workers, each with a store of its own as a process of its own has: on one incident, and each on its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use watchfire::router::Router;
use watchfire::store::{Committed, Store};
use watchfire_core::ids::IncidentKey;
use watchfire_core::state::{Key, Record, State};
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::store_contract::{entry, record};
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
    assert!(together > 20.0 || together > alone / 2.0, "{alone:.1} alone, {together:.1} together");
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

/// A worker over that table, which takes one event after the other.
async fn router(table: &DynamoDbTable, pagerduty: &PagerDuty, folder: &std::path::Path) -> Router {
    let configuration = Configuration::new(&pagerduty.url());
    in_process::router_over(table.open().await, folder, in_process::noon(), &configuration).await
}

/// Transactions hold their items for most of what an attempt may take, so that it is not the emulator, one Python
/// process, that bounds eight workers: it takes some hundred calls a second, and an event is some twenty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_on_different_subjects_decide_six_times_what_one_does() {
    const EACH: usize = 4;
    let held = Duration::from_millis(1_400);
    let proxy = proxy(Faults::none()).await;
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let table = DynamoDbTable::at(&proxy.endpoint());
    let store = table.open().await;
    let routers = join_all((0..WORKERS).map(|_| router(&table, &pagerduty, folder.path()))).await;
    let routers: Vec<_> = routers.into_iter().map(Arc::new).collect();
    // The records that all share are there by then.
    let first = GuardDuty::of("Execution:Runtime/ReverseShell", 8.0, "first-0");
    routers[0].handle(&first.event("first").to_string()).await.unwrap();
    proxy.switch(Faults::real().holding(held, held));
    let decide = async |worker: usize, stem: &str| {
        for number in 0..EACH {
            let name = format!("{stem}-{worker}{number}");
            let finding = GuardDuty::of("Execution:Runtime/ReverseShell", 8.0, &name);
            routers[worker].handle(&finding.event(&name).to_string()).await.unwrap();
        }
    };
    let begun = Instant::now();
    decide(0, "alone").await;
    let alone = EACH as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    join_all((0..WORKERS).map(|worker| decide(worker, "together"))).await;
    let together = (WORKERS * EACH) as f64 / begun.elapsed().as_secs_f64();
    println!("{alone:.2} a second alone, {together:.2} together: {:.1} times", together / alone);
    assert_eq!(proxy.counts().refusals("TransactionConflict"), 0);
    let known = store.recent(usize::MAX).await.unwrap();
    let decided = known.iter().filter(|entry| entry.decision.source == "aws.guardduty").count();
    assert_eq!(decided, 1 + EACH + WORKERS * EACH);
    assert!(together / alone >= 6.0, "{:.1} times", together / alone);
}
