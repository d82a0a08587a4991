//! Slack: messages as a strict workspace takes them, kept up to date by whichever worker, and nothing an event says is more
//! than text.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use watchfire::channel::{Asked, Channel};
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::notice::Notice;
use watchfire_core::verdict::EffectKind;
use watchfire_tests::receiver::Receiver;
use watchfire_tests::slack::{Message, Slack};
use watchfire_tests::{Configuration, Fault, GuardDuty, Watchfire, until, watchfire};

use super::pages::pages;
use super::{channel, clients, over, page, perform};
use crate::support::directory;

const SOON: Duration = Duration::from_secs(20);

/// The members of a bot, its token in that folder.
fn bot(slack: &Receiver<Slack>, folder: &std::path::Path) -> Value {
    let file = folder.join("token");
    std::fs::write(&file, format!("{}\n", Slack::TOKEN)).expect("a file");
    json!({
        "bot": {"token": {"file": file}, "channel": Slack::CHANNEL}, "api": slack.url("/api/"), "payload": "standard",
    })
}

async fn of(config: Value) -> Channel {
    channel(&json!({"slack": config}).to_string(), &clients()).await
}

async fn by_bot(slack: &Receiver<Slack>) -> Channel {
    of(bot(slack, tempfile::tempdir().expect("a temporary folder").path())).await
}

async fn by_hook(slack: &Receiver<Slack>) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("url");
    std::fs::write(&file, slack.url(Slack::HOOK)).expect("a file");
    of(json!({"url": {"file": file}, "payload": "standard"})).await
}

fn messages(slack: &Receiver<Slack>) -> Vec<Message> {
    slack.contract(|slack| slack.messages.clone())
}

fn later(effect: EffectKind, why: &str) -> Effect {
    let Effect { notice, .. } = page("k");
    Effect { kind: effect, notice: Notice { why: why.to_owned(), ..notice }, ..page("k") }
}

async fn after(channel: &Channel, effect: &Effect, receipt: &str) -> Result<Done, Failure> {
    channel.perform_after(effect, vec![receipt.to_owned()], Instant::now() + Duration::from_secs(30)).await
}

#[tokio::test]
async fn one_message_is_kept_up_to_date_and_what_happened_stands_in_its_thread() {
    let slack = Receiver::start(Slack::default()).await;
    let receipt = perform(&by_bot(&slack).await, &page("k"), 5).await.expect("taken").receipt;
    assert_eq!(receipt, format!("message {}/1700000000.000001", Slack::CHANNEL));
    // Each by another worker, to whom only the journal says where the message is.
    let update =
        after(&by_bot(&slack).await, &later(EffectKind::Update, "contained"), &receipt).await.expect("taken");
    assert_eq!(update.receipt, format!("{receipt}, updated"));
    after(&by_bot(&slack).await, &later(EffectKind::Page, "worse"), &update.receipt).await.expect("taken");
    after(&by_bot(&slack).await, &later(EffectKind::Resolve, "archived"), &receipt).await.expect("taken");
    let (said, thread) = slack.contract(|slack| {
        let threads = slack.thread();
        assert_eq!(threads.len(), 1);
        let thread: Vec<_> = threads[0].1.iter().map(|reply| (reply.text.clone(), reply.broadcast)).collect();
        (threads[0].0.clone(), thread)
    });
    let title = "Bitcoin miner in pod kasse/zähler-1 &lt;b&gt;\"now\"&lt;/b&gt;";
    let expected = [
        (format!("[P0] Update: {title}: contained"), false),
        (format!("[P0] {title}: worse"), true),
        (format!("[P0] Resolved: {title}: archived"), false),
    ];
    assert_eq!((said.edits, said.text, thread), (3, format!("[P0] Resolved: {title}"), expected.to_vec()));
}

#[tokio::test]
async fn a_note_stands_in_the_thread_and_leaves_the_message_as_it_is() {
    let slack = Receiver::start(Slack::default()).await;
    let receipt = perform(&by_bot(&slack).await, &page("k"), 5).await.expect("taken").receipt;
    after(&by_bot(&slack).await, &later(EffectKind::Resolve, "archived"), &receipt).await.expect("taken");
    let mut note = later(EffectKind::Update, "noted by jane");
    note.notice.note = Some("it was <!channel> the load test".to_owned());
    let noted = after(&by_bot(&slack).await, &note, &receipt).await.expect("taken");
    assert_eq!(noted.receipt, format!("{receipt}, noted"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut minimal = bot(&slack, folder.path());
    minimal["payload"] = "minimal".into();
    after(&of(minimal).await, &note, &receipt).await.expect("taken");
    let (said, thread) = slack.contract(|slack| {
        let threads = slack.thread();
        (threads[0].0.clone(), threads[0].1.iter().map(|reply| reply.text.clone()).collect::<Vec<_>>())
    });
    assert!(said.edits == 1 && said.text.starts_with("[P0] Resolved: "), "{said:?}");
    assert_eq!(
        thread[1..],
        [
            "noted by jane: it was &lt;!channel&gt; the load test",
            "noted by jane; its text stays with the incident"
        ]
    );
}

#[tokio::test]
async fn every_kind_of_page_is_as_slack_takes_it_and_has_no_link_but_ours() {
    let slack = Receiver::start(Slack::default()).await;
    for payload in ["minimal", "standard"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = bot(&slack, folder.path());
        config["payload"] = payload.into();
        for (name, page) in pages() {
            // A channel of its own, so that no pace is kept.
            let done = perform(&of(config.clone()).await, &page, 5).await;
            assert!(done.is_ok(), "{name}: {done:?}");
        }
    }
    let calls = slack.calls();
    assert_eq!(calls.len(), 2 * pages().len(), "none was sent again as a line");
    for message in messages(&slack) {
        assert!(message.active().iter().all(|link| link.starts_with("https://")), "{message:?}");
    }
}

#[tokio::test]
async fn nothing_an_event_says_calls_anybody_or_leads_anywhere() {
    let slack = Receiver::start(Slack::default()).await;
    let hostile =
        "<!channel> <!here|x> <@U0123ABC> <#C0123ABCDEF> <https://evil.example.com|Runbook> @channel";
    let mut effect = page("k");
    let hostile_fact = |fact: &mut watchfire_core::notice::Fact| fact.value = hostile.to_owned();
    effect.notice.title = hostile.to_owned();
    effect.notice.description = hostile.to_owned();
    effect.notice.why = hostile.to_owned();
    effect.notice.facts.iter_mut().for_each(hostile_fact);
    let receipt = perform(&by_bot(&slack).await, &effect, 5).await.expect("taken").receipt;
    after(&by_bot(&slack).await, &Effect { kind: EffectKind::Update, ..effect.clone() }, &receipt)
        .await
        .expect("taken");
    perform(&by_hook(&slack).await, &effect, 5).await.expect("taken");
    let runbook = "https://runbooks.example.com/mining?a=1&amp;b=2|Runbook";
    for message in messages(&slack) {
        let ours = if message.blocks.is_empty() { vec![] } else { vec![runbook] };
        assert_eq!(message.active(), ours, "{message:?}");
        assert!(message.blocks.is_empty() || message.shown().contains("<!channel> <!here|x>"), "{message:?}");
    }
    for call in slack.calls() {
        assert_eq!((&call.json()["parse"], &call.json()["mrkdwn"]), (&json!("none"), &json!(false)));
    }
}

#[tokio::test]
async fn slacks_hint_is_waited_for_and_a_burst_comes_a_second_apart() {
    let slack = Receiver::start(Slack { limited: true, ..Slack::default() }).await;
    let channel = by_bot(&slack).await;
    slack.script([Fault::Dropped, Fault::Status(503, None), Fault::Status(429, Some(2))]);
    perform(&channel, &page("k"), 60).await.expect("taken");
    assert_eq!(slack.statuses(), [None, Some(503), Some(429), Some(200)]);
    let calls = slack.calls();
    assert!(calls[3].at - calls[2].at >= Duration::from_secs(2), "{calls:?}");
    let (one, two, three) = (page("1"), page("2"), page("3"));
    let burst = [&one, &two, &three].map(|page| perform(&channel, page, 30));
    assert!(futures_util::future::join_all(burst).await.iter().all(Result::is_ok));
    let calls = slack.calls();
    assert_eq!(slack.statuses()[4..], [Some(200); 3], "Slack never had to refuse one");
    assert!(calls[6].at - calls[4].at >= Duration::from_secs(2), "{calls:?}");
}

#[tokio::test]
async fn what_can_be_mended_is_waited_for_and_what_is_wrong_with_a_message_is_said_as_a_line() {
    let slack = Receiver::start(Slack::default()).await;
    for error in ["not_in_channel", "invalid_auth", "an_error_of_tomorrow"] {
        slack.contract(|slack| slack.refuses = Some(error));
        let later = perform(&by_bot(&slack).await, &page("k"), 0).await;
        let Err(Failure::Transient { reason, retry_after: Some(_) }) = later else { panic!("{later:?}") };
        assert_eq!(reason, format!("refused with {error}"));
    }
    slack.contract(|slack| slack.refuses = Some("msg_blocks_too_long"));
    let calls = slack.calls().len();
    let reason = "refused with msg_blocks_too_long; all of it: refused with msg_blocks_too_long".to_owned();
    assert_eq!(perform(&by_bot(&slack).await, &page("k"), 60).await, Err(Failure::Permanent { reason }));
    let lines: Vec<_> = slack.calls()[calls..].iter().map(|call| call.json()["blocks"].is_null()).collect();
    assert_eq!(lines, [false, true]);
}

#[tokio::test]
async fn where_somebody_deleted_the_message_another_takes_its_place() {
    let slack = Receiver::start(Slack::default()).await;
    let receipt = perform(&by_bot(&slack).await, &page("k"), 5).await.expect("taken").receipt;
    slack.contract(|slack| slack.messages.clear());
    let done = after(&by_bot(&slack).await, &later(EffectKind::Update, "contained"), &receipt).await;
    assert_eq!(done, Ok(Done { receipt }), "the first place is free again in this workspace");
    assert_eq!(messages(&slack).len(), 1);
}

#[tokio::test]
async fn a_webhook_says_each_thing_anew_and_no_reason_tells_its_address() {
    let slack = Receiver::start(Slack::default()).await;
    let channel = by_hook(&slack).await;
    for effect in [page("k"), over("k")] {
        assert_eq!(perform(&channel, &effect, 5).await, Ok(Done { receipt: "taken".to_owned() }));
    }
    assert_eq!(messages(&slack).iter().map(|message| message.edits).collect::<Vec<_>>(), [0, 0]);
    // A channel of its own, so that no pace is kept.
    let channel = by_hook(&slack).await;
    drop(slack);
    let gone = perform(&channel, &page("k"), 0).await.expect_err("nobody is there").to_string();
    assert!(gone.starts_with("Slack did not answer: ") && !gone.contains("s3cret"), "{gone}");
}

#[tokio::test]
async fn a_question_says_who_the_bot_is_or_that_the_webhook_is_there_and_nobody_hears_of_it() {
    let slack = Receiver::start(Slack::default()).await;
    let asked = by_bot(&slack).await.ask().await;
    assert_eq!(asked, Some(Asked::Would("Slack knows the bot watchfire of Example".to_owned())));
    assert_eq!(by_hook(&slack).await.ask().await, Some(Asked::Would("the webhook is there".to_owned())));
    slack.contract(|slack| slack.refuses = Some("no_service"));
    assert_eq!(
        by_hook(&slack).await.ask().await,
        Some(Asked::WouldNot("404 refused: no_service".to_owned()))
    );
    assert_eq!(messages(&slack), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_with_the_message_of_an_incident_after_a_restart_and_a_drill_is_one_message() {
    let slack = Receiver::start(Slack::default()).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let configuration = Configuration::new("http://127.0.0.1:9/v2/enqueue")
        .set("channels.oncall", json!({"slack": bot(&slack, folder.path())}))
        .set("http.token", json!({"env": "PD_KEY"}))
        .set("http.operator_token", json!({"env": "INGEST_TOKEN"}));
    let mut worker = Watchfire::start(&configuration, None).await;
    let miner = GuardDuty::miner("shop");
    assert_eq!(post(&worker, miner.event("first")).await, 202);
    until("the message", SOON, async || (messages(&slack).len() == 1).then_some(())).await;
    // On disk, too: of a message that nobody knows to have been sent, another is sent.
    let told =
        async || worker.command(&["why", "first"]).stdout.contains("page to oncall: done").then_some(());
    until("its outcome", SOON, told).await;
    worker.kill9();
    worker.restart().await;
    let incidents: Value =
        serde_json::from_str(&worker.command(&["incidents", "list", "-o", "json"]).stdout).unwrap();
    let incident = incidents["incidents"][0]["key"].as_str().expect("an incident");
    let acknowledged = worker.command(&["incidents", "ack", incident, "--by", "jane"]);
    assert_eq!(acknowledged.code, 0, "{}", acknowledged.stderr);
    until("the answer of somebody", SOON, async || (messages(&slack).len() == 2).then_some(())).await;
    assert_eq!(post(&worker, miner.archived().event("over")).await, 202);
    until("its end", SOON, async || (messages(&slack).len() == 3).then_some(())).await;
    let heads = slack.contract(|slack| {
        slack
            .thread()
            .iter()
            .map(|(head, thread)| (head.edits, head.text.clone(), thread.len()))
            .collect::<Vec<_>>()
    });
    assert_eq!((heads.len(), heads[0].0, heads[0].2), (1, 2, 2), "{heads:?}");
    assert!(heads[0].1.starts_with("[P0] Resolved: "), "{heads:?}");

    let place = directory(&[("watchfire.yaml", &configuration.text())]);
    let drill = watchfire(place.path(), &["send-test", "--by", "jane", "--channel", "oncall"], "");
    assert_eq!(drill.code, 0, "{}{}", drill.stdout, drill.stderr);
    let last = slack.contract(|slack| {
        let (head, thread) = slack.thread().pop().expect("the drill");
        (head.text.clone(), head.edits, thread.len())
    });
    assert_eq!(last, ("DRILL [P0] Resolved: A test page: nothing has happened".to_owned(), 1, 1));
}

/// As a sender does who has the token.
async fn post(worker: &Watchfire, event: impl ToString) -> u16 {
    let request = watchfire_tests::http()
        .post(format!("{}/v1/events", worker.ingest))
        .bearer_auth(Configuration::ROUTING_KEY);
    let request = request.header("content-type", "application/json").body(event.to_string());
    request.send().await.expect("it answers").status().as_u16()
}
