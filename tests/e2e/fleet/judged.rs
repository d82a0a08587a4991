//! What became of all that was sent, looked at when nobody works any more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use watchfire::store::Store;
use watchfire_core::act::QUARANTINE_LABEL;
use watchfire_core::decision::Cause;
use watchfire_core::journal::Entry;
use watchfire_tests::fault_proxy::Counts;
use watchfire_tests::{Depth, Watchfire};

use super::World;
use super::happens::number;
use crate::support::{key, triggers};

pub(super) struct Judged {
    store: Store,
    queue: [Depth; 2],
    entries: Vec<Entry>,
    /// The `decided` lines of all workers, by event.
    decided_lines: BTreeMap<String, usize>,
    /// The dedup keys of pages, each with its text.
    pages: Vec<(String, String)>,
    /// Of each pod how often it was labelled.
    labelled: BTreeMap<String, usize>,
    counts: Counts,
}

/// A timer's decision: which record, when it was due, and how late it was decided.
struct Timer {
    of: String,
    late: SignedDuration,
}

impl Judged {
    pub(super) async fn look_at(world: &World, workers: &[Watchfire]) -> Self {
        let store = world.table.open().await;
        let entries = store.recent(usize::MAX).await.unwrap();
        let mut decided_lines = BTreeMap::new();
        for line in workers.iter().flat_map(|worker| worker.logs().decided()) {
            *decided_lines.entry(line["event"].to_string()).or_default() += 1;
        }
        let pages = triggers(&world.pagerduty);
        let pages = pages.iter().map(|page| (key(page), page["payload"].to_string())).collect();
        let mut labelled = BTreeMap::new();
        for call in world.cluster.proxy().calls() {
            let is_label = call.method == "PATCH" && call.path.contains("/pods/") && !call.is_dry();
            let is_done = call.status.is_some_and(|status| status < 300);
            if is_label && is_done && sets_label(&call.body) {
                let pod = call.path.rsplit('/').next().unwrap_or_default().to_owned();
                *labelled.entry(pod).or_default() += 1;
            }
        }
        let queue = [world.depth().await, world.queue.dead().await];
        let counts = world.proxy.counts();
        Self { store, queue, entries, decided_lines, pages, labelled, counts }
    }

    pub(super) fn every_event_has_one_decision(&self, messages: &[(String, String)]) {
        let mut decided = BTreeMap::<String, usize>::new();
        for entry in self.entries.iter().filter(|entry| entry.decision.event.is_delivered()) {
            *decided.entry(entry.decision.event.shown()).or_default() += 1;
        }
        let expected: BTreeMap<_, _> = messages.iter().map(|(id, _)| (id.clone(), 1)).collect();
        assert_eq!(decided, expected);
        // The line is written after the commit: a kill between the two loses it, nothing repeats it.
        let twice: Vec<_> = self.decided_lines.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert!(self.decided_lines.len() > messages.len() / 3, "{}", self.decided_lines.len());
    }

    pub(super) fn every_p0_is_paged_and_contained_once(&self, urgent: &[String]) {
        let mut keys = BTreeMap::<&str, BTreeSet<&str>>::new();
        for pod in urgent {
            let named = format!("\"{pod}\"");
            let about = self
                .pages
                .iter()
                .filter(|(_, text)| text.contains(&named) || text.contains(&format!("/{pod} ")));
            keys.insert(pod, about.map(|(key, _)| key.as_str()).collect());
        }
        let wrong: Vec<_> = keys.iter().filter(|(_, keys)| keys.len() != 1).collect();
        assert!(wrong.is_empty(), "one dedup key each: {wrong:?}");
        let once: BTreeMap<_, _> = urgent.iter().map(|pod| (pod.clone(), 1)).collect();
        assert_eq!(self.labelled, once);
    }

    pub(super) async fn nothing_is_left(&self) {
        assert_eq!(self.queue, [Depth::default(); 2], "on the queue, and among its dead letters");
        let pending = self.entries.iter().filter(|entry| entry.pending_ids().next().is_some());
        let pending: Vec<_> = pending.map(|entry| entry.decision.event.to_string()).collect();
        assert_eq!(pending, [""; 0]);
        assert_eq!(self.store.due(Timestamp::now(), 9).await.unwrap(), []);
        assert_eq!(self.store.wakes(Timestamp::now(), 9).await.unwrap(), []);
    }

    fn timers(&self) -> Vec<Timer> {
        let timers = self.entries.iter().filter(|entry| entry.decision.cause == Cause::Timer);
        let timer = |entry: &Entry| {
            let id = entry.decision.event.as_str();
            let (of, _version) = id.strip_prefix("wake:")?.rsplit_once('.')?;
            let due = Timestamp::from_microsecond(of.rsplit_once('@')?.1.parse().ok()?).ok()?;
            Some(Timer { of: of.to_owned(), late: entry.decision.at.duration_since(due) })
        };
        timers.filter_map(timer).collect()
    }

    pub(super) fn no_timer_is_twice_or_late(&self) {
        let timers = self.timers();
        let mut times = BTreeMap::<&str, usize>::new();
        timers.iter().for_each(|timer| *times.entry(&timer.of).or_default() += 1);
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
        // A busy machine is not what is measured.
        let most = number("WATCHFIRE_FLEET_LATE").and_then(|seconds| i64::try_from(seconds).ok());
        let most = most.map_or(SignedDuration::MAX, SignedDuration::from_secs);
        let late: Vec<_> = timers.iter().filter(|timer| timer.late > most).collect();
        let late: Vec<_> = late.iter().map(|timer| format!("{} by {:#}", timer.of, timer.late)).collect();
        assert_eq!(late, [""; 0]);
        assert!(!timers.is_empty(), "groups have waited");
    }

    pub(super) fn print(&self) {
        let mut late: Vec<_> = self.timers().iter().map(|timer| timer.late.as_millis()).collect();
        late.sort_unstable();
        let at = |part: usize| late.get((late.len().saturating_sub(1)) * part / 100);
        println!(
            "{} decisions, {} pages; {} timers, late by {:?} ms at the median, {:?} at most; {} pods contained",
            self.entries.len(),
            self.pages.len(),
            late.len(),
            at(50),
            at(100),
            self.labelled.len(),
        );
        println!("DynamoDB: {:?}", self.counts);
    }
}

/// In a JSON patch the label's name is a path.
fn sets_label(body: &Value) -> bool {
    let body = body.to_string();
    body.contains(QUARANTINE_LABEL) || body.contains(&QUARANTINE_LABEL.replace('/', "~1"))
}
