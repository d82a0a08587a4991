//! What an operator is told is so: an event as it came, the switch of mitigation, what a channel is owed. With the real
//! binary; what it prints is in `transcripts/`, with `#` for what differs from run to run.

use serde_json::json;
use watchfire_tests::{GuardDuty, PagerDuty, free_port, until};

use crate::silences::{Stage, urgent};
use crate::support::{LATER, accepted};

#[tokio::test]
async fn an_event_is_shown_as_it_came_with_why_it_could_not_be_read() {
    let mut stage = Stage::start().await;
    let text = "{\"output\": \"16:31 Critical Container drift\", \"priority\": \"Critical\", \"rule\": \"Drop\u{202e}\"}";
    assert_eq!(stage.watchfire.post(text).await, 202);
    stage.event(&urgent("web-1"), "event-1").await;
    let id = until("the unreadable message to be decided", LATER, async || {
        let (_, found) = stage.get("/v1/incidents?priority=P2").await;
        let key = found["incidents"][0]["key"].as_str()?.to_owned();
        let (_, story) = stage.get(&format!("/v1/story?of={key}")).await;
        story["decisions"][0]["event"].as_str().map(str::to_owned)
    })
    .await;
    let unreadable = stage.run(&format!("event {id}")).await;
    assert_eq!((unreadable.code, unreadable.stderr.as_str()), (0, ""));
    assert!(unreadable.stdout.contains("Not read: expected an event"), "{}", unreadable.stdout);
    assert_eq!(stage.run(&format!("event {id} --raw")).await.stdout, text);
    let readable = stage.run("event event-1").await;
    assert!(!readable.stdout.contains("Not read"), "{}", readable.stdout);
    let raw = stage.run("event event-1 --raw").await.stdout;
    assert_eq!(raw, urgent("web-1").event("event-1").to_string());
    let (status, shown) = stage.get(&format!("/v1/event?of={id}")).await;
    assert_eq!((status, &shown["raw"]), (200, &json!(text)));
    let unknown = stage.run("event nothing").await;
    assert_eq!(unknown.code, 1);
    stage.was("event.txt");
}

#[tokio::test]
async fn mitigation_that_is_switched_off_is_an_incident_until_it_is_on_again() {
    let mut stage = Stage::start().await;
    stage.run("mitigation off --reason drill").await;
    let listed = stage.run("incidents list").await.stdout;
    assert!(listed.contains("\nmitigati  P1 "), "{listed}");
    stage.run("incidents show wf1-mitigation-switch").await;
    stage.run("mitigation on --reason over").await;
    assert_eq!(stage.run("incidents list").await.stdout, "no incident is open\n");
    stage.run("mitigation off --reason again").await;
    let (_, found) = stage.get("/v1/incidents").await;
    let episode = |found: &serde_json::Value| found["incidents"][0]["episode"].clone();
    assert_eq!(episode(&found), json!(2), "a new one, under a key of its own");
    stage.run("mitigation on --reason over").await;
    let count = |action| accepted(&stage.pagerduty, action).len();
    assert_eq!((count("trigger"), count("resolve")), (2, 2));
    stage.was("mitigation.txt");
}

#[tokio::test]
async fn that_a_fallback_stood_in_and_the_channel_is_owed_is_said_everywhere() {
    let (backup, nobody) = (PagerDuty::start().await, free_port());
    let channel = json!({"routing_key": {"env": "PD_KEY"}, "url": backup.url()});
    let dead =
        json!({"routing_key": {"env": "PD_KEY"}, "url": format!("http://127.0.0.1:{nobody}/v2/enqueue")});
    let mut stage = Stage::configured(|configuration| {
        configuration
            .set("channels.backup", json!({"pagerduty": channel}))
            .set("channels.oncall", json!({"pagerduty": dead}))
            .set("routes.P0", json!({"to": ["oncall"], "fallback": "backup"}))
            .set("fallback_after_seconds", json!(2))
    })
    .await;
    assert_eq!(stage.watchfire.post(GuardDuty::miner("web-1").event("event-1")).await, 202);
    until("the page at the fallback", LATER, async || (backup.accepted() == 1).then_some(())).await;
    let owed = "page to oncall: owed: backup stood in";
    let stood_in = "done, standing in for oncall";
    until("it to be written down", LATER, async || {
        let (_, story) = stage.get("/v1/story?of=event-1").await;
        (story["standing"]["told"][0]["delivery"]["stood_in"] == "backup").then_some(())
    })
    .await;
    for line in ["why event-1", "incidents show event-1", "incidents timeline event-1"] {
        let said = stage.run(line).await.stdout;
        assert!(said.contains(owed) && said.contains(stood_in), "{line}: {said}");
    }
}
