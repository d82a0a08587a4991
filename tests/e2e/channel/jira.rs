//! Jira: one issue for an episode, found again by its label or by its receipt, and moved on when it is over.

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
use watchfire_tests::jira::{Issue, Jira};
use watchfire_tests::receiver::Receiver;

use super::pages::pages;
use super::{channel, clients, over, page, perform};

const KEY: &str = "wf1-5f3c9a-2";

async fn with(jira: &Receiver<Jira>, token: &str, more: Value) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("token");
    std::fs::write(&file, token).expect("a file");
    let mut config = json!({
        "site": jira.url("/"), "auth": {"email": Jira::EMAIL, "api_token": {"file": file}},
        "project": Jira::PROJECT, "resolve": "done", "pages_per_minute": 100_000,
        "priorities": {"P0": "Highest", "P2": "Low"},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    channel(&json!({"jira": config}).to_string(), &clients()).await
}

async fn to(jira: &Receiver<Jira>) -> Channel {
    with(jira, Jira::TOKEN, json!({})).await
}

async fn after(channel: &Channel, effect: &Effect, receipts: &[&str]) -> Result<Done, Failure> {
    let receipts = receipts.iter().map(|receipt| (*receipt).to_owned()).collect();
    channel.perform_after(effect, receipts, Instant::now()).await
}

fn issues(jira: &Receiver<Jira>) -> Vec<Issue> {
    jira.contract(|jira| jira.issues.clone())
}

fn of(kind: EffectKind) -> Effect {
    Effect { kind, ..page(KEY) }
}

#[tokio::test]
async fn every_kind_and_length_of_page_is_an_issue_that_is_taken() {
    let jira = Receiver::start(Jira::default()).await;
    let channel = with(&jira, Jira::TOKEN, json!({"payload": "standard", "labels": ["pager"]})).await;
    let mut long = page("long");
    long.notice.lists = vec![List { head: "All".to_owned(), lines: vec!["é".repeat(900); 100], more: 0 }];
    for effect in pages().into_iter().map(|(_, page)| page).chain([long]) {
        perform(&channel, &effect, 20).await.expect("taken");
    }
    assert!(jira.statuses().iter().all(|status| matches!(status, Some(200..=204))), "{:?}", jira.statuses());
}

#[tokio::test]
async fn an_episode_is_one_issue_from_its_page_to_its_end() {
    let jira = Receiver::start(Jira::default()).await;
    let channel = to(&jira).await;
    let mut low = page(KEY);
    low.notice.priority = Priority::P2;
    let made = after(&channel, &low, &[]).await.expect("made").receipt;
    assert_eq!(made, format!("ticket SEC-1 {}", jira.url("/browse/SEC-1")));
    assert_eq!(made.parse::<Ticket>().expect("a ticket").number, "SEC-1");
    // From here on the search finds nothing: what was said before is enough.
    jira.contract(|jira| jira.lags = true);
    for (effect, said) in [
        (Effect { kind: EffectKind::Update, ..low.clone() }, "commented"),
        (page(KEY), "commented"),
        (of(EffectKind::Acknowledge), "commented"),
        (over(KEY), "commented, moved on by done"),
    ] {
        assert_eq!(after(&channel, &effect, &[&made]).await, Ok(Done { receipt: format!("{made}, {said}") }));
    }
    let all = issues(&jira);
    assert_eq!(
        (all.len(), all[0].status, all[0].priority.as_str(), all[0].comments.len()),
        (1, "Done", "Highest", 4),
    );
    assert_eq!(all[0].labels, [KEY]);
    // Tried again after a crash it is over already.
    let again = after(&channel, &over(KEY), &[&made]).await.expect("taken").receipt;
    assert!(again.ends_with("commented, not moved on: there is no transition done but Reopen"), "{again}");
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_issue_and_an_escalation_is_said_on_the_first() {
    let jira = Receiver::start(Jira::default()).await;
    let channel = to(&jira).await;
    after(&channel, &page(KEY), &[]).await.expect("made");
    let again = after(&channel, &page(KEY), &[]).await.expect("taken").receipt;
    assert!(again.starts_with("ticket SEC-1 ") && again.ends_with(", commented"), "{again}");
    let escalated = Effect { dedup_key: DedupKey::new(format!("{KEY}-e1")), ..page(KEY) };
    after(&channel, &escalated, &[]).await.expect("taken");
    assert_eq!(issues(&jira).iter().map(|issue| issue.comments.len()).collect::<Vec<_>>(), [2]);
    let next = after(&channel, &page("wf1-5f3c9a-3"), &[]).await.expect("made").receipt;
    assert!(next.starts_with("ticket SEC-2 "), "another episode has its own: {next}");
}

#[tokio::test]
async fn an_issue_that_somebody_deleted_is_made_anew_by_news_and_not_by_an_end() {
    let jira = Receiver::start(Jira::default()).await;
    let channel = to(&jira).await;
    let made = after(&channel, &page(KEY), &[]).await.expect("made").receipt;
    jira.contract(|jira| jira.issues[0].status = "deleted");
    let gone = Ok(Done { receipt: "SEC-1 is gone".to_owned() });
    assert_eq!(after(&channel, &over(KEY), &[&made]).await, gone);
    assert_eq!(after(&channel, &of(EffectKind::Acknowledge), &[&made]).await, gone);
    let update = after(&channel, &of(EffectKind::Update), &[&made]).await.expect("made").receipt;
    assert!(update.starts_with("ticket SEC-2 "), "{update}");
    let never = after(&channel, &over("wf1-0000-1"), &[]).await;
    assert_eq!(never, Ok(Done { receipt: "there is no ticket".to_owned() }));
}

#[tokio::test]
async fn what_is_refused_is_made_bare_and_a_hint_is_waited_for() {
    let jira = Receiver::start(Jira::default()).await;
    let channel = with(&jira, Jira::TOKEN, json!({"priorities": {"P0": "Apocalyptic"}})).await;
    let bare = after(&channel, &page(KEY), &[]).await.expect("the least of it is taken").receipt;
    let why = ", bare, since all of it was refused: 400 refused: priority: The priority selected is invalid.";
    assert!(bare.ends_with(why), "{bare}");
    assert_eq!(issues(&jira)[0].description, "");
    let paced = to(&jira).await;
    let calls = jira.calls().len();
    jira.script([Fault::Dropped, Fault::Status(503, None), Fault::Status(429, Some(2))]);
    perform(&paced, &page("wf1-5f3c9a-4"), 60).await.expect("taken");
    let calls = &jira.calls()[calls..];
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>()[..3], [None, Some(503), Some(429)]);
    assert!(calls[3].at - calls[2].at >= std::time::Duration::from_secs(2), "{calls:?}");
    let typed = with(&jira, Jira::TOKEN, json!({"issue_type": "Nothing"})).await;
    let reason = "400 refused: issuetype: The issue type selected is invalid.".to_owned();
    assert_eq!(perform(&typed, &page("wf1-5f3c9a-5"), 5).await, Err(Failure::Permanent { reason }));
}

#[tokio::test]
async fn a_question_says_whether_the_project_is_there_and_no_reason_tells_the_token() {
    let jira = Receiver::start(Jira::default()).await;
    let known = Asked::Would("Jira has the project SEC (Security) for us".to_owned());
    assert_eq!(to(&jira).await.ask().await, Some(known));
    let other = with(&jira, Jira::TOKEN, json!({"project": "OPS"})).await.ask().await;
    let why = "404 not there, or not for us: No project could be found with key.".to_owned();
    assert_eq!(other, Some(Asked::WouldNot(why)));
    let stranger = with(&jira, "ATATT-hunter2-hunter2", json!({})).await;
    let Some(Asked::WouldNot(why)) = stranger.ask().await else { panic!("nobody knows that token") };
    assert!(why.starts_with("401 Jira does not know us") && !why.contains("hunter2"), "{why}");
    let later = after(&stranger, &page(KEY), &[]).await.expect_err("it may be mended");
    assert!(matches!(&later, Failure::Transient { reason, .. } if !reason.contains("hunter2")), "{later:?}");
    assert_eq!(issues(&jira), []);
}
