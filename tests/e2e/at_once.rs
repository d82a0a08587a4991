//! What is posted is decided before it is answered, where there is a place at work; else it goes onto the embedded queue.

use serde_json::json;
use watchfire_tests::{Configuration, Fault, GuardDuty, PagerDuty, Watchfire, until};

use crate::support::{LATER, paged};

fn event(number: usize) -> String {
    GuardDuty::miner(&format!("pod-{number}")).event(&format!("e{number}")).to_string()
}

/// How many messages came at once, and how many from the queue.
async fn taken(watchfire: &Watchfire) -> (f64, f64) {
    let metrics = watchfire.metrics().await;
    let of =
        |source: &str| metrics.sum("watchfire_messages_received_total", &[&format!("source=\"{source}\"")]);
    (of("http"), of("embedded"))
}

#[tokio::test]
async fn an_event_is_decided_when_its_sender_is_answered_and_is_on_no_queue() {
    let pagerduty = PagerDuty::start().await;
    let watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    for number in 1..=3 {
        assert_eq!(watchfire.post(event(number)).await, 202);
        let decided = watchfire.metrics().await.sum("watchfire_decisions_total", &[]);
        assert_eq!(decided, number as f64, "it is decided before its sender is answered");
    }
    // Several in one request, one of them twice.
    let several =
        json!([4, 5, 4].map(|number| serde_json::from_str::<serde_json::Value>(&event(number)).unwrap()));
    assert_eq!(watchfire.post(several).await, 202);
    assert_eq!(watchfire.metrics().await.sum("watchfire_decisions_total", &[]), 5.0);
    paged(&pagerduty, 5).await;
    assert_eq!(taken(&watchfire).await, (5.0, 0.0));
}

#[tokio::test]
async fn where_no_place_is_free_events_are_queued_and_none_is_lost() {
    let pagerduty = PagerDuty::start().await;
    // The queue's reader has the one place, until it has something to read.
    let configuration = Configuration::new(&pagerduty.url()).set("http.in_flight", json!(1));
    let watchfire = Watchfire::start(&configuration, None).await;
    for number in 0..8 {
        assert_eq!(watchfire.post(event(number)).await, 202);
    }
    paged(&pagerduty, 8).await;
    let (at_once, queued) = taken(&watchfire).await;
    assert!(at_once + queued == 8.0 && queued > 0.0, "{at_once} at once, {queued} from the queue");
}

#[tokio::test]
async fn what_was_taken_at_once_and_not_done_comes_back_by_the_queue_or_after_a_kill_by_the_journal() {
    let pagerduty = PagerDuty::start().await;
    pagerduty.always(Some(Fault::Status(500, None)));
    let mut watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let low = GuardDuty::of("Backdoor:Runtime/C&CActivity.B", 5.0, "pod-2").event("e2").to_string();
    assert_eq!((watchfire.post(event(1)).await, watchfire.post(low).await), (202, 202));
    let left = async || {
        let metrics = watchfire.metrics().await;
        (metrics.sum("watchfire_messages_left_total", &["source=\"http\""]) == 2.0).then_some(())
    };
    until("neither was taken by PagerDuty", LATER, left).await;
    pagerduty.always(None);
    paged(&pagerduty, 2).await;
    // Those are done; this one is not when the worker is killed, and its sender was told that it is taken.
    pagerduty.always(Some(Fault::Status(500, None)));
    assert_eq!(watchfire.post(event(3)).await, 202);
    watchfire.kill9();
    pagerduty.always(None);
    watchfire.restart().await;
    let pages = paged(&pagerduty, 3).await;
    assert!(pages.iter().any(|page| page["payload"].to_string().contains("pod-3")), "{pages:?}");
    let empty = async || {
        let metrics = watchfire.metrics().await;
        (metrics.sum("watchfire_queue_depth", &[]) == 0.0).then_some(())
    };
    until("nothing is left on the queue", LATER, empty).await;
}
