//! What many workers on one table do as one: a channel's room, the canary, what Watchfire says of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::routing::get;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::clock::Clock;
use watchfire::router::Router;
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::{
    Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, Watchfire, in_process, until,
};

use crate::support::{LATER, SOON, accepted, paged, queue, triggers};

/// Somebody who is called when a canary has arrived.
struct Heartbeat {
    url: String,
    calls: Arc<AtomicUsize>,
}

impl Heartbeat {
    async fn start(answer: StatusCode) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ping/0f5c-secret", listener.local_addr().unwrap());
        let counted = calls.clone();
        let called = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async move { answer }
        };
        let routes = axum::Router::new().route("/ping/0f5c-secret", get(called));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Its address in a file, as the configuration names it.
    fn source(&self, folder: &TempDir) -> Value {
        let file = folder.path().join("heartbeat");
        std::fs::write(&file, &self.url).unwrap();
        json!({"file": file})
    }
}

const ARRIVED: &str = "watchfire_canary_arrival_timestamp_seconds";

#[tokio::test]
async fn two_workers_send_one_canary_and_the_heartbeat_is_called_once_it_has_arrived() {
    let (aws, queue) = queue("canary").await;
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let heartbeat = Heartbeat::start(StatusCode::OK).await;
    let table = DynamoDbTable::at(aws.endpoint());
    let store = table.open().await;
    let configuration = Configuration::new(&pagerduty.url())
        .set("store", json!({"dynamodb": {"table": table.name}}))
        .set("canary", json!({"every_minutes": 60, "heartbeat": heartbeat.source(&folder)}))
        .queue(&queue.url);
    let one = Watchfire::start(&configuration, Some(&aws)).await;
    let other = Watchfire::start(&configuration, Some(&aws)).await;
    until("a heartbeat", SOON, async || (heartbeat.calls() > 0).then_some(())).await;
    queue.drained(SOON).await;
    let entry = until("its entry", SOON, async || store.recent(9).await.ok()?.pop()).await;
    assert_eq!((entry.decision.why.as_str(), entry.decision.verdict.as_str()), ("canary", "quiet"));
    until("its outcome", SOON, async || {
        let entry = store.recent(9).await.ok()?.pop()?;
        (entry.pending().count() == 0).then_some(())
    })
    .await;
    // Both have looked, and the same hour has one.
    let looked = async |worker: &Watchfire| worker.metrics().await.sum(ARRIVED, &[]);
    let arrived = [looked(&one).await, looked(&other).await];
    assert_eq!(arrived.iter().filter(|at| **at > 0.0).count(), 1, "{arrived:?}");
    assert_eq!((heartbeat.calls(), store.recent(9).await.unwrap().len(), pagerduty.accepted()), (1, 1, 0));
    for worker in [&one, &other] {
        assert!(!worker.printed().contains("0f5c-secret"), "whoever knows the address can call it");
    }
}

#[tokio::test]
async fn a_heartbeat_that_does_not_take_the_call_is_named_and_the_canary_has_arrived() {
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let heartbeat = Heartbeat::start(StatusCode::NOT_FOUND).await;
    let canary = json!({"every_minutes": 60, "heartbeat": heartbeat.source(&folder)});
    let configuration = Configuration::new(&pagerduty.url()).set("canary", canary);
    let watchfire = Watchfire::start(&configuration, None).await;
    let arrived = async || Some(()).filter(|()| heartbeat.calls() > 0);
    until("a call", SOON, arrived).await;
    let failed = ["channel=\"canary\"", "outcome=\"permanent\""];
    until("its outcome", SOON, async || {
        (watchfire.metrics().await.sum("watchfire_effects_total", &failed) == 1.0).then_some(())
    })
    .await;
    assert!(watchfire.metrics().await.sum(ARRIVED, &[]) > 0.0);
    let printed = watchfire.printed();
    assert!(
        printed.contains("the heartbeat: 404 Not Found") && !printed.contains("0f5c-secret"),
        "{printed}"
    );
    assert_eq!(pagerduty.accepted(), 0, "nobody is told");
}

#[tokio::test]
async fn two_workers_keep_within_the_room_of_their_one_key() {
    const MOST: usize = 24;
    let (aws, queue) = queue("paced").await;
    let pagerduty = PagerDuty::start().await;
    let table = DynamoDbTable::at(aws.endpoint());
    table.make().await;
    let configuration = Configuration::new(&pagerduty.url())
        .set("store", json!({"dynamodb": {"table": table.name}}))
        .set("channels.oncall.pagerduty.events_per_minute", json!(MOST))
        .set("fallback_after_seconds", json!(20))
        .queue(&queue.url);
    let one = Watchfire::start(&configuration, Some(&aws)).await;
    let other = Watchfire::start(&configuration, Some(&aws)).await;
    let events =
        (0..45).map(|number| GuardDuty::miner(&format!("paced-{number}")).event(&format!("p{number}")));
    queue.send_all(&events.map(|event| event.to_string()).collect::<Vec<_>>()).await;
    let first = Instant::now();
    // By themselves the two would have sent 32 by then.
    let turned_away = |worker: &Watchfire| {
        worker.logs().text().matches("no room within the channel's limit per minute").count()
    };
    until("those that have no room", LATER, async || {
        (turned_away(&one) + turned_away(&other) >= 12).then_some(())
    })
    .await;
    let arrivals: Vec<Instant> = pagerduty.arrivals().into_iter().map(|(_, at)| at).collect();
    let busiest = arrivals.iter().map(|first| {
        arrivals.iter().filter(|at| **at >= *first && **at < *first + Duration::from_secs(60)).count()
    });
    let busiest = busiest.max().unwrap_or_default();
    println!("{busiest} of {MOST} in a minute, {} after {:?}", arrivals.len(), first.elapsed());
    assert!((MOST / 2..=MOST).contains(&busiest), "{busiest} of {MOST}");
}

/// Two workers on one table, in this process, whose clock is set.
async fn two(
    configure: impl Fn(Configuration) -> Configuration,
) -> (Vec<Arc<Router>>, PagerDuty, Clock, TempDir) {
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let (table, clock) = (DynamoDbTable::fresh(), in_process::noon());
    let configuration = configure(Configuration::new(&pagerduty.url()));
    let mut routers = Vec::new();
    for _ in 0..2 {
        let store = table.open().await;
        let router = in_process::router_over(store, folder.path(), clock.clone(), &configuration).await;
        routers.push(Arc::new(router));
    }
    (routers, pagerduty, clock, folder)
}

#[tokio::test]
async fn what_cannot_be_read_and_what_is_about_to_be_given_up_is_said_once() {
    let (routers, pagerduty, _clock, _folder) = two(|configuration| configuration).await;
    let unread = routers.iter().map(|router| router.handle("{\"source\": \"aws.guard"));
    futures_util::future::join_all(unread).await;
    let warned = routers.iter().map(|router| router.warn_of_dead_letter("m1", 19, "it failed"));
    futures_util::future::join_all(warned).await;
    let pages = paged(&pagerduty, 2).await;
    let rules: Vec<_> = pages.iter().map(|page| page["payload"]["custom_details"]["rule"].clone()).collect();
    assert_eq!(rules, ["unreadable-alert", "about-to-be-dead-lettered"], "{pages:?}");
}

#[tokio::test]
async fn the_digest_is_said_once_by_whichever_worker_finds_it_due() {
    let digest = |configuration: Configuration| configuration.set("digest", json!({"to": ["oncall"]}));
    let (routers, pagerduty, clock, _folder) = two(digest).await;
    for (number, router) in routers.iter().enumerate() {
        router
            .handle(&GuardDuty::low(&format!("low-{number}")).event(&format!("e{number}")).to_string())
            .await
            .unwrap();
    }
    assert_eq!(triggers(&pagerduty).len(), 0);
    // Over the weekend until business has opened, and until the edition is gathered.
    for hours in [72, 1] {
        clock.advance(SignedDuration::from_hours(hours));
        let woken = routers.iter().map(|router| router.wake(clock.now()));
        for woken in futures_util::future::join_all(woken).await {
            woken.unwrap();
        }
    }
    let said = accepted(&pagerduty, "trigger");
    assert_eq!(said.len(), 1, "{said:?}");
    let text = said[0]["payload"].to_string();
    assert!(text.contains("low-0") && text.contains("low-1"), "{text}");
}

#[tokio::test]
async fn what_is_old_is_removed_by_one_worker_and_by_another_once_that_has_died() {
    let (routers, _pagerduty, clock, _folder) = two(|configuration| configuration).await;
    routers[0].handle(&GuardDuty::low("old-1").put_aside().event("e1").to_string()).await.unwrap();
    clock.advance(SignedDuration::from_hours(24 * 100));
    let keep = SignedDuration::from_hours(24 * 90);
    let first = routers[0].prune(clock.now() - SignedDuration::from_hours(24 * 99), keep).await.unwrap();
    assert_eq!(first, 0, "nothing is that old");
    assert_eq!(routers[1].prune(clock.now(), keep).await.unwrap(), 0, "it is the other's to do");
    clock.advance(SignedDuration::from_mins(3));
    assert!(routers[1].prune(clock.now(), keep).await.unwrap() > 0);
}

#[tokio::test]
async fn pages_go_on_by_a_share_of_the_room_while_the_table_does_not_answer() {
    let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::none()).await;
    let store = DynamoDbTable::at(&proxy.endpoint()).open().await;
    let configuration = Configuration::new(&pagerduty.url())
        .set("channels.oncall.pagerduty.events_per_minute", json!(110))
        .set("fallback_after_seconds", json!(10));
    let router = in_process::router_over(store, folder.path(), in_process::noon(), &configuration).await;
    drop(proxy);
    let events = (0..12)
        .map(|number| GuardDuty::miner(&format!("alone-{number}")).event(&format!("a{number}")).to_string());
    let events: Vec<String> = events.collect();
    let handled = futures_util::future::join_all(events.iter().map(|event| router.handle(event))).await;
    assert!(handled.iter().all(Result::is_err), "none is recorded");
    let keys: std::collections::BTreeSet<String> =
        pagerduty.arrivals().into_iter().map(|(key, _)| key).collect();
    // A quarter of 110, of which routine pages would have 6.
    assert_eq!(keys.len(), 12);
}
