//! Jira Service Management: one alert of an episode, kept up to date, and nothing is taken for done that is only accepted.

use serde_json::json;
use tokio::time::Instant;
use watchfire::channel::{Asked, Channel};
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::notice::List;
use watchfire_core::priority::Priority;
use watchfire_core::verdict::EffectKind;
use watchfire_tests::Fault;
use watchfire_tests::jsm::{Alert, Jsm};
use watchfire_tests::receiver::Receiver;

use super::pages::pages;
use super::{channel, clients, over, page, perform};

async fn by_key(jsm: &Receiver<Jsm>, key: &str, payload: &str) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    std::fs::write(&file, key).expect("a file");
    let config = json!({"jsm": {"api_key": {"file": file}, "url": jsm.url(Jsm::BASE), "payload": payload,
        "tags": ["watchfire"], "responders": [{"team": "secops"}], "calls_per_minute": 100_000}});
    channel(&config.to_string(), &clients()).await
}

async fn to(jsm: &Receiver<Jsm>) -> Channel {
    by_key(jsm, Jsm::KEY, "minimal").await
}

/// With what the channel said before, in one attempt.
async fn after(channel: &Channel, effect: &Effect, receipts: &[String]) -> Result<Done, Failure> {
    channel.perform_after(effect, receipts.to_vec(), Instant::now()).await
}

fn alerts(jsm: &Receiver<Jsm>) -> Vec<Alert> {
    jsm.contract(|jsm| jsm.alerts.clone())
}

#[tokio::test]
async fn every_kind_and_length_of_page_is_a_request_that_is_taken() {
    let jsm = Receiver::start(Jsm::default()).await;
    let channel = by_key(&jsm, Jsm::KEY, "standard").await;
    let mut long = page("k");
    long.notice.lists = vec![List { head: "All".to_owned(), lines: vec!["é".repeat(900); 100], more: 0 }];
    let effects: Vec<_> = pages().into_iter().map(|(_, page)| page).chain([long]).collect();
    for effect in &effects {
        perform(&channel, effect, 20).await.expect("taken");
    }
    assert!(jsm.statuses().iter().all(|status| matches!(status, Some(200 | 202))), "{:?}", jsm.statuses());
}

#[tokio::test]
async fn an_episode_is_one_alert_from_its_page_to_its_end() {
    let jsm = Receiver::start(Jsm::default()).await;
    let channel = to(&jsm).await;
    let mut low = page("v1:5f3c9a:2");
    low.notice.priority = Priority::P2;
    let mut receipts = vec![after(&channel, &low, &[]).await.expect("made").receipt];
    assert_eq!(receipts, ["alert alert-1"]);
    for (effect, receipt) in [
        (Effect { kind: EffectKind::Update, ..low.clone() }, "noted"),
        (page("v1:5f3c9a:2"), "alert alert-1; raised; noted"),
        (Effect { kind: EffectKind::Acknowledge, ..low.clone() }, "acknowledged"),
        (over("v1:5f3c9a:2"), "closed"),
    ] {
        let done = after(&channel, &effect, &receipts).await;
        assert_eq!(done, Ok(Done { receipt: receipt.to_owned() }));
        receipts.push(receipt.to_owned());
    }
    let all = alerts(&jsm);
    let (alert, notes) = (&all[0], all[0].notes.len());
    assert_eq!(
        (all.len(), alert.priority.as_str(), alert.status, alert.count, notes),
        (1, "P1", "closed", 2, 2)
    );
}

#[tokio::test]
async fn a_page_that_is_accepted_and_not_there_is_asked_for_again_and_counts_up() {
    let jsm = Receiver::start(Jsm { slow: 2, ..Jsm::default() }).await;
    let channel = to(&jsm).await;
    assert_eq!(perform(&channel, &page("k"), 20).await, Ok(Done { receipt: "alert alert-1".to_owned() }));
    jsm.contract(|jsm| jsm.slow = 100);
    let Err(Failure::Transient { reason, .. }) = perform(&channel, &page("k"), 0).await else {
        panic!("accepted is not there");
    };
    assert!(
        reason.starts_with("JSM has taken request request-") && reason.ends_with("no alert of it yet"),
        "{reason}"
    );
    let noted =
        after(&channel, &Effect { kind: EffectKind::Update, ..page("k") }, &["alert alert-1".to_owned()])
            .await;
    assert!(noted.is_ok_and(|done| done.receipt.starts_with("noted is asked for, request request-")));
    assert_eq!(alerts(&jsm).len(), 1);
}

#[tokio::test]
async fn what_is_refused_or_gone_has_its_fate() {
    let jsm = Receiver::start(Jsm::default()).await;
    let channel = to(&jsm).await;
    let closed = after(&channel, &over("never"), &[]).await;
    let receipt = "not closed: taken, and then not done: Alert does not exist".to_owned();
    assert_eq!(closed, Ok(Done { receipt }));
    let update = Effect { kind: EffectKind::Update, ..page("deleted") };
    let made = after(&channel, &update, &["alert alert-9".to_owned()]).await;
    assert_eq!(made, Ok(Done { receipt: "alert alert-1".to_owned() }), "somebody has deleted it");
    jsm.script([
        Fault::Dropped,
        Fault::Status(503, None),
        Fault::Status(429, Some(1)),
        Fault::Status(422, None),
    ]);
    let bare = perform(&channel, &page("k"), 60).await.expect("the least of it is taken").receipt;
    assert!(bare.starts_with("alert alert-2, bare, since all of it was refused: 422 refused: "), "{bare}");
    jsm.contract(|jsm| jsm.fails = Some("Team does not exist"));
    let reason = "taken, and then not done: Team does not exist".to_owned();
    assert_eq!(perform(&channel, &page("other"), 5).await, Err(Failure::Permanent { reason }));
}

#[tokio::test]
async fn a_question_says_whether_the_key_is_known_and_makes_no_alert() {
    let jsm = Receiver::start(Jsm::default()).await;
    let known = Asked::Would("JSM takes requests by this key".to_owned());
    assert_eq!(to(&jsm).await.ask().await, Some(known));
    let stranger = by_key(&jsm, "00000000-0000-0000-0000-hunter2", "minimal").await;
    let Some(Asked::WouldNot(why)) = stranger.ask().await else { panic!("nobody knows that key") };
    assert!(why.starts_with("403 JSM does not know us") && !why.contains("hunter2"), "{why}");
    assert_eq!(alerts(&jsm), []);
}
