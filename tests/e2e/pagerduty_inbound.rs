//! What people do in PagerDuty: heard by webhook or by asking, once, and from nobody else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::clients::Clients;
use watchfire::config::Config;
use watchfire::pagerduty::{Inbound, Poller, Unheard};
use watchfire::router::{PollRound, Router};
use watchfire::web::{Webhooks, webhooks};
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::ids::{ChannelName, DedupKey, IncidentKey, incident_of};
use watchfire_tests::pagerduty::webhook::{Delivery, ping, signature};
use watchfire_tests::pagerduty::{Deed, Question};
use watchfire_tests::{Configuration, Fault, GuardDuty, PagerDuty, Watchfire, in_process, until};

use crate::support::SOON;

const OLD: &str = "the-older-secret-of-these-tests";
const NEW: &str = "the-newer-secret-of-these-tests";

/// A router that has paged one incident, its webhook route, and its poller.
struct Stage {
    pagerduty: PagerDuty,
    router: Arc<Router>,
    poller: Poller,
    /// The dedup key of the page.
    key: String,
    /// Where webhooks go.
    url: String,
    _folder: TempDir,
}

/// Listening with both secrets, and a token, from files.
fn listening(folder: &std::path::Path, pagerduty: &PagerDuty, token: &str) -> Configuration {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("the folder can be written");
        json!({"file": path})
    };
    let secrets = json!([file("old", OLD), file("new", NEW)]);
    let poll = json!({"token": file("token", token), "api": pagerduty.api_url(), "every_seconds": 5});
    Configuration::new(&pagerduty.url())
        .set("channels.oncall.pagerduty.webhook_secrets", secrets)
        .set("channels.oncall.pagerduty.poll", poll)
}

impl Stage {
    async fn new() -> Self {
        Self::with_token(PagerDuty::API_TOKEN).await
    }

    async fn with_token(token: &str) -> Self {
        let (folder, pagerduty) = (tempfile::tempdir().expect("a folder"), PagerDuty::start().await);
        let configuration = listening(folder.path(), &pagerduty, token);
        let router = Arc::new(in_process::router(folder.path(), in_process::noon(), &configuration).await);
        router.handle(&GuardDuty::miner("heard-1").event("event-1").to_string()).await.expect("it is paged");
        let (key, _) = pagerduty.arrivals().remove(0);

        let config = Config::parse("test", &configuration.text()).expect("no mistakes");
        let clients = Clients::new(None).expect("TLS is there");
        let Inbound { signers, mut pollers } =
            Inbound::open(&config.channels, &clients).await.expect("the secrets are there");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1/pagerduty/webhooks", listener.local_addr().expect("it is bound"));
        let routes = webhooks(Webhooks::new(router.clone(), signers));
        tokio::spawn(axum::serve(listener, routes).into_future());
        Self { pagerduty, router, poller: pollers.remove(0), key, url, _folder: folder }
    }

    fn incident(&self) -> IncidentKey {
        incident_of(&self.key).expect("it is one of ours").0
    }

    /// What has been heard, the oldest first: each command with its kind in the journal.
    async fn heard(&self) -> Vec<(String, Command)> {
        let entries = self.router.journal(100).await.expect("the store answers");
        let told =
            entries.into_iter().rev().filter(|entry| entry.decision.event.as_str().starts_with("pagerduty:"));
        told.map(|entry| (entry.decision.kind, serde_json::from_str(&entry.raw).expect("a command")))
            .collect()
    }

    /// What is heard, without the ids and reasons.
    async fn wishes(&self) -> Vec<(String, String, CommandKind)> {
        let heard = self.heard().await.into_iter();
        heard.map(|(kind, command)| (kind, command.by, command.wish)).collect()
    }

    async fn deliver(&self, event: &Value) -> (u16, Value) {
        Delivery::of(event, "delivery-1", &[OLD]).send(&self.url).await
    }

    async fn ask(&self) -> Result<PollRound, Unheard> {
        watchfire::router::poll_round(&self.router, &self.poller, vec![DedupKey::new(self.key.clone())]).await
    }
}

fn heard(status: u16, word: &str) -> (u16, Value) {
    (status, json!({"heard": word}))
}

fn said(kind: &str, by: &str, wish: CommandKind) -> (String, String, CommandKind) {
    (format!("Command:{kind}"), by.to_owned(), wish)
}

#[tokio::test]
async fn an_acknowledgement_that_pagerduty_signed_is_a_command_in_the_journal() {
    let stage = Stage::new().await;
    let event = stage.pagerduty.handle(&stage.key, "Jane", Deed::Acknowledge);
    assert_eq!(stage.deliver(&event).await, heard(202, "decided"));
    let id = event["event"]["id"].as_str().unwrap();
    let command = Command {
        id: watchfire_core::ids::EventId::new(format!("pagerduty:{id}")),
        by: "pagerduty: Jane".to_owned(),
        reason: "incident.acknowledged, webhook delivery-1".to_owned(),
        via: Some(ChannelName::new("oncall")),
        episode: Some(1),
        plan: None,
        caller: None,
        from: None,
        wish: CommandKind::Acknowledge(stage.incident()),
    };
    assert_eq!(stage.heard().await, [("Command:acknowledge".to_owned(), command)]);
}

#[tokio::test]
async fn whatever_people_do_to_an_incident_is_heard_and_an_escalation_is_nobodys_doing() {
    let stage = Stage::new().await;
    let deeds = [
        (Deed::Acknowledge, heard(202, "decided")),
        (Deed::Unacknowledge, heard(202, "decided")),
        (Deed::Escalate("Second Level"), heard(200, "unconcerned")),
        (Deed::Reassign("Ken"), heard(202, "decided")),
        (Deed::Resolve, heard(202, "decided")),
    ];
    for (deed, answer) in deeds {
        let event = stage.pagerduty.handle(&stage.key, "Jane", deed);
        assert_eq!(stage.deliver(&event).await, answer, "{deed:?}");
    }
    let (incident, by) = (stage.incident(), "pagerduty: Jane");
    let to = "pagerduty: Ken".to_owned();
    // The order within a journal that stands at one time is by id, which counts.
    let mut expected = vec![
        said("acknowledge", by, CommandKind::Acknowledge(incident.clone())),
        said("unacknowledge", by, CommandKind::Unacknowledge(incident.clone())),
        said("reassign", by, CommandKind::Reassign { incident: incident.clone(), to }),
        said("resolve", by, CommandKind::Resolve(incident)),
    ];
    let mut wishes = stage.wishes().await;
    let by_kind = |(kind, _, _): &(String, String, CommandKind)| kind.clone();
    expected.sort_by_key(by_kind);
    wishes.sort_by_key(by_kind);
    assert_eq!(wishes, expected);
}

#[tokio::test]
async fn while_a_secret_is_rotated_either_signature_is_good() {
    let stage = Stage::new().await;
    for (number, secrets) in
        [&[NEW][..], &[OLD], &["somebody-elses-secret", NEW], &[OLD, NEW]].iter().enumerate()
    {
        let event = stage.pagerduty.handle(&stage.key, "Jane", Deed::Acknowledge);
        let delivery = Delivery::of(&event, &format!("delivery-{number}"), secrets);
        assert_eq!(delivery.send(&stage.url).await, heard(202, "decided"), "{secrets:?}");
    }
    assert_eq!(stage.heard().await.len(), 4);
}

#[tokio::test]
async fn what_pagerduty_did_not_sign_is_refused_and_not_heard() {
    let stage = Stage::new().await;
    let event = stage.pagerduty.handle(&stage.key, "Jane", Deed::Resolve);
    let good = Delivery::of(&event, "delivery-1", &[OLD]);
    let signed = |signature: Option<String>| Delivery { signature, ..good.clone() };
    let shown = good.signature.clone().unwrap();
    let refused = [
        ("missing", signed(None)),
        ("empty", signed(Some(String::new()))),
        ("another secret", signed(Some(signature(&good.body, &["somebody-elses-secret"])))),
        ("another version", signed(Some(shown.replace("v1=", "v2=")))),
        ("bad hex", signed(Some(shown.replace("v1=", "v1=zz")))),
        ("cut off", signed(Some(shown[..shown.len() - 2].to_owned()))),
        ("tampered", Delivery { body: good.body.replace("Jane", "Eve"), ..good.clone() }),
        ("longer", Delivery { body: format!("{} ", good.body), ..good.clone() }),
    ];
    for (what, delivery) in refused {
        assert_eq!(delivery.send(&stage.url).await.0, 401, "{what}");
    }
    assert_eq!(stage.heard().await, []);
    assert_eq!(good.send(&stage.url).await, heard(202, "decided"));
}

#[tokio::test]
async fn a_replay_is_decided_once_under_whatever_id_it_is_delivered() {
    let stage = Stage::new().await;
    let event = stage.pagerduty.handle(&stage.key, "Jane", Deed::Acknowledge);
    let delivery = Delivery::of(&event, "delivery-1", &[OLD]);
    assert_eq!(delivery.send(&stage.url).await, heard(202, "decided"));
    let once = stage.heard().await;
    // PagerDuty, whose first attempt timed out; then somebody who has captured it, and signed nothing.
    let forged = Delivery { id: "delivery-2".to_owned(), ..delivery.clone() };
    for replay in [&delivery, &delivery, &forged] {
        assert_eq!(replay.send(&stage.url).await, heard(200, "repeat"));
    }
    assert_eq!(stage.heard().await, once);
}

#[tokio::test]
async fn incidents_of_others_and_of_other_episodes_are_left_alone() {
    let stage = Stage::new().await;
    let event = stage.pagerduty.handle(&stage.key, "Jane", Deed::Resolve);
    let keys = [
        (json!(null), "not-ours"),
        (json!("srv01/HTTP"), "not-ours"),
        // Of another Watchfire that pages by the same account.
        (json!("wf1-ffffffffffffffff-1"), "unknown"),
        (json!(format!("{}-2", stage.incident())), "other-episode"),
    ];
    for (key, word) in keys {
        let mut other = event.clone();
        other["event"]["data"]["incident_key"] = key;
        assert_eq!(stage.deliver(&other).await, heard(200, word));
    }
    assert_eq!(stage.heard().await, []);
}

#[tokio::test]
async fn a_ping_is_answered_and_what_cannot_be_read_is_told_from_what_is_only_new() {
    let stage = Stage::new().await;
    assert_eq!(stage.deliver(&ping()).await, heard(200, "ping"));
    let new = json!({"event": {"event_type": "incident.invented", "data": [1, {"incident_key": null}]}});
    assert_eq!(stage.deliver(&new).await, heard(200, "unconcerned"));
    for (body, status) in [("{\"event\":", 400), ("", 400)] {
        let (body, signature) = (body.to_owned(), Some(signature(body, &[OLD])));
        assert_eq!(Delivery { id: "d".to_owned(), body, signature }.send(&stage.url).await.0, status);
    }
    let large = Delivery::of(&json!({"event": {"data": "x".repeat(256 * 1024)}}), "d", &[OLD]);
    assert_eq!(large.send(&stage.url).await.0, 413);
    assert_eq!(stage.heard().await, []);
}

#[tokio::test]
async fn by_asking_each_change_is_found_once() {
    let stage = Stage::new().await;
    let nothing = Ok(PollRound { asked: 1, decided: 0 });
    assert_eq!(stage.ask().await, nothing, "nobody has touched it");
    let (incident, by) = (stage.incident(), "pagerduty: Jane");
    let to = "pagerduty: Ken".to_owned();
    let deeds = [
        (Deed::Acknowledge, said("acknowledge", by, CommandKind::Acknowledge(incident.clone()))),
        (Deed::Unacknowledge, said("unacknowledge", by, CommandKind::Unacknowledge(incident.clone()))),
        (
            Deed::Reassign("Ken"),
            said("reassign", "pagerduty", CommandKind::Reassign { incident: incident.clone(), to }),
        ),
        (Deed::Resolve, said("resolve", by, CommandKind::Resolve(incident))),
    ];
    for (deed, expected) in deeds {
        let before = stage.wishes().await;
        stage.pagerduty.handle(&stage.key, "Jane", deed);
        assert_eq!(stage.ask().await, Ok(PollRound { asked: 1, decided: 1 }), "{deed:?}");
        assert_eq!(stage.ask().await, nothing, "{deed:?}, asked again");
        let mut new = stage.wishes().await;
        new.retain(|wish| !before.contains(wish));
        assert_eq!(new, [expected]);
    }
}

#[tokio::test]
async fn what_watchfire_itself_told_pagerduty_is_not_heard_by_asking() {
    let stage = Stage::new().await;
    let event = json!({
        "routing_key": Configuration::ROUTING_KEY, "event_action": "acknowledge", "dedup_key": stage.key,
    });
    let sent = watchfire_tests::http().post(stage.pagerduty.url()).json(&event).send().await.unwrap();
    assert_eq!(sent.status(), 202);
    assert_eq!(stage.ask().await, Ok(PollRound { asked: 1, decided: 0 }));
    assert_eq!(stage.heard().await, []);
}

#[tokio::test]
async fn a_wrong_token_is_told_and_nothing_more_is_asked_in_that_round() {
    let stage = Stage::with_token("y0_another_token").await;
    let keys = || vec![DedupKey::new(stage.key.clone()), DedupKey::new("wf1-ffffffffffffffff-1")];
    assert_eq!(
        watchfire::router::poll_round(&stage.router, &stage.poller, keys()).await,
        Err(Unheard::Refused(401))
    );
    assert_eq!(stage.pagerduty.questions().len(), 1);
    assert_eq!(stage.heard().await, []);
}

#[tokio::test]
async fn pagerdutys_limit_is_honoured_and_what_was_missed_is_found_afterwards() {
    let stage = Stage::new().await;
    stage.pagerduty.handle(&stage.key, "Jane", Deed::Acknowledge);
    stage.pagerduty.script_questions([Fault::Status(429, Some(2))]);
    let limited = Instant::now();
    assert!(matches!(stage.ask().await, Err(Unheard::Limited(_))));
    assert!(matches!(stage.ask().await, Err(Unheard::Limited(_))), "it is not asked again before that");
    assert_eq!(stage.pagerduty.questions().len(), 1);
    let found = until("the end of the limit", SOON, async || stage.ask().await.ok()).await;
    assert!(limited.elapsed() >= Duration::from_secs(2));
    assert_eq!(found, PollRound { asked: 1, decided: 1 });
    let question = |status| Question { key: Some(stage.key.clone()), status: Some(status) };
    assert_eq!(stage.pagerduty.questions(), [question(429), question(200)]);
}

#[tokio::test]
async fn a_pagerduty_that_does_not_answer_is_asked_again_in_the_next_round() {
    let stage = Stage::new().await;
    stage.pagerduty.handle(&stage.key, "Jane", Deed::Resolve);
    stage.pagerduty.script_questions([Fault::Status(503, None), Fault::Dropped]);
    let status = Unheard::NoAnswer("PagerDuty answered with status 503".to_owned());
    assert_eq!(stage.ask().await, Err(status));
    assert!(matches!(stage.ask().await, Err(Unheard::NoAnswer(_))));
    assert_eq!(stage.ask().await, Ok(PollRound { asked: 1, decided: 1 }));
}

#[tokio::test]
async fn a_worker_that_is_to_listen_takes_webhooks_and_asks_and_never_says_its_secrets() {
    let (folder, pagerduty) = (tempfile::tempdir().expect("a folder"), PagerDuty::start().await);
    let configuration = listening(folder.path(), &pagerduty, PagerDuty::API_TOKEN);
    let mut watchfire = Watchfire::start_logging("trace", &configuration, None).await;
    assert_eq!(watchfire.post(GuardDuty::miner("heard-2").event("event-1")).await, 202);
    pagerduty.wait_for(1, SOON).await;
    let (key, _) = pagerduty.arrivals().remove(0);

    let url = format!("{}/v1/pagerduty/webhooks", watchfire.ingest);
    let event = pagerduty.handle(&key, "Jane", Deed::Acknowledge);
    assert_eq!(Delivery::of(&event, "d", &["somebody-elses-secret"]).send(&url).await.0, 401);
    assert_eq!(Delivery::of(&event, "d", &[NEW]).send(&url).await, heard(202, "decided"));
    let id = event["event"]["id"].as_str().unwrap();
    assert_eq!(watchfire.decided(&format!("pagerduty:{id}")).await["kind"], "Command:acknowledge");

    pagerduty.handle(&key, "Jane", Deed::Resolve);
    let asked = || {
        let resolved = |line: &Value| line["kind"] == "Command:resolve";
        watchfire.logs().decided().into_iter().find(resolved)
    };
    let found = until("the resolve, found by asking", SOON, async || asked()).await;
    assert!(found["event"].as_str().unwrap().starts_with("pagerduty:PI00000001/resolved/"), "{found}");

    let page = watchfire.metrics_page().await;
    for series in [r#"{way="webhook",outcome="unsigned"} 1"#, r#"{way="webhook",outcome="decided"} 1"#] {
        assert!(page.contains(&format!("watchfire_pagerduty_heard_total{series}")), "{page}");
    }
    assert!(watchfire.terminate().await.status.success());
    let printed = watchfire.printed() + &page;
    for secret in [OLD, NEW, PagerDuty::API_TOKEN, Configuration::ROUTING_KEY] {
        assert!(!printed.contains(secret), "it says {secret}");
    }
}

#[tokio::test]
async fn a_worker_that_is_not_to_listen_has_no_such_route() {
    let pagerduty = PagerDuty::start().await;
    let watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let url = format!("{}/v1/pagerduty/webhooks", watchfire.ingest);
    assert_eq!(Delivery::of(&ping(), "d", &[OLD]).send(&url).await.0, 404);
    assert_eq!(pagerduty.questions(), []);
}
