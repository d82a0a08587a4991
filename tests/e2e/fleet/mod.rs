//! Three workers and a Lambda on one queue and one table, killed at random: every event one decision, every P0 paged, every pod
//! contained once, nothing left behind, no timer twice.
//!
//! 400 events; `WATCHFIRE_FLEET_EVENTS=20000` sends as many, `WATCHFIRE_FLEET_RATE=…` so many a second (25).

mod emulator;
mod happens;
mod judged;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use watchfire_tests::cluster::{Cluster, Eks};
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::{Configuration, Depth, DynamoDbTable, Fault, Ministack, PagerDuty, Queue, Watchfire};

use crate::containment::stage::enforcing;
use emulator::Emulator;
use happens::{Happens, number};

const WORKERS: usize = 3;
/// How long the last of it may take: what was in the hands of one who died, and what its queue holds back.
const LAST: Duration = Duration::from_secs(600);

/// Everything that the fleet has to do with.
struct World {
    cluster: Cluster,
    _eks: Eks,
    namespace: String,
    pagerduty: PagerDuty,
    proxy: FaultProxy,
    table: DynamoDbTable,
    queue: Queue,
    folder: tempfile::TempDir,
}

impl World {
    async fn new(seed: u64) -> Self {
        let cluster = Cluster::fresh().await;
        let eks = cluster.install_eks().await;
        let namespace = cluster.namespace("fleet").await;
        let faults = Faults::rough(seed).lagging(Duration::from_millis(300)).reading_its_copy();
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), faults).await;
        let table = DynamoDbTable::at(&proxy.endpoint());
        table.make().await;
        let queue = Ministack::shared().queue("fleet", 10, 50).await;
        let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
        Self { cluster, _eks: eks, namespace, pagerduty, proxy, table, queue, folder }
    }

    /// One page for all tools of a family and namespace, four seconds after the first; whatever is to be contained, is.
    fn configuration(&self) -> Configuration {
        let kubeconfig = self.cluster.proxy().kubeconfig(self.folder.path());
        let groups = json!([{"name": "tools", "match": {"priority": ["P2"]},
            "group_by": ["family", "subject.namespace"], "group_wait_seconds": 4}]);
        let budget = json!({"containments": 100_000, "per_namespace": 100_000, "per_workload": 100_000, "minutes": 60});
        enforcing(&self.pagerduty, &kubeconfig, &self.folder.path().join("evidence"))
            .set("mitigation.budget", budget)
            .set("mitigation.workload_percent", json!(100))
            .set("store.dynamodb", json!({"table": self.table.name}))
            .set("noise.groups", groups)
            .queue(&self.queue.url)
            // More than the proxy, the emulator and four of them in a debug build can do on two cores only waits.
            .set("queue.in_flight", json!(8))
    }

    /// Errors of PagerDuty, until the future that this is beside is ready.
    async fn pagerduty_fails_now_and_then(&self) {
        let faults = [
            Fault::Status(500, None),
            Fault::Dropped,
            Fault::Status(429, Some(1)),
            Fault::Slow(Duration::from_millis(500)),
        ];
        for fault in faults.iter().cycle() {
            self.pagerduty.script([fault.clone()]);
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    }

    /// Without what is delayed: nobody but a Lambda delays anything, to be told of a timer.
    async fn depth(&self) -> Depth {
        Depth { delayed: 0, ..self.queue.depth().await }
    }

    /// What is not done yet, however long it is put off, and the timers that are due within ten seconds.
    async fn left(&self) -> String {
        let store = self.table.open().await;
        let (now, last) = (Timestamp::now(), jiff::SignedDuration::try_from(LAST).unwrap());
        let soon = now + jiff::SignedDuration::from_secs(10);
        let (due, wakes) = (store.due(now + last, 5).await.unwrap(), store.wakes(soon, 5).await.unwrap());
        let depth = self.depth().await;
        if depth == Depth::default() && due.is_empty() && wakes.is_empty() {
            return String::new();
        }
        format!("{depth:?}, due {due:?}, {wakes:?}")
    }

    async fn is_done(&self) {
        let begun = Instant::now();
        loop {
            let left = self.left().await;
            if left.is_empty() {
                return;
            }
            assert!(begun.elapsed() < LAST, "not done within {LAST:?}: {left}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Kills one after the other, every two to four seconds, and has it start again.
async fn kill(workers: &mut [Watchfire], emulator: &Emulator, happens: &mut Happens) {
    loop {
        tokio::time::sleep(Duration::from_millis(2_000 + happens.below(2_000))).await;
        match happens.below(WORKERS as u64 + 1) as usize {
            WORKERS => emulator.kill(),
            worker => {
                workers[worker].kill9();
                workers[worker].restart().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_that_is_killed_at_random_decides_once_pages_every_p0_and_contains_once() {
    let events = number("WATCHFIRE_FLEET_EVENTS").unwrap_or(400) as usize;
    let mut happens = Happens::seeded();
    let world = World::new(happens.seed).await;
    let (urgent, messages) = happens.events(&world.cluster, &world.namespace, events).await;
    let configuration = world.configuration();
    let aws = Ministack::behind(&world.proxy);
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(Watchfire::start(&configuration, Some(&aws)).await);
    }
    let emulator = Emulator::start(&world.queue, &configuration, &aws).await;
    let begun = Instant::now();
    let rate = number("WATCHFIRE_FLEET_RATE").unwrap_or(25);
    tokio::select! {
        () = send(&world.queue, &messages, rate) => {}
        () = kill(&mut workers, &emulator, &mut happens) => unreachable!("it goes on"),
        () = world.pagerduty_fails_now_and_then() => unreachable!("it goes on"),
    }
    let sent = begun.elapsed();
    // Who was killed last may not be back.
    for worker in &mut workers {
        if !worker.is_running() {
            worker.restart().await;
        }
    }
    world.is_done().await;
    println!("{events} events sent in {sent:.0?}, done {:.0?} later", begun.elapsed() - sent);
    drop(emulator);
    for worker in &mut workers {
        assert!(worker.terminate().await.status.success());
    }
    let judged = judged::Judged::look_at(&world, &workers).await;
    judged.every_event_has_one_decision(&messages);
    judged.every_p0_is_paged_and_contained_once(&urgent);
    judged.nothing_is_left().await;
    judged.no_timer_is_twice_or_late();
    judged.print();
}

async fn send(queue: &Queue, messages: &[(String, String)], rate: u64) {
    let mut next = tokio::time::interval(Duration::from_secs_f64(10.0 / rate as f64));
    for ten in messages.chunks(10) {
        next.tick().await;
        queue.send_all(&ten.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>()).await;
    }
}
