//! PagerDuty: every event as the contract wants it, every failure with its fate.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire::channel::Channel;
use watchfire::failure::{Done, Failure};
use watchfire_core::notice::{Fact, Group, Notice};
use watchfire_core::priority::Priority;
use watchfire_tests::pagerduty::{Alert, AlertState, Severity};
use watchfire_tests::{Fault, PagerDuty};

use super::{channel, clients, over, page, perform};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A channel to that address; the key comes from a file, as Kubernetes mounts it.
async fn paging(url: &str, payload: &str) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).expect("a file");
    let config = json!({"pagerduty": {"routing_key": {"file": file}, "url": url, "payload": payload}});
    channel(&config.to_string(), &clients()).await
}

fn done() -> Result<Done, Failure> {
    Ok(Done { receipt: "accepted, dedup key k".to_owned() })
}

fn statuses(server: &PagerDuty) -> Vec<Option<u16>> {
    server.requests().iter().map(|request| request.status).collect()
}

#[tokio::test]
async fn a_page_opens_an_alert_a_repeat_falls_on_it_and_the_end_closes_it() {
    let server = PagerDuty::start().await;
    let channel = paging(&server.url(), "standard").await;
    for effect in [page("k"), page("k"), page("other"), over("k"), over("never opened")] {
        perform(&channel, &effect, 5).await.expect("taken");
    }
    let alert = |dedup_key: &str, triggers, state| Alert {
        routing_key: KEY.to_owned(),
        dedup_key: dedup_key.to_owned(),
        summary: "[P0] Bitcoin miner in pod kasse/zähler-1 <b>\"now\"</b>".to_owned(),
        severity: Severity::Critical,
        triggers,
        state,
    };
    let expected = [alert("k", 2, AlertState::Resolved), alert("other", 1, AlertState::Triggered)];
    assert_eq!(server.alerts(), expected);
}

#[tokio::test]
async fn every_priority_profile_and_length_is_as_the_contract_wants_it() {
    let server = PagerDuty::start().await;
    let mut sent = 0;
    for payload in ["minimal", "standard"] {
        let channel = paging(&server.url(), payload).await;
        for priority in Priority::ALL {
            let mut long = page("k");
            let fact = Fact::new(Group::Where, "x".repeat(500), "é".repeat(3000));
            long.notice = Notice {
                priority,
                title: "€".repeat(5000),
                kind: "k".repeat(5000),
                facts: vec![fact; 50],
                finding: None,
                at: None,
                sample: true,
                ..long.notice
            };
            let mut empty = page("k");
            empty.notice = Notice {
                priority,
                title: String::new(),
                kind: String::new(),
                source: String::new(),
                severity: String::new(),
                facts: Vec::new(),
                links: vec![("x".to_owned(), "javascript:alert(1)".to_owned())],
                ..empty.notice
            };
            for effect in [long, empty] {
                assert_eq!(perform(&channel, &effect, 5).await, done());
                sent += 1;
            }
        }
    }
    assert_eq!(statuses(&server), vec![Some(202); sent]);
    let priority = |event: &Value| event["payload"]["custom_details"]["priority"].clone();
    assert_eq!(priority(&server.events()[0]), "P0");
}

#[tokio::test]
async fn a_refused_event_is_sent_once_more_without_what_could_be_refused() {
    let server = PagerDuty::start().await;
    let channel = paging(&server.url(), "standard").await;
    server.script([Fault::Status(400, None)]);
    let receipt =
        "accepted, dedup key k; without its details, which were refused: 400 bad request: as scripted";
    assert_eq!(perform(&channel, &page("k"), 5).await, Ok(Done { receipt: receipt.to_owned() }));
    let payload = json!({
        "summary": "[P0] CryptoCurrency:Runtime/BitcoinTool.B",
        "source": "watchfire",
        "severity": "critical",
    });
    assert_eq!(server.events()[0]["payload"], payload);
    assert_eq!(statuses(&server), [Some(400), Some(202)]);
}

#[tokio::test]
async fn what_is_refused_twice_is_refused_for_good() {
    let server = PagerDuty::start().await;
    let channel = paging(&server.url(), "minimal").await;
    server.always(Some(Fault::Status(400, None)));
    let refused = || Err(Failure::Permanent { reason: "400 bad request: as scripted".to_owned() });
    assert_eq!(perform(&channel, &page("k"), 60).await, refused());
    assert_eq!(statuses(&server).len(), 2);
    // The end of an incident has nothing to leave out.
    assert_eq!(perform(&channel, &over("k"), 60).await, refused());
    assert_eq!(statuses(&server).len(), 3);
}

#[tokio::test]
async fn a_page_gets_through_however_the_first_attempts_fail() {
    let server = PagerDuty::start().await;
    let channel = paging(&server.url(), "minimal").await;
    server.script([Fault::Dropped, Fault::Status(503, None)]);
    assert_eq!(perform(&channel, &page("k"), 60).await, done());
    assert_eq!(statuses(&server), [None, Some(503), Some(202)]);
    let keys: Vec<_> = server.requests().iter().map(|request| request.body["dedup_key"].clone()).collect();
    assert_eq!(keys, ["k", "k", "k"]);
}

#[tokio::test]
async fn the_servers_hint_is_waited_for() {
    let server = PagerDuty::start().await;
    let channel = paging(&server.url(), "minimal").await;
    server.script([Fault::Status(429, Some(2))]);
    assert_eq!(perform(&channel, &page("k"), 60).await, done());
    let requests = server.requests();
    assert_eq!(statuses(&server), [Some(429), Some(202)]);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(2), "{requests:?}");
}

#[tokio::test]
async fn a_hint_past_the_end_is_handed_back_at_once() {
    let server = PagerDuty::start().await;
    let channel = paging(&server.url(), "minimal").await;
    server.script([Fault::Status(429, Some(120))]);
    let later = Failure::Transient {
        reason: "429 too many events: as scripted".to_owned(),
        retry_after: Some(Duration::from_secs(120)),
    };
    assert_eq!(perform(&channel, &page("k"), 60).await, Err(later));
    assert_eq!(statuses(&server), [Some(429)]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_reason_to_come_back() {
    let server = PagerDuty::start().await;
    let url = format!("http://127.0.0.1:{}/v2/enqueue", watchfire_tests::free_port());
    drop(server);
    let channel = paging(&url, "minimal").await;
    let Err(Failure::Transient { reason, retry_after: Some(_) }) = perform(&channel, &page("k"), 0).await
    else {
        panic!("a page cannot be taken by nobody");
    };
    assert!(reason.starts_with("PagerDuty did not answer: ") && reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn a_storm_stays_under_pagerdutys_limit_and_the_rest_is_told_when_to_come_back() {
    let server = PagerDuty::start().await;
    server.limit();
    let channel = paging(&server.url(), "minimal").await;
    let mut later = 0;
    for number in 0..200 {
        let mut effect = page(&format!("k{number}"));
        effect.notice.priority = if number % 2 == 0 { Priority::P0 } else { Priority::P3 };
        match perform(&channel, &effect, 0).await {
            Ok(_) => {}
            Err(Failure::Transient { reason: _, retry_after: Some(_) }) => later += 1,
            other => panic!("{other:?}"),
        }
    }
    // A third of each lane at once: 27 of 83 urgent, 9 of 27 routine. The rest comes by the minute.
    assert!((36..60).contains(&server.accepted()), "{}", server.accepted());
    assert_eq!(statuses(&server), vec![Some(202); 200 - later]);
}
