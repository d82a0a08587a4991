//! The worker without a queue: HTTP ingest, the health port, and what it never says.

use std::time::Duration;

use serde_json::json;
use watchfire::store::Store;
use watchfire_tests::smtp::{LOGIN, Smtp};
use watchfire_tests::{Configuration, Fault, GuardDuty, PagerDuty, Watchfire, http, until};

use crate::support::{SOON, keys, paged};

#[tokio::test]
async fn what_was_accepted_survives_a_kill() {
    let pagerduty = PagerDuty::start().await;
    let mut watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let finding = GuardDuty::miner("survivor-1");
    assert_eq!(watchfire.post(finding.event("event-1")).await, 202);
    watchfire.kill9();
    watchfire.restart().await;
    paged(&pagerduty, 1).await;
    // Not the `decided` line: a kill between the commit and the line loses it.
    assert!(watchfire.terminate().await.status.success());
    let store = Store::open(&watchfire.path("data/watchfire.redb")).unwrap();
    let entry = store
        .find(&store.named("event-1", 1).await.unwrap()[0])
        .await
        .unwrap()
        .expect("it is in the journal");
    assert_eq!(entry.pending().count(), 0);
    assert_eq!(keys(&pagerduty, "survivor-1").len(), 1, "a repeat after the kill has the same key");
}

#[tokio::test]
async fn an_event_posted_twice_is_decided_once() {
    let pagerduty = PagerDuty::start().await;
    let watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let event = GuardDuty::miner("twice-1").event("event-1");
    let last = GuardDuty::miner("twice-2").event("event-2");
    for body in [&event, &event, &last] {
        assert_eq!(watchfire.post(body).await, 202);
    }
    watchfire.decided("event-2").await;
    let decided = watchfire.logs().decided().iter().filter(|line| line["event"] == "event-1").count();
    assert_eq!(decided, 1);
}

#[tokio::test]
async fn many_events_in_one_body_are_each_decided() {
    let pagerduty = PagerDuty::start().await;
    let watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let events: Vec<_> = (0..3)
        .map(|index| GuardDuty::low(&format!("many-{index}")).event(&format!("event-{index}")))
        .collect();
    assert_eq!(watchfire.post(json!(events)).await, 202);
    for index in 0..3 {
        watchfire.decided(&format!("event-{index}")).await;
    }
}

#[tokio::test]
async fn a_p0_waits_neither_for_a_backlog_nor_for_a_slot_that_another_page_holds() {
    let (pagerduty, stuck) = (PagerDuty::start().await, PagerDuty::start().await);
    stuck.always(Some(Fault::Slow(Duration::from_secs(120))));
    let channel = json!({"routing_key": {"env": "PD_KEY"}, "url": stuck.url()});
    let configuration = Configuration::new(&pagerduty.url())
        .set("channels.stuck", json!({"pagerduty": channel}))
        .set("routes.P1", json!({"to": ["stuck"]}))
        .set("http.in_flight", json!(1));
    let watchfire = Watchfire::start(&configuration, None).await;
    let routine: Vec<_> = (0..3)
        .map(|index| {
            GuardDuty::of("Execution:Runtime/SuspiciousTool", 8.0, &format!("routine-{index}"))
                .event(&format!("event-{index}"))
        })
        .collect();
    assert_eq!(watchfire.post(json!(routine)).await, 202);
    watchfire.decided("event-0").await;
    assert_eq!(watchfire.post(GuardDuty::miner("urgent-1").event("event-urgent")).await, 202);
    paged(&pagerduty, 1).await;
    let decided: Vec<_> = watchfire.logs().decided().iter().map(|line| line["event"].clone()).collect();
    assert_eq!(decided, ["event-0", "event-urgent"], "the other slot is still held");
    let depth = watchfire.metrics().await.sum("watchfire_queue_depth", &[r#"lane="ordinary""#]);
    assert_eq!(depth, 3.0, "one at work, two behind it");
}

#[tokio::test]
async fn ingest_and_health_are_on_two_ports() {
    let watchfire = Watchfire::start(&Configuration::new("http://127.0.0.1:9/v2/enqueue"), None).await;
    for (page, status) in [("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/v1/events", 404)] {
        assert_eq!(watchfire.status(page).await, status, "{page}");
    }
    let metrics = http().get(format!("{}/metrics", watchfire.ingest)).send().await.unwrap();
    assert_eq!(metrics.status(), 404);
}

#[tokio::test]
async fn who_has_not_the_token_is_refused() {
    let configuration = Configuration::new("http://127.0.0.1:9/v2/enqueue");
    let configuration = configuration.set("http.token", json!({"env": "INGEST_TOKEN"}));
    let watchfire = Watchfire::start(&configuration, None).await;
    let event = GuardDuty::low("token-1").event("event-1").to_string();
    assert_eq!(watchfire.post(&event).await, 401);
    let url = format!("{}/v1/events", watchfire.ingest);
    for (token, status) in [("wrong", 401), (Configuration::INGEST_TOKEN, 202)] {
        let request = http().post(&url).bearer_auth(token).body(event.clone());
        assert_eq!(request.send().await.unwrap().status(), status, "{token}");
    }
    watchfire.decided("event-1").await;
    assert_eq!(watchfire.logs().decided().len(), 1);
}

#[tokio::test]
async fn every_decision_is_counted() {
    let pagerduty = PagerDuty::start().await;
    let watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let finding = GuardDuty::miner("counted-1");
    for (event, id) in [(finding.event("event-1"), "event-1"), (finding.again().event("event-2"), "event-2")]
    {
        assert_eq!(watchfire.post(event).await, 202);
        watchfire.decided(id).await;
    }
    let metrics = watchfire.metrics().await;
    let of = |verdict: &str| metrics.sum("watchfire_decisions_total", &[&format!("verdict=\"{verdict}\"")]);
    assert_eq!((of("page"), of("quiet")), (1.0, 1.0));
}

#[tokio::test]
async fn secrets_are_never_printed_at_any_log_level() {
    let pagerduty = PagerDuty::start().await;
    let mail = Smtp::encrypted();
    let configuration = Configuration::new(&pagerduty.url()).mail_as_fallback(&mail);
    // Both secrets are used, and refused: an error is what could give one away.
    pagerduty.always(Some(Fault::Status(500, None)));
    let mut watchfire = Watchfire::start_logging("trace", &configuration, None).await;
    assert_eq!(watchfire.post(GuardDuty::miner("secret-1").event("event-1")).await, 202);
    until("the mail", SOON, async || mail.mails().pop()).await;
    let refused = configuration.set("channels.mail.email.to", json!(["gone@example.com"]));
    watchfire.terminate().await;
    watchfire.configure(&refused);
    watchfire.restart().await;
    assert_eq!(watchfire.post(GuardDuty::miner("secret-2").event("event-2")).await, 202);
    let refusal = "a channel refused this for good";
    until("the refusal", SOON, async || watchfire.logs().all(refusal).pop()).await;
    let page = watchfire.metrics_page().await;
    watchfire.terminate().await;
    let said = watchfire.printed() + &page;
    // The last two are the password as SMTP sends it.
    let sent = ["AHBhZ2VyAGNvcnJlY3QgaG9yc2U=", "Y29ycmVjdCBob3JzZQ=="];
    for secret in [Configuration::ROUTING_KEY, LOGIN.1].into_iter().chain(sent) {
        let line = said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in what it printed");
    }
}
