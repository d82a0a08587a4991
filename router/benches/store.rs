//! How fast the store is: `cargo bench -p watchfire --bench store [-- FOLDER]`.
//!
//! Every figure includes the trip to the disk. The folder decides which disk; without one it is the
//! system's place for temporary files.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use watchfire::source::spool::{Lane, Spool};
use watchfire::store::{Committed, Store};
use watchfire_core::builders::{self, decision, finding_record, notice, page};
use watchfire_core::decision::{Decision, Effect};
use watchfire_core::ids::{DedupKey, EffectId, EventId, FindingKey, IncidentKey};
use watchfire_core::incident::IncidentRecord;
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::notice::{Fact, Group, Notice};
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record, State};

fn main() {
    let place = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = match place {
        Some(place) => tempfile::tempdir_in(place).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let path = folder.path().join("store.redb");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&path).unwrap();
        one_at_a_time(&store, 2_000).await;
        for tasks in [8, 64, 256] {
            in_flight(&store, tasks, 20_000).await;
        }
        queue(&store, 20_000).await;
        look_ups(&store, 10_000).await;
        drop(store);
    });
    opening(&path);
}

async fn one_at_a_time(store: &Store, pairs: u64) {
    let mut commits = Vec::new();
    for pair in 0..pairs {
        let event = EventId::new(format!("one-{pair}"));
        let (read, entry) = decided(store, &event).await;
        let start = Instant::now();
        assert_eq!(store.commit(&read, &entry).await.unwrap(), Committed::Yes);
        commits.push(start.elapsed());
        store.settle(&event, &outcome()).await.unwrap();
    }
    commits.sort_unstable();
    let at = |share: f64| commits[(commits.len() as f64 * share) as usize];
    println!("one at a time: commit p50 {:?}, p99 {:?}", at(0.5), at(0.99));
}

async fn in_flight(store: &Store, tasks: u64, pairs: u64) {
    let start = Instant::now();
    let tasks_running: Vec<_> = (0..tasks)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for pair in 0..pairs / tasks {
                    let event = EventId::new(format!("{tasks}-{task}-{pair}"));
                    let (read, entry) = decided(&store, &event).await;
                    assert_eq!(store.commit(&read, &entry).await.unwrap(), Committed::Yes);
                    store.settle(&event, &outcome()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks_running {
        task.await.unwrap();
    }
    let rate = (pairs / tasks * tasks) as f64 / start.elapsed().as_secs_f64();
    println!("{tasks} in flight: {rate:.0} load, commit, settle a second");
}

async fn queue(store: &Store, messages: u64) {
    let spool = Spool::new(store).unwrap();
    let start = Instant::now();
    let senders: Vec<_> = (0..64)
        .map(|_| {
            let spool = spool.clone();
            tokio::spawn(async move {
                for _ in 0..messages / 64 {
                    spool.append(vec![(Lane::Ordinary, "x".repeat(4_400))]).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let waiting = spool.depth();
    println!(
        "queue: {:.0} single appends a second, 64 in flight",
        waiting as f64 / start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    while spool.depth() > 0 {
        let sequences: Vec<_> =
            spool.receive(Lane::Ordinary, 64).await.unwrap().iter().map(|one| one.sequence).collect();
        spool.delete(&sequences).await.unwrap();
    }
    println!(
        "queue: {:.0} received and deleted a second, 64 each",
        waiting as f64 / start.elapsed().as_secs_f64()
    );
}

async fn look_ups(store: &Store, times: u64) {
    let start = Instant::now();
    for time in 0..times {
        let known = EventId::new(format!("one-{}", time * 7 % 2_000));
        assert!(store.find(&known).await.unwrap().is_some());
    }
    println!("find, known: {:?}", start.elapsed() / times as u32);
    let start = Instant::now();
    for time in 0..times {
        assert!(store.find(&EventId::new(format!("new-{time}"))).await.unwrap().is_none());
    }
    println!("find, new: {:?}", start.elapsed() / times as u32);
}

/// After a clean end, and after a crash, for which a copy of the file in use stands.
fn opening(path: &Path) {
    let timed = |path: &Path| -> (Store, Duration) {
        let start = Instant::now();
        (Store::open(path).unwrap(), start.elapsed())
    };
    let (store, clean) = timed(path);
    let crashed = path.with_extension("crashed");
    std::fs::copy(path, &crashed).unwrap();
    let (_store, after_crash) = timed(&crashed);
    let size = std::fs::metadata(&crashed).unwrap().len() >> 20;
    println!("opening {size} MiB: {clean:?}, after a crash {after_crash:?}");
    drop(store);
}

async fn decided(store: &Store, event: &EventId) -> (State, Entry) {
    let finding = Key::Finding(FindingKey::new(format!("arn:aws:guardduty:::detector/d/finding/{event}")));
    let incident = Key::Incident(IncidentKey::new(format!("incident-{event}")));
    let mut read = State::default();
    store.load(&[finding.clone(), incident.clone()], &mut read).await.unwrap();
    let changes = BTreeMap::from([
        (finding, Record::Finding(finding_record(IncidentKey::new("i".repeat(64))))),
        (incident, incident_record()),
    ]);
    (read, entry(event, changes))
}

fn outcome() -> [(EffectId, Outcome); 1] {
    [(EffectId::new("page:oncall"), Outcome::Done { at: Timestamp::now(), receipt: "r".repeat(36) })]
}

fn incident_record() -> Record {
    let now = Timestamp::now();
    Record::Incident(IncidentRecord {
        events: 1,
        findings: BTreeSet::from([FindingKey::new("f".repeat(120))]),
        ..IncidentRecord::begun(None, Priority::P0, None, now)
    })
}

fn entry(event: &EventId, changes: BTreeMap<Key, Record>) -> Entry {
    let notice = Notice {
        description: "d".repeat(300),
        facts: vec![Fact::new(Group::Where, "namespace", "shop"); 8],
        incident: IncidentKey::new("i".repeat(64)),
        finding: Some(FindingKey::new("f".repeat(120))),
        ..notice()
    };
    let decision = Decision {
        at: Timestamp::now(),
        finding: notice.finding.clone(),
        incident: Some(notice.incident.clone()),
        effects: vec![Effect { dedup_key: DedupKey::new("i".repeat(64)), notice, ..page() }],
        changes,
        ..decision(event.as_str())
    };
    // As many quotes as such an event has, for what they cost when they are escaped.
    let raw = r#""detailType":"value",""#.repeat(200);
    Entry { raw, ..builders::entry(decision) }
}
