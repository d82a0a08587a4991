//! ServiceNow: one record for an episode, found again by its correlation id or its receipt, and resolved when it is over.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::Instant;
use watchfire::channel::{Asked, Channel, Ticket};
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::ids::DedupKey;
use watchfire_core::notice::List;
use watchfire_core::priority::Priority;
use watchfire_core::verdict::EffectKind;
use watchfire_tests::Fault;
use watchfire_tests::receiver::Receiver;
use watchfire_tests::servicenow::{Record, ServiceNow};

use super::pages::pages;
use super::{channel, clients, over, page, perform};

const KEY: &str = "wf1-5f3c9a-2";

async fn with(server: &Receiver<ServiceNow>, password: &str, more: Value) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("password");
    std::fs::write(&file, password).expect("a file");
    let mut config = json!({
        "instance": server.url("/"), "auth": {"user": ServiceNow::USER, "password": {"file": file}},
        "fields": {"assignment_group": "secops"}, "pages_per_minute": 100_000,
        "resolve": {"state": "6", "close_code": "Resolved by caller", "close_notes": "Watchfire: it is over"},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    channel(&json!({"servicenow": config}).to_string(), &clients()).await
}

async fn to(server: &Receiver<ServiceNow>) -> Channel {
    with(server, ServiceNow::PASSWORD, json!({})).await
}

async fn after(channel: &Channel, effect: &Effect, receipts: &[&str]) -> Result<Done, Failure> {
    let receipts = receipts.iter().map(|receipt| (*receipt).to_owned()).collect();
    channel.perform_after(effect, receipts, Instant::now()).await
}

fn records(server: &Receiver<ServiceNow>) -> Vec<Option<Record>> {
    server.contract(|server| server.records.clone())
}

fn of(kind: EffectKind) -> Effect {
    Effect { kind, ..page(KEY) }
}

#[tokio::test]
async fn every_kind_and_length_of_page_is_a_record_that_is_taken() {
    let server = Receiver::start(ServiceNow::default()).await;
    let channel = with(&server, ServiceNow::PASSWORD, json!({"payload": "standard"})).await;
    let mut long = page("long");
    long.notice.lists = vec![List { head: "All".to_owned(), lines: vec!["é".repeat(900); 100], more: 0 }];
    for effect in pages().into_iter().map(|(_, page)| page).chain([long]) {
        perform(&channel, &effect, 20).await.expect("taken");
    }
    assert!(
        server.statuses().iter().all(|status| matches!(status, Some(200 | 201))),
        "{:?}",
        server.statuses()
    );
}

#[tokio::test]
async fn an_episode_is_one_record_from_its_page_to_its_end() {
    let server = Receiver::start(ServiceNow::default()).await;
    let channel = to(&server).await;
    let mut low = page(KEY);
    low.notice.priority = Priority::P2;
    let made = after(&channel, &low, &[]).await.expect("made").receipt;
    let url = server.url(&format!("/incident.do?sys_id={:032x}", 1));
    assert_eq!(made, format!("ticket INC0000001 {url}"));
    assert_eq!(made.parse::<Ticket>().expect("a ticket").url.as_str(), url);
    let read = |name: &str| {
        let record = records(&server)[0].clone().expect("it is there");
        record.fields.get(name).cloned().unwrap_or_default()
    };
    assert_eq!(
        (read("urgency"), read("impact"), read("correlation_id")),
        ("2".into(), "2".into(), KEY.to_owned())
    );
    for (effect, said) in [
        (Effect { kind: EffectKind::Update, ..low.clone() }, "noted"),
        (page(KEY), "noted"),
        (of(EffectKind::Acknowledge), "noted"),
        (over(KEY), "resolved"),
    ] {
        assert_eq!(after(&channel, &effect, &[&made]).await, Ok(Done { receipt: format!("{made}, {said}") }));
    }
    let record = records(&server)[0].clone().expect("it is there");
    assert_eq!((records(&server).len(), record.work_notes.len()), (1, 4));
    let fields = record.fields.iter().filter(|(name, _)| !name.contains("description"));
    let fields: BTreeMap<_, _> = fields.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = BTreeMap::from([
        ("assignment_group", "secops"),
        ("close_code", "Resolved by caller"),
        ("close_notes", "Watchfire: it is over"),
        ("correlation_display", "Watchfire"),
        ("correlation_id", KEY),
        ("impact", "1"),
        ("state", "6"),
        ("urgency", "1"),
    ]);
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_record_and_an_escalation_is_noted_on_the_first() {
    let server = Receiver::start(ServiceNow::default()).await;
    let channel = to(&server).await;
    after(&channel, &page(KEY), &[]).await.expect("made");
    let again = after(&channel, &page(KEY), &[]).await.expect("taken").receipt;
    assert!(again.starts_with("ticket INC0000001 ") && again.ends_with(", noted"), "{again}");
    let escalated = Effect { dedup_key: DedupKey::new(format!("{KEY}-e1")), ..page(KEY) };
    after(&channel, &escalated, &[]).await.expect("taken");
    let next = after(&channel, &page("wf1-5f3c9a-3"), &[]).await.expect("made").receipt;
    assert!(next.starts_with("ticket INC0000002 "), "another episode has its own: {next}");
    server.contract(|server| server.records[0] = None);
    let gone = after(&channel, &over(KEY), &[&again]).await;
    assert_eq!(gone, Ok(Done { receipt: "INC0000001 is gone".to_owned() }));
    let anew = after(&channel, &of(EffectKind::Update), &[&again]).await.expect("made").receipt;
    assert!(anew.starts_with("ticket INC0000003 "), "{anew}");
}

#[tokio::test]
async fn what_is_refused_is_made_bare_and_a_hint_is_waited_for() {
    let server = Receiver::start(ServiceNow::default()).await;
    let channel = with(&server, ServiceNow::PASSWORD, json!({"fields": {"u_team": "secops"}})).await;
    let bare = after(&channel, &page(KEY), &[]).await.expect("the least of it is taken").receipt;
    assert!(
        bare.ends_with(", bare, since all of it was refused: 400 refused: Invalid field: u_team"),
        "{bare}"
    );
    let paced = to(&server).await;
    let calls = server.calls().len();
    server.script([Fault::Dropped, Fault::Status(503, None), Fault::Status(429, Some(2))]);
    perform(&paced, &page("wf1-5f3c9a-4"), 60).await.expect("taken");
    let calls = &server.calls()[calls..];
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>()[..3], [None, Some(503), Some(429)]);
    assert!(calls[3].at - calls[2].at >= std::time::Duration::from_secs(2), "{calls:?}");
    server.script([Fault::Status(200, None)]);
    let asleep = after(&paced, &page("wf1-5f3c9a-5"), &[]).await;
    assert!(matches!(asleep, Err(Failure::Transient { .. })), "it says nothing of a record: {asleep:?}");
}

#[tokio::test]
async fn a_question_says_whether_the_table_can_be_read_and_no_reason_tells_the_password() {
    let server = Receiver::start(ServiceNow::default()).await;
    let known = Asked::Would("ServiceNow lets us read incident".to_owned());
    assert_eq!(to(&server).await.ask().await, Some(known));
    let stranger = with(&server, "hunter2hunter2", json!({})).await;
    let Some(Asked::WouldNot(why)) = stranger.ask().await else { panic!("nobody knows that password") };
    assert!(why.starts_with("401 ServiceNow does not know us") && !why.contains("hunter2"), "{why}");
    let other = with(&server, ServiceNow::PASSWORD, json!({"table": "em_event"})).await.ask().await;
    assert!(matches!(other, Some(Asked::WouldNot(_))), "{other:?}");
    assert_eq!(records(&server), []);
}
