//! Buttons in Slack: signed presses become commands of whoever pressed them, and what comes of each is told in Slack.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::clients::Clients;
use watchfire::clock::Clock;
use watchfire::config::Config;
use watchfire::identity::Access;
use watchfire::router::{Router, Sight};
use watchfire::slack::Apps;
use watchfire::telemetry::Metrics;
use watchfire::web::{Operator, Refusals, slack_buttons};
use watchfire_core::audit::AuditEntry;
use watchfire_core::ids::IncidentKey;
use watchfire_core::silence::Silence;
use watchfire_tests::receiver::Receiver;
use watchfire_tests::slack::{Message, Press, Slack, signed};
use watchfire_tests::{Configuration, GuardDuty, in_process, until};

use crate::containment::stage::Stage;
use crate::support::SOON;

const ANA: &str = "U0000000ANA";
const BO: &str = "U00000000BO";
const EVE: &str = "U0000000EVE";

/// A workspace in which people press buttons, and the door that hears of it.
struct Room {
    slack: Receiver<Slack>,
    router: Arc<Router>,
    clock: Clock,
    url: String,
    /// How many presses there were: no two in one second.
    second: i64,
    _folder: Option<TempDir>,
}

/// A bot with buttons, and who may press them: ana and bo approve, eve only looks.
fn with_chat(
    configuration: Configuration,
    slack: &Receiver<Slack>,
    folder: &std::path::Path,
) -> Configuration {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        json!({"file": path})
    };
    let bot = json!({
        "token": file("token", Slack::TOKEN), "channel": Slack::CHANNEL,
        "signing_secret": file("signing", Slack::SIGNING_SECRET),
    });
    let chat = json!({"bot": bot, "api": slack.url("/api/"), "hooks": slack.url("/"), "payload": "standard"});
    let user =
        |user: &str, name: &str, role: &str| json!({"user": user, "name": name, "roles": [{"role": role}]});
    let users = json!([user(ANA, "ana", "approver"), user(BO, "bo", "approver"), user(EVE, "eve", "viewer")]);
    let routes = ["P0", "P1", "P2"].into_iter().fold(configuration, |configuration, priority| {
        configuration.set(&format!("routes.{priority}"), json!({"to": ["chat"]}))
    });
    routes.set("channels.chat", json!({"slack": chat})).set("access", json!({"slack": users}))
}

impl Room {
    async fn set() -> Self {
        let slack = Receiver::start(Slack::default()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let configuration = with_chat(Configuration::new("http://127.0.0.1:9/"), &slack, folder.path());
        let clock = in_process::noon();
        let router = in_process::router(folder.path(), clock.clone(), &configuration).await;
        Self::over(slack, Arc::new(router), clock, &configuration, Some(folder)).await
    }

    /// The same over a router that is there.
    async fn over(
        slack: Receiver<Slack>,
        router: Arc<Router>,
        clock: Clock,
        configuration: &Configuration,
        folder: Option<TempDir>,
    ) -> Self {
        let config = Config::parse("test", &configuration.text()).expect("no mistakes");
        let clients = Clients::new(None).expect("TLS is there");
        let apps = Apps::open(&config.channels, &clients).await.expect("the secret is there");
        let (access, refusals) =
            (Access::new(None, config.access.known(None)), Refusals::new(Arc::new(Metrics::default())));
        let operator = Operator { router: router.clone(), access, refusals, reloader: None };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1/slack/interactivity", listener.local_addr().expect("it is bound"));
        tokio::spawn(axum::serve(listener, slack_buttons(&operator, apps)).into_future());
        Self { slack, router, clock, url, second: 0, _folder: folder }
    }

    async fn handle(&self, event: Value) {
        self.router.handle(&event.to_string()).await.expect("it is paged");
    }

    /// The heads of all threads.
    fn messages(&self) -> Vec<Message> {
        self.slack.contract(|slack| slack.thread().into_iter().map(|(head, _)| head.clone()).collect())
    }

    fn threads(&self) -> Vec<String> {
        let replies = |slack: &mut Slack| {
            let threads = slack.thread();
            threads.into_iter().flat_map(|(_, thread)| thread).map(|reply| reply.text.clone()).collect()
        };
        self.slack.contract(replies)
    }

    /// What was said to one person alone, all of it.
    fn private(&self) -> Vec<String> {
        let shown = |message: &Message| {
            if message.blocks.is_empty() { message.text.clone() } else { message.shown() }
        };
        self.slack.contract(|slack| slack.private.iter().map(shown).collect())
    }

    /// What Slack sends when that button is pressed now.
    fn press(&mut self, message: &Message, action: &str, user: &str) -> Press {
        self.second += 1;
        let (second, hooks) = (self.clock.now().as_second() + self.second, self.slack.url("/"));
        self.slack.contract(|slack| slack.press(message, action, user, second, &hooks))
    }

    async fn send(&self, press: &Press) -> u16 {
        let request = watchfire_tests::http().post(&self.url).body(press.body.clone());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("x-slack-request-timestamp", &press.timestamp);
        let request = request.header("x-slack-signature", &press.signature);
        request.send().await.expect("it answers").status().as_u16()
    }

    async fn pressed(&mut self, message: &Message, action: &str, user: &str) -> u16 {
        let press = self.press(message, action, user);
        self.send(&press).await
    }

    /// Who did what by what is in the trail, the oldest first.
    async fn trail(&self) -> Vec<(String, String, Option<String>, String)> {
        let trail = self.router.trail(None, 100).await.expect("the store answers");
        let entries = trail.entries.into_iter().filter_map(|(_, line)| line);
        let read = |line: String| serde_json::from_str::<AuditEntry>(&line).expect("an entry");
        entries
            .map(read)
            .map(|entry| (entry.who.name, entry.who.how, entry.who.subject, entry.what))
            .collect()
    }

    async fn silences(&self) -> Vec<Silence> {
        self.router.silences().await.expect("the store answers")
    }

    async fn key(&self, event: &str) -> IncidentKey {
        self.router
            .story(event, Sight::Whole)
            .await
            .expect("the store answers")
            .one()
            .expect("it is known")
            .incident
    }
}

fn slack(name: &str, user: &str, what: &str) -> (String, String, Option<String>, String) {
    (name.to_owned(), "slack".to_owned(), Some(user.to_owned()), what.to_owned())
}

#[tokio::test]
async fn whoever_presses_acknowledge_has_the_incident_and_the_same_press_sent_again_is_the_same() {
    let mut room = Room::set().await;
    room.handle(GuardDuty::miner("shop").event("first")).await;
    let message = room.messages().remove(0);
    assert_eq!(Slack::buttons(&message), ["Acknowledge"], "a P0 is not silenced in passing");
    let press = room.press(&message, "ack", ANA);
    assert_eq!((room.send(&press).await, room.send(&press).await), (200, 200));
    let key = room.key("first").await;
    assert_eq!(room.trail().await, [slack("ana", ANA, "acknowledge")], "it was sent twice, and done once");
    assert_eq!(room.private(), ["You have it.", "You have it."]);
    let shown = until("the message says who has it", SOON, async || {
        let message = room.messages().remove(0);
        (message.edits > 0).then_some(message)
    })
    .await;
    assert!(shown.shown().contains("Taken by") && shown.shown().contains("ana"), "{}", shown.shown());
    assert_eq!(Slack::buttons(&shown), Vec::<String>::new());

    // Somebody else looks at what the message was before.
    assert_eq!(room.pressed(&message, "ack", BO).await, 200);
    let late = room.private().pop().expect("it is said");
    assert_eq!(late, "Nothing was done: ana has it already, since 2026-11-20 12:00 UTC.");

    room.handle(GuardDuty::miner("shop").archived().event("over")).await;
    assert_eq!(room.pressed(&message, "ack", BO).await, 200);
    assert_eq!(room.private().pop().expect("it is said"), format!("Nothing was done: {key} is over."));
}

#[tokio::test]
async fn what_a_silence_would_hold_is_shown_first_and_only_then_it_is_made() {
    let mut room = Room::set().await;
    let tool = |pod: &str| GuardDuty::of("Execution:Runtime/SuspiciousTool", 8.0, pod);
    room.handle(tool("cart-1").event("tool")).await;
    for pod in ["a", "b", "c", "d"] {
        room.handle(GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, pod).event(pod)).await;
    }
    let message = room.messages().remove(0);
    assert_eq!(Slack::buttons(&message), ["Acknowledge", "Silence 1 h…", "Silence 8 h…"]);
    assert_eq!(room.pressed(&message, "silence-8h", ANA).await, 200);
    let asked = room.slack.contract(|slack| slack.private.remove(0));
    let question = asked.shown();
    assert!(question.contains("would have silenced 1 of 5 events in 24 h, 0 of them P0"), "{question}");
    assert!(question.contains("rule=") && question.contains("until 2026-11-20 20:00 UTC?"), "{question}");
    assert_eq!((Slack::buttons(&asked), room.silences().await), (vec!["Silence 8 h".to_owned()], Vec::new()));

    room.slack.contract(|slack| slack.private.push(asked.clone()));
    let press = room.press(&asked, "silence-now", ANA);
    assert_eq!((room.send(&press).await, room.send(&press).await), (200, 200));
    let silences = room.silences().await;
    assert_eq!(silences.len(), 1, "{silences:?}");
    let expected = (room.clock.now() + SignedDuration::from_hours(8)).as_second();
    assert!((0..10).contains(&(silences[0].ends_at.as_second() - expected)), "{silences:?}");
    assert_eq!((silences[0].by.as_str(), silences[0].covers_p0), ("ana", false));
    assert_eq!(room.trail().await, [slack("ana", ANA, "silence")]);
    assert_eq!(room.private(), ["Silenced until 2026-11-20 20:00 UTC."]);
    assert!(room.threads().iter().any(|reply| reply.starts_with("ana silenced ")), "{:?}", room.threads());
}

#[tokio::test]
async fn who_is_not_known_or_may_not_is_told_so_and_nothing_is_done() {
    let mut room = Room::set().await;
    room.handle(GuardDuty::miner("shop").event("first")).await;
    let message = room.messages().remove(0);
    assert_eq!(room.pressed(&message, "ack", "U0STRANGER1").await, 200);
    assert_eq!(room.pressed(&message, "ack", EVE).await, 200);
    let said = room.private();
    assert!(said[0].contains("does not know you") && said[0].contains("U0STRANGER1"), "{said:?}");
    assert!(
        said[1].contains("it wants the role responder") && said[1].contains("eve has viewer"),
        "{said:?}"
    );
    assert_eq!(room.trail().await, []);
}

#[tokio::test]
async fn what_slack_did_not_sign_just_now_is_refused_and_answers_go_nowhere_but_to_slack() {
    let mut room = Room::set().await;
    room.handle(GuardDuty::miner("shop").event("first")).await;
    let message = room.messages().remove(0);
    let good = room.press(&message, "ack", ANA);
    let calls = room.slack.calls().len();
    for wrong in [
        Press { signature: signed("another-secret-of-tests", &good.timestamp, &good.body), ..good.clone() },
        Press { body: good.body.replace("U0000000ANA", "U00000000BO"), ..good.clone() },
        Press { timestamp: (room.clock.now().as_second() - 301).to_string(), ..good.clone() },
        Press { signature: String::new(), ..good.clone() },
    ] {
        assert_eq!(room.send(&wrong).await, 401, "{wrong:?}");
    }
    let old = (room.clock.now().as_second() - 301).to_string();
    let replayed = Press {
        signature: signed(Slack::SIGNING_SECRET, &old, &good.body),
        timestamp: old,
        body: good.body.clone(),
    };
    assert_eq!(room.send(&replayed).await, 401, "it was captured");
    for body in ["", "payload=%7B", "payload=%7B%22type%22%3A%22block_actions%22%7D"] {
        let signature = signed(Slack::SIGNING_SECRET, &good.timestamp, body);
        assert_eq!(
            room.send(&Press { signature, body: body.to_owned(), ..good.clone() }).await,
            400,
            "{body}"
        );
    }
    let large = format!("payload={}", "x".repeat(300 * 1024));
    let signature = signed(Slack::SIGNING_SECRET, &good.timestamp, &large);
    assert_eq!(room.send(&Press { signature, body: large, ..good.clone() }).await, 413);

    // Another side that wants to be told.
    let elsewhere = Receiver::start(Slack::default()).await;
    let (hooks, second) = (elsewhere.url("/"), room.clock.now().as_second());
    let press = room.slack.contract(|slack| slack.press(&message, "ack", "U0STRANGER1", second, &hooks));
    assert_eq!(room.send(&press).await, 200);
    assert_eq!((elsewhere.calls().len(), room.slack.calls().len()), (0, calls));
    assert_eq!(room.trail().await, []);
}

#[tokio::test]
async fn two_people_approve_a_plan_by_buttons_and_whoever_did_already_is_not_two() {
    let slack_server = Receiver::start(Slack::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::set_with("buttons", |configuration| {
        let mitigation = json!({
            "mode": "approve", "verify_within_seconds": 5, "approvers": {"quarantine": 2},
        });
        with_chat(configuration.set("mitigation", mitigation), &slack_server, folder.path())
    })
    .await;
    let template = watchfire_tests::cluster::Template::of(&[("app", "pay")]);
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", template).await;
    stage.known(&suspect).await;
    stage.handle(&stage.miner(&suspect, "event-1")).await;
    let router = stage.router.clone();
    let mut room =
        Room::over(slack_server, router, stage.clock.clone(), &stage.configuration, Some(folder)).await;
    let message = room.messages().remove(0);
    assert_eq!(Slack::buttons(&message), ["Acknowledge", "Approve quarantine", "Deny quarantine"]);

    // What the message shows is not what waits.
    let mut other = message.clone();
    let row = other.blocks.last_mut().expect("buttons");
    let value = row["elements"][0]["value"].as_str().expect("a value").to_owned();
    let plan =
        serde_json::from_str::<Value>(&value).expect("JSON")["plan"].as_str().expect("a hash").to_owned();
    row["elements"][0]["value"] = json!(value.replace(&plan, "0123456789ab"));
    assert_eq!(room.pressed(&other, "approve", ANA).await, 200);
    let said = room.private().pop().expect("it is said");
    assert_eq!(said, format!("Nothing was done: its plan is another by now, {plan}: look at it again."));

    assert_eq!(room.pressed(&message, "approve", ANA).await, 200);
    assert!(
        room.private().pop().is_some_and(|said| said.contains("waits for others")),
        "{:?}",
        room.private()
    );
    assert_eq!(room.pressed(&message, "approve", ANA).await, 200);
    let said = room.private().pop().expect("it is said");
    assert!(said.contains("2 people have to approve it, and ana did at"), "{said}");
    assert!(!stage.is_held(&suspect).await);
    assert_eq!(room.pressed(&message, "approve", BO).await, 200);
    let done = until("it is contained", SOON, async || {
        let message = room.messages().remove(0);
        message.text.contains("Contained").then_some(message)
    })
    .await;
    assert!(stage.is_held(&suspect).await);
    assert_eq!(Slack::buttons(&done), ["Acknowledge"]);
    let approvals: Vec<_> = room.trail().await.into_iter().filter(|entry| entry.3 == "approve").collect();
    assert_eq!(approvals.last(), Some(&slack("bo", BO, "approve")), "{approvals:?}");
    assert!(
        room.threads().iter().any(|reply| reply.starts_with("ana approved it; ")),
        "{:?}",
        room.threads()
    );

    // Nobody can deny what is done, and the row goes with the next look.
    assert_eq!(room.pressed(&message, "deny", ANA).await, 200);
    assert!(
        room.private().pop().is_some_and(|said| said.contains("it was approved by")),
        "{:?}",
        room.private()
    );
}
