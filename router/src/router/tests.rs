//! What the router promises when the world does not: a disk that fails, a channel that puts it off.

mod digest;
mod fallback;
mod in_force;
mod leading;
mod naming;
mod notes;
mod outage;
mod set_back;
mod triaging;
mod unrecorded;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, watch};
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, Routes};
use watchfire_core::rules::RuleSet;

use super::{Among, Router, Ticked};
use crate::channel::{Channel, ChannelConfig};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::rules_files;
use crate::source::spool::Lane;
use crate::store::Store;
use crate::store::failing::{self, Disk};
use crate::telemetry::Metrics;

/// Answers as it is told, one request after the other for each permit, and remembers the dedup keys.
struct Receiver {
    /// What it answers next, one for each call; then `status`.
    script: Mutex<VecDeque<u16>>,
    /// What it answers to warnings, which is what a P2 is.
    to_warnings: AtomicU16,
    status: AtomicU16,
    permits: Semaphore,
    /// Dedup keys of what it took, each with the action.
    taken: Mutex<Vec<(String, String)>>,
    /// The reason in each of them.
    reasons: Mutex<Vec<String>>,
    calls: watch::Sender<usize>,
}

impl Receiver {
    async fn start() -> (Arc<Self>, String) {
        let receiver = Arc::new(Self {
            script: Mutex::default(),
            to_warnings: AtomicU16::new(202),
            status: AtomicU16::new(202),
            permits: Semaphore::new(1_000),
            taken: Mutex::default(),
            reasons: Mutex::default(),
            calls: watch::Sender::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v2/enqueue", listener.local_addr().expect("it is bound"));
        let routes = axum::Router::new().route("/v2/enqueue", post(take)).with_state(receiver.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        (receiver, url)
    }

    fn keys(&self) -> Vec<String> {
        self.taken().into_iter().map(|(_, key)| key).collect()
    }

    fn reasons(&self) -> Vec<String> {
        self.reasons.lock().expect("no test panics while it holds this").clone()
    }

    fn actions(&self) -> Vec<String> {
        self.taken().into_iter().map(|(action, _)| action).collect()
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.taken.lock().expect("no test panics while it holds this").clone()
    }

    fn answer_to(&self, event: &Value) -> u16 {
        let next = self.script.lock().expect("no test panics while it holds this").pop_front();
        let otherwise = match event["payload"]["severity"] == "warning" {
            true => &self.to_warnings,
            false => &self.status,
        };
        next.unwrap_or_else(|| otherwise.load(Ordering::SeqCst))
    }

    async fn called(&self, times: usize) {
        let mut calls = self.calls.subscribe();
        calls.wait_for(|calls| *calls >= times).await.expect("the sender is alive");
    }
}

async fn take(
    State(receiver): State<Arc<Receiver>>,
    Json(event): Json<Value>,
) -> (StatusCode, HeaderMap, Json<Value>) {
    receiver.calls.send_modify(|calls| *calls += 1);
    let permit = receiver.permits.acquire().await.expect("nobody closes it");
    permit.forget();
    let status = StatusCode::from_u16(receiver.answer_to(&event)).expect("a status");
    let mut headers = HeaderMap::new();
    if status.is_success() {
        let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let taken = (word("event_action"), word("dedup_key"));
        let why = event["payload"]["custom_details"]["why"].as_str().unwrap_or_default();
        receiver.reasons.lock().expect("no test panics while it holds this").push(why.to_owned());
        receiver.taken.lock().expect("no test panics while it holds this").push(taken);
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert("retry-after", "3600".parse().expect("a header"));
    }
    (status, headers, Json(json!({"status": "success", "dedup_key": event["dedup_key"]})))
}

struct World {
    _folder: TempDir,
    disk: Arc<Disk>,
    receiver: Arc<Receiver>,
    clock: Clock,
    router: Arc<Router>,
}

async fn world() -> World {
    let (folder, disk, store) = failing::store();
    let (receiver, url) = Receiver::start().await;
    let key = folder.path().join("routing-key");
    std::fs::write(&key, "0123456789abcdef0123456789abcdef").expect("the folder can be written");
    let config = json!({"pagerduty": {"routing_key": {"file": key}, "url": url}});
    let config: ChannelConfig = serde_json::from_value(config).expect("a configuration");
    let name = ChannelName::new("oncall");
    let channel =
        Channel::new(&name, config, &Clients::new(None).expect("TLS is there")).await.expect("a channel");
    let files = rules_files::read(None).expect("the shipped rules are in the binary");
    let rules = RuleSet::load(&files).expect("the shipped rules are right");
    let policy = Policy::new(rules, Routes::all_to(&name));
    let clock = Clock::at("2026-11-20T12:00:00Z".parse::<Timestamp>().expect("a time"));
    let channels = BTreeMap::from([(name, channel)]);
    let router =
        Router::new(policy, Store::Embedded(store), channels, clock.clone(), Arc::new(Metrics::default()));
    World { _folder: folder, disk, receiver, clock, router: Arc::new(router) }
}

/// A miner, P0 by the shipped rules.
fn urgent() -> String {
    rules_files::read_example(None, "examples/miner.json").expect("it ships")
}

/// A failed control, P2 by the shipped rules.
fn routine() -> String {
    rules_files::read_example(None, "examples/control-failed.json").expect("it ships")
}

/// The miner again, as another event of that time of day; archived or not.
fn report(time: &str, archived: bool) -> String {
    let mut event: Value = serde_json::from_str(&urgent()).expect("it is JSON");
    event["id"] = json!(format!("report-{time}"));
    event["detail"]["updatedAt"] = json!(format!("2026-11-20T{time}:00.000Z"));
    event["detail"]["service"]["archived"] = json!(archived);
    event.to_string()
}

/// Handles a message as far as its request to a receiver that hangs from now on, and is killed there.
async fn cut_off(world: &World, message: String) {
    let World { receiver, router, .. } = world;
    let calls = *receiver.calls.borrow();
    receiver.permits.forget_permits(1_000);
    let router = router.clone();
    let killed = tokio::spawn(async move { router.handle(&message).await.map(|_| ()) });
    receiver.called(calls + 1).await;
    killed.abort();
    assert!(killed.await.is_err_and(|error| error.is_cancelled()));
}

/// The journal's outcomes, done and pending, per entry.
async fn journal(router: &Router) -> Vec<(usize, usize)> {
    let entries = router.journal(10).await.expect("the store answers");
    entries.iter().map(|entry| (entry.outcomes.len(), entry.pending().count())).collect()
}

#[tokio::test]
async fn an_urgent_page_goes_out_without_a_store_and_is_recorded_once_it_is_back() {
    let World { _folder, disk, receiver, router, .. } = world().await;
    disk.set_failing(true);
    router.handle(&urgent()).await.expect_err("it stays on the queue");
    router.handle(&urgent()).await.expect_err("it stays on the queue");
    assert_eq!(receiver.keys().len(), 1, "it was said once, although nobody could write it down");
    disk.set_failing(false);
    // The store opens itself again as soon as it is used.
    let recovered = async {
        while router.handle(&urgent()).await.is_err() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(20), recovered).await.expect("the store comes back");
    let keys = receiver.keys();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the repeat falls on the same alert");
    assert_eq!(journal(&router).await, [(1, 0)]);
}

#[tokio::test]
async fn a_page_that_is_not_urgent_waits_for_the_store() {
    let World { _folder, disk, receiver, router, .. } = world().await;
    disk.set_failing(true);
    router.handle(&routine()).await.expect_err("it stays on the queue");
    assert_eq!(receiver.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_second_delivery_of_an_event_at_work_is_left_on_the_queue() {
    let World { _folder, disk: _, receiver, router, .. } = world().await;
    receiver.permits.forget_permits(1_000);
    let first = tokio::spawn({
        let router = router.clone();
        async move { router.handle(&urgent()).await.map(|_| ()) }
    });
    receiver.called(1).await;
    let nack = router.handle(&urgent()).await.expect_err("another task is at work on it");
    assert_eq!(nack.retry_after, Some(Duration::from_secs(5)));
    receiver.permits.add_permits(1_000);
    assert_eq!(first.await.expect("it does not panic"), Ok(()));
    assert_eq!((receiver.keys().len(), journal(&router).await), (1, vec![(1, 0)]));
}

#[tokio::test]
async fn a_tick_takes_up_what_its_message_did_not_bring_back() {
    let World { _folder, disk: _, receiver, clock, router } = world().await;
    receiver.to_warnings.store(500, Ordering::SeqCst);
    let nack = router.handle(&routine()).await.expect_err("the page is pending");
    assert!(nack.retry_after.is_some_and(|wait| wait <= Duration::from_secs(300)), "{nack:?}");
    receiver.to_warnings.store(202, Ordering::SeqCst);
    let keep = SignedDuration::from_hours(24);
    clock.advance(SignedDuration::from_mins(4));
    assert_eq!(router.tick(clock.now(), keep).await.expect("the store answers"), Ticked::default());
    clock.advance(SignedDuration::from_mins(1));
    let resumed = Ticked { resumed: 1, woken: 0, pruned: 0 };
    assert_eq!(router.tick(clock.now(), keep).await.expect("the store answers"), resumed);
    assert_eq!((receiver.keys().len(), journal(&router).await), (1, vec![(1, 0)]));
    assert_eq!(router.tick(clock.now(), keep).await.expect("the store answers"), Ticked::default());
}

#[tokio::test]
async fn what_is_older_than_it_is_kept_is_removed() {
    let World { _folder, disk: _, clock, router, .. } = world().await;
    router.handle(&urgent()).await.expect("it is paged");
    clock.advance(SignedDuration::from_hours(25));
    let ticked = router.tick(clock.now(), SignedDuration::from_hours(24)).await.expect("the store answers");
    assert_eq!(ticked, Ticked { resumed: 0, woken: 0, pruned: 1 }, "the entry; the incident is open");
    assert_eq!(journal(&router).await, []);
}

#[tokio::test]
async fn an_event_that_is_pending_holds_up_none_of_its_neighbours() {
    let World { _folder, disk: _, receiver, router, .. } = world().await;
    receiver.to_warnings.store(500, Ordering::SeqCst);
    let message = format!("[{},{}]", routine(), urgent());
    router.handle(&message).await.expect_err("the first of the two is pending");
    assert_eq!(receiver.actions(), ["trigger"]);
    receiver.to_warnings.store(202, Ordering::SeqCst);
    assert_eq!(router.handle(&message).await.expect("nothing is pending any more").decisions.len(), 2);
    assert_eq!(receiver.actions(), ["trigger", "trigger"]);
}

#[tokio::test]
async fn a_burst_about_one_incident_is_decided_at_the_first_try() {
    let World { _folder, disk: _, receiver, router, .. } = world().await;
    let burst = (0..200).map(|index| {
        let router = router.clone();
        tokio::spawn(async move { router.handle(&format!("nonsense {index}")).await.map(|_| ()) })
    });
    for task in burst.collect::<Vec<_>>() {
        assert_eq!(task.await.expect("it does not panic"), Ok(()));
    }
    assert_eq!(receiver.actions(), ["trigger"]);
}

#[tokio::test]
async fn what_has_a_p0_in_it_takes_the_express_lane() {
    let World { _folder, disk: _, receiver: _, clock: _, router } = world().await;
    let both = format!("[{},{}]", routine(), urgent());
    let notification = json!({"Type": "Notification", "TopicArn": "t", "Message": urgent()}).to_string();
    let messages = [urgent(), routine(), both, notification, "nonsense".to_owned(), String::new()];
    assert_eq!(
        messages.map(|message| router.lane_of(&message)),
        [Lane::Express, Lane::Ordinary, Lane::Express, Lane::Express, Lane::Ordinary, Lane::Ordinary]
    );
}

#[tokio::test]
async fn the_most_urgent_incidents_are_listed_the_newest_first_and_the_others_counted() {
    let World { _folder, disk: _, receiver: _, clock, router } = world().await;
    let mut decided = Vec::new();
    for message in [urgent(), routine(), "nonsense".to_owned()] {
        let handled = router.handle(&message).await.expect("it is paged");
        decided.extend(handled.decisions.into_iter().filter_map(|decision| decision.incident));
        clock.advance(SignedDuration::from_secs(60));
    }
    let keys = async |most, is_open: bool| {
        let listed = router.incidents(most, Among::All, move |_, record| record.open == is_open).await;
        let super::Listed { incidents, more, by_priority } = listed.expect("it answers");
        assert_eq!(by_priority.values().sum::<usize>(), incidents.len() + more);
        (incidents.into_iter().map(|(key, _, _)| key).collect::<Vec<_>>(), more)
    };
    let [urgent, routine, unreadable] = <[_; 3]>::try_from(decided).expect("an incident each");
    let all = vec![unreadable.clone(), routine, urgent.clone()];
    assert_eq!(keys(9, true).await, (all, 0));
    assert_eq!(keys(2, true).await, (vec![unreadable, urgent.clone()], 1));
    assert_eq!(keys(1, true).await, (vec![urgent], 2), "however old it is");
    assert_eq!(keys(2, false).await, (Vec::new(), 0));
}

#[tokio::test]
async fn a_resolve_waits_for_every_page_that_is_still_on_its_way() {
    let world = world().await;
    let World { receiver, clock, router, .. } = &world;
    router.handle(&report("12:00", false)).await.expect("it is paged");
    clock.advance(SignedDuration::from_mins(16));
    cut_off(&world, report("12:16", false)).await;
    receiver.permits.add_permits(1_000);
    router.handle(&report("12:17", true)).await.expect_err("it would be overtaken by the repeat");
    router.handle(&report("12:16", false)).await.expect("the repeat is taken");
    router.handle(&report("12:17", true)).await.expect("now it is over");
    assert_eq!(receiver.actions(), ["trigger", "trigger", "resolve"]);
}

#[tokio::test]
async fn without_a_store_an_open_incident_keeps_its_dedup_key() {
    let World { _folder, disk, receiver, clock, router } = world().await;
    router.handle(&report("12:00", false)).await.expect("it is paged");
    router.handle(&report("12:01", true)).await.expect("it is resolved");
    router.handle(&report("12:02", false)).await.expect("it is paged anew");
    disk.set_failing(true);
    clock.advance(SignedDuration::from_mins(16));
    router.handle(&report("12:16", false)).await.expect_err("it stays on the queue");
    let keys = receiver.keys();
    assert_eq!((keys.len(), keys[2] == keys[3], keys[0] == keys[2]), (4, true, false));
}

#[tokio::test]
async fn a_page_that_nobody_takes_without_a_store_is_tried_again() {
    let World { _folder, disk, receiver, router, .. } = world().await;
    disk.set_failing(true);
    receiver.script.lock().expect("no test panics while it holds this").extend([400, 400]);
    router.handle(&urgent()).await.expect_err("it stays on the queue");
    assert_eq!(receiver.actions(), Vec::<String>::new());
    router.handle(&urgent()).await.expect_err("it stays on the queue");
    assert_eq!(receiver.actions(), ["trigger"]);
}

#[tokio::test]
async fn somebody_is_told_that_a_page_was_refused_for_good() {
    let World { _folder, disk: _, receiver, router, .. } = world().await;
    // As it is, and again with nothing but what is required.
    receiver.script.lock().expect("no test panics while it holds this").extend([400, 400]);
    router.handle(&routine()).await.expect("there is nothing more to be done");
    let journal = router.journal(10).await.expect("the store answers");
    let rules: Vec<_> = journal.iter().map(|entry| entry.decision.rule.to_string()).collect();
    assert_eq!(
        (rules, receiver.actions().len()),
        (vec!["page-not-delivered".into(), "failed-control".into()], 1)
    );
}
