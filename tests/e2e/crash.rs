//! Killed at random moments, again and again: every event decided once, no page lost, nothing left over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::json;
use watchfire::store::Store;
use watchfire_core::journal::Entry;
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::{
    Configuration, Depth, DynamoDbTable, Fault, GuardDuty, Ministack, PagerDuty, Watchfire, until,
};

use crate::support::{LATER, accepted, key, keys, queue, triggers};

const ROUNDS: usize = 10;
const FINDINGS: usize = 60;
const EVENTS: usize = 200;
const ARCHIVED: usize = 15;

/// SplitMix64: the same sequence for the same seed.
struct Random(u64);

impl Random {
    /// `WATCHFIRE_TEST_SEED`, or the time; a failed test prints it.
    fn seeded() -> Self {
        let given = std::env::var("WATCHFIRE_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seed = given.unwrap_or(clock.as_nanos() as u64);
        println!("again with WATCHFIRE_TEST_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

fn pod(index: usize) -> String {
    format!("crash-{index:03}")
}

/// Each finding once, then repeats of some, shuffled.
fn events(random: &mut Random) -> Vec<(String, String)> {
    let mut latest: Vec<_> = (0..FINDINGS).map(|index| GuardDuty::miner(&pod(index))).collect();
    let mut events = latest.clone();
    while events.len() < EVENTS {
        let finding = &mut latest[random.below(FINDINGS)];
        *finding = finding.again();
        events.push(finding.clone());
    }
    for last in (1..events.len()).rev() {
        events.swap(last, random.below(last + 1));
    }
    let numbered = events.into_iter().enumerate();
    numbered
        .map(|(index, finding)| {
            (format!("event-{index}"), finding.event(&format!("event-{index}")).to_string())
        })
        .collect()
}

/// Where the store is.
enum Kept {
    File,
    Table(DynamoDbTable),
}

impl Kept {
    /// How long the last messages may take: what a table's worker had in hand that died is free ten seconds later.
    fn within(&self) -> Duration {
        match self {
            Kept::File => LATER,
            Kept::Table(_) => 10 * LATER,
        }
    }

    async fn store(&self, watchfire: &Watchfire) -> Store {
        match self {
            Kept::File => Store::open(&watchfire.path("data/watchfire.redb")).unwrap(),
            Kept::Table(table) => table.open().await,
        }
    }
}

#[tokio::test]
async fn killed_at_random_moments_it_loses_nothing_and_decides_nothing_twice() {
    let random = Random::seeded();
    let aws = Ministack::shared();
    killed_at_random_moments(random, &aws, Kept::File).await;
}

/// Of twenty answers of the table one is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_over_a_table_it_loses_nothing_and_decides_nothing_twice() {
    let random = Random::seeded();
    let faults = Faults::rough(random.0).reading_its_copy();
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), faults).await;
    let table = DynamoDbTable::at(&proxy.endpoint());
    table.make().await;
    killed_at_random_moments(random, &Ministack::behind(&proxy), Kept::Table(table)).await;
}

async fn killed_at_random_moments(mut random: Random, aws: &Ministack, kept: Kept) {
    let (_, queue) = queue("crash").await;
    let pagerduty = PagerDuty::start().await;
    // Slow enough that a kill finds pages on their way.
    pagerduty.always(Some(Fault::Slow(Duration::from_millis(30))));
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let configuration = match &kept {
        Kept::File => configuration,
        // More, the proxy and the emulator can do on two cores only waits.
        Kept::Table(table) => {
            configuration.set("store.dynamodb", json!({"table": table.name})).set("queue.in_flight", json!(8))
        }
    };
    let mut watchfire = Watchfire::start(&configuration, Some(aws)).await;

    let mut events = events(&mut random);
    for batch in events.chunks(EVENTS / ROUNDS) {
        queue.send_all(&batch.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>()).await;
        tokio::time::sleep(Duration::from_millis(random.below(400) as u64)).await;
        watchfire.kill9();
        watchfire.restart().await;
    }
    queue.drained(kept.within()).await;
    let opened = triggers(&pagerduty);

    let archived = (0..ARCHIVED).map(|index| {
        let finding = GuardDuty::miner(&pod(index)).updated("22:00").put_aside();
        let id = format!("archived-{index}");
        (id.clone(), finding.event(&id).to_string())
    });
    let archived: Vec<_> = archived.collect();
    for batch in archived.chunks(5) {
        queue.send_all(&batch.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>()).await;
        tokio::time::sleep(Duration::from_millis(random.below(200) as u64)).await;
        watchfire.kill9();
        watchfire.restart().await;
    }
    queue.drained(kept.within()).await;
    assert!(watchfire.terminate().await.status.success());
    events.extend(archived);

    every_event_is_in_the_journal_with_nothing_pending(&kept.store(&watchfire).await, &events).await;
    no_event_was_decided_twice(&watchfire);
    assert_eq!(queue.dead().await, Depth::default());
    let all: BTreeSet<_> = opened.iter().map(key).collect();
    assert_eq!(all.len(), FINDINGS, "one dedup key per incident");
    for index in 0..FINDINGS {
        assert_eq!(keys(&pagerduty, &pod(index)).len(), 1, "{}", pod(index));
    }
    let expected: BTreeSet<_> = (0..ARCHIVED).flat_map(|index| keys(&pagerduty, &pod(index))).collect();
    let resolved: BTreeSet<_> = accepted(&pagerduty, "resolve").iter().map(key).collect();
    assert_eq!(resolved, expected, "what was archived is resolved, and nothing else");
}

async fn every_event_is_in_the_journal_with_nothing_pending(store: &Store, events: &[(String, String)]) {
    for (id, body) in events {
        let known = store.named(id, 2).await.unwrap();
        assert_eq!(known.len(), 1, "{id} is in the journal once");
        let entry = store.find(&known[0]).await.unwrap().unwrap();
        assert_eq!((&entry.raw, entry.pending().count()), (body, 0), "{id}");
    }
}

/// Whether nothing in the journal of a worker is left to do, by its own account.
fn nothing_is_pending(watchfire: &Watchfire) -> bool {
    let exported = watchfire.command(&["store", "export"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    let mut entries = exported.stdout.lines().map(|line| serde_json::from_str::<Entry>(line).unwrap());
    entries.all(|entry| entry.pending_ids().next().is_none())
}

/// The line is written after the commit: a kill between the two loses it, nothing repeats it.
fn no_event_was_decided_twice(watchfire: &Watchfire) {
    let mut times = BTreeMap::new();
    for line in watchfire.logs().decided() {
        *times.entry(line["event"].to_string()).or_insert(0) += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(times.len() > EVENTS / 2, "most lines are there: {}", times.len());
}

#[tokio::test]
async fn a_page_in_flight_at_the_kill_is_sent_again_with_the_same_key() {
    let (aws, queue) = queue("in-flight").await;
    let pagerduty = PagerDuty::start().await;
    pagerduty.script(vec![Fault::Slow(Duration::from_secs(8))]);
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let mut watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    queue.send(&GuardDuty::miner("in-flight-1").event("event-1").to_string()).await;
    until("the request", LATER, async || (pagerduty.calls() == 1).then_some(())).await;
    watchfire.kill9();
    watchfire.restart().await;
    queue.drained(LATER).await;
    assert!(pagerduty.calls() > 1, "it was sent again");
    assert_eq!(keys(&pagerduty, "in-flight-1").len(), 1);
}

/// Each of the first so many findings is P0, and its channel is dead until the kills are over.
#[tokio::test]
async fn killed_at_random_moments_with_a_dead_channel_every_p0_is_told_by_the_fallback_and_owed_to_its_channel()
 {
    const URGENT: usize = 40;
    const KILLS: usize = 6;
    let mut random = Random::seeded();
    let (aws, queue) = queue("crash-dead").await;
    let (oncall, backup) = (PagerDuty::start().await, PagerDuty::start().await);
    let ways = [Fault::Status(500, None), Fault::Slow(Duration::from_secs(600)), Fault::Dropped];
    let channel = json!({"routing_key": {"env": "PD_KEY"}, "url": backup.url(), "payload": "standard"});
    let configuration = Configuration::new(&oncall.url())
        .queue(&queue.url)
        .set("channels.backup", json!({"pagerduty": channel}))
        .set("routes.P0", json!({"to": ["oncall"], "fallback": "backup"}))
        .set("fallback_after_seconds", json!(2))
        .set("http.operator_token", json!({"env": "INGEST_TOKEN"}));
    let mut watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let events: Vec<_> = (0..URGENT)
        .map(|n| (format!("event-{n}"), GuardDuty::miner(&pod(n)).event(&format!("event-{n}")).to_string()))
        .collect();
    for batch in events.chunks(URGENT.div_ceil(KILLS)) {
        // A request that hangs is one that PagerDuty takes: here it never hears of it.
        oncall.always(Some(ways[random.below(ways.len())].clone()));
        queue.send_all(&batch.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>()).await;
        tokio::time::sleep(Duration::from_millis(random.below(2_500) as u64)).await;
        watchfire.kill9();
        watchfire.restart().await;
    }
    let told = async || (0..URGENT).all(|n| !keys(&backup, &pod(n)).is_empty()).then_some(());
    until("every P0 at one of the two", LATER, told).await;
    oncall.always(None);
    let owed = async || (0..URGENT).all(|n| !keys(&oncall, &pod(n)).is_empty()).then_some(());
    until("every P0 at its own channel", 2 * LATER, owed).await;
    queue.drained(LATER).await;
    // That it took a page is on disk a moment later; one whose answer got lost is offered again.
    let done = async || nothing_is_pending(&watchfire).then_some(());
    until("nothing to be pending", LATER, done).await;
    assert!(watchfire.terminate().await.status.success());
    let store = Kept::File.store(&watchfire).await;
    every_event_is_in_the_journal_with_nothing_pending(&store, &events).await;
    for n in 0..URGENT {
        let both: BTreeSet<_> = keys(&oncall, &pod(n)).union(&keys(&backup, &pod(n))).cloned().collect();
        assert_eq!(both.len(), 1, "one dedup key on both channels: {}", pod(n));
    }
}
