//! Alertmanager: what fires there is what is open here, by labels that stay, and every one of a cluster hears of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use watchfire::channel::{Asked, Channel};
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::priority::Priority;
use watchfire_core::verdict::EffectKind;
use watchfire_tests::Fault;
use watchfire_tests::alertmanager::Alertmanager;
use watchfire_tests::receiver::Receiver;

use super::pages::pages;
use super::{channel, clients, over, page, perform};

async fn to(all: &[&Receiver<Alertmanager>]) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("authorization");
    std::fs::write(&file, Alertmanager::AUTHORIZATION).expect("a file");
    let urls: Vec<_> = all.iter().map(|one| one.url("/am/")).collect();
    let config = json!({"alertmanager": {"urls": urls, "authorization": {"file": file},
        "labels": {"team": "secops"}, "messages_per_minute": 100_000}});
    channel(&config.to_string(), &clients()).await
}

/// With what the channel said before.
async fn after(channel: &Channel, effect: &Effect, receipts: &[String]) -> Result<Done, Failure> {
    channel.perform_after(effect, receipts.to_vec(), Instant::now()).await
}

fn firing(alertmanager: &Receiver<Alertmanager>) -> Vec<Value> {
    alertmanager.contract(|alertmanager| alertmanager.firing(Timestamp::now()))
}

#[tokio::test]
async fn every_kind_and_length_of_page_is_an_alert_that_alertmanager_takes() {
    let alertmanager = Receiver::start(Alertmanager::default()).await;
    let channel = to(&[&alertmanager]).await;
    for (name, page) in pages() {
        perform(&channel, &page, 20).await.expect(&name);
    }
    assert_eq!(alertmanager.statuses(), vec![Some(200); pages().len()]);
}

#[tokio::test]
async fn an_alert_fires_until_its_end_and_a_higher_priority_takes_its_place() {
    let alertmanager = Receiver::start(Alertmanager::default()).await;
    let channel = to(&[&alertmanager]).await;
    let mut low = page("k");
    low.notice.priority = Priority::P2;
    let mut receipts = vec![after(&channel, &low, &[]).await.expect("taken").receipt];
    receipts.push(after(&channel, &page("k"), &receipts).await.expect("taken").receipt);
    let mut update = Effect { kind: EffectKind::Update, ..page("k") };
    update.notice.facts.clear();
    receipts.push(after(&channel, &update, &receipts).await.expect("taken").receipt);
    let labels = firing(&alertmanager);
    assert_eq!(labels.len(), 1, "{labels:?}");
    let severities = (&labels[0]["priority"], &labels[0]["severity"], &labels[0]["dedup_key"]);
    assert_eq!(severities, (&json!("P0"), &json!("critical"), &json!("k")));
    assert_eq!(after(&channel, &over("k"), &receipts).await, Ok(Done { receipt: "ended".to_owned() }));
    assert_eq!(firing(&alertmanager), Vec::<Value>::new());
}

#[tokio::test]
async fn one_of_a_cluster_is_enough_and_which_is_missing_is_said() {
    let (one, other) =
        (Receiver::start(Alertmanager::default()).await, Receiver::start(Alertmanager::default()).await);
    let channel = to(&[&one, &other]).await;
    one.script([Fault::Status(503, None)]);
    let receipt = perform(&channel, &page("k"), 5).await.expect("taken by the other").receipt;
    assert!(
        receipt.ends_with("; 1 of 2 did not take it: 503 Alertmanager failed: 503 as scripted"),
        "{receipt}"
    );
    assert_eq!((firing(&one).len(), firing(&other).len()), (0, 1));
    one.script([Fault::Dropped, Fault::Status(429, Some(1))]);
    other.script([Fault::Status(500, None), Fault::Status(502, None)]);
    perform(&channel, &page("k"), 60).await.expect("taken in the end");
    assert_eq!((firing(&one).len(), firing(&other).len()), (1, 1));
    let said = "Alertmanager 0.34.0, Alertmanager 0.34.0".to_owned();
    assert_eq!(channel.ask().await, Some(Asked::Would(said)));
}

#[tokio::test]
async fn what_is_refused_is_sent_once_more_without_its_text_and_no_reason_tells_the_header() {
    let alertmanager = Receiver::start(Alertmanager::default()).await;
    let channel = to(&[&alertmanager]).await;
    alertmanager.script([Fault::Status(400, None)]);
    perform(&channel, &page("k"), 5).await.expect("its labels are taken");
    let calls = alertmanager.calls();
    let annotations: Vec<_> = calls.iter().map(|call| call.json()[0]["annotations"] == json!({})).collect();
    assert_eq!(annotations, [false, true]);
    alertmanager.script([Fault::Status(400, None), Fault::Status(413, None)]);
    let reason = "413 too large: 413 as scripted; all of it: 400 refused: 400 as scripted".to_owned();
    assert_eq!(perform(&channel, &page("k"), 5).await, Err(Failure::Permanent { reason }));
    drop(alertmanager);
    let gone = perform(&channel, &page("k"), 0).await.expect_err("nobody is there").to_string();
    assert!(gone.starts_with("Alertmanager did not answer: ") && !gone.contains("hunter2"), "{gone}");
}
