//! One worker and eight of them over one table behind the fault proxy, each on subjects of its own.
//!
//! A worker is here a router with a store of its own, as a process has, that decides one event after the other until nothing of
//! it is pending. A process has 64 events at work at a time: how many it decides a second is bounded by its processor, and on
//! two cores that would be what is measured.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use watchfire::router::Router;
use watchfire_tests::fault_proxy::{Counts, FaultProxy, Faults};
use watchfire_tests::{Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, in_process};

const WORKERS: usize = 8;

/// So many events each: first by one worker, then by eight at the same time.
pub(crate) async fn measure(events: usize) -> anyhow::Result<()> {
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::real().reading_its_copy()).await;
    let table = DynamoDbTable::at(&proxy.endpoint());
    let (pagerduty, folder) = (PagerDuty::start_light().await, tempfile::tempdir()?);
    let configuration = Configuration::new(&pagerduty.url());
    let mut routers = Vec::new();
    for _ in 0..WORKERS {
        let (store, clock) = (table.open().await, in_process::noon());
        routers.push(in_process::router_over(store, folder.path(), clock, &configuration).await);
    }
    // The connections are there by then.
    rate(&routers, "first", 1).await;
    println!(
        "{:<10} {:>8} {:>10} {:>10} {:>9} {:>6}",
        "workers", "events", "a second", "each", "conflicts", "stale"
    );
    let alone = run(&proxy, &routers[..1], "alone", events).await;
    let together = run(&proxy, &routers, "together", events).await;
    println!("{:.1} times", together / alone);
    Ok(())
}

/// Events a second, printed with whom they met.
async fn run(proxy: &FaultProxy, routers: &[Router], stem: &str, events: usize) -> f64 {
    let before = proxy.counts();
    let rate = rate(routers, stem, events).await;
    let refused = |code| refused(&before, &proxy.counts(), code);
    let [conflicts, stale] = [refused("TransactionConflict"), refused("ConditionalCheckFailed")];
    let (workers, all) = (routers.len(), events * routers.len());
    let each = Duration::from_secs_f64(workers as f64 / rate);
    println!("{workers:<10} {all:>8} {rate:>10.1} {each:>10.1?} {conflicts:>9} {stale:>6}");
    rate
}

/// Events a second.
async fn rate(routers: &[Router], stem: &str, events: usize) -> f64 {
    let begun = Instant::now();
    let decided = routers.iter().enumerate().map(async |(worker, router)| {
        decide(router, &format!("{stem}-{worker}"), events).await;
    });
    join_all(decided).await;
    (events * routers.len()) as f64 / begun.elapsed().as_secs_f64()
}

fn refused(before: &Counts, after: &Counts, code: &str) -> u64 {
    after.refusals(code) - before.refusals(code)
}

/// P0s, each about a pod of its own, one after the other.
async fn decide(router: &Router, stem: &str, events: usize) {
    for number in 0..events {
        let name = format!("{stem}-{number}");
        let finding = GuardDuty::of("Execution:Runtime/ReverseShell", 8.0, &name);
        router.handle(&finding.event(&name).to_string()).await.expect("everything is on this machine");
    }
}
