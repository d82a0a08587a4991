//! What Prometheus, Alertmanager and amtool posted, to a worker: 2xx once it is on disk, 503 where a resend mends it.

use std::path::Path;

use serde_json::json;
use watchfire_tests::{Configuration, PagerDuty, Watchfire};

use crate::support::{paged, triggers};

/// What a real one posted, which counts until a time that is still to come.
fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../router/core/tests/alerts");
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.replace("2026-11-29T23:08:39.632Z", "2099-01-01T00:00:00Z")
}

/// The status and the body of the answer.
async fn posted(watchfire: &Watchfire, path: &str, token: Option<&str>, body: String) -> (u16, String) {
    let request = reqwest::Client::new().post(format!("{}{path}", watchfire.ingest));
    let request = request.header("content-type", "application/json").body(body);
    let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn alerts_that_were_answered_are_paged_by_the_worker_that_comes_after_a_kill() {
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url());
    let mut watchfire = Watchfire::start(&configuration, None).await;
    let bodies = [
        ("/api/v2/alerts", "prometheus-2.42-firing-pods.json", (200, "")),
        ("/v1/alertmanager", "alertmanager-0.25-firing-node.json", (202, r#"{"accepted":1}"#)),
        ("/v1/alertmanager", "alertmanager-0.25-truncated.json", (202, r#"{"accepted":2}"#)),
        ("/api/v2/alerts", "amtool-0.25-add.json", (200, "")),
    ];
    for (path, name, (status, answer)) in bodies {
        assert_eq!(
            posted(&watchfire, path, None, recorded(name)).await,
            (status, answer.to_owned()),
            "{name}"
        );
    }
    watchfire.kill9();
    watchfire.restart().await;
    // Two pods, a node, and that one was cut off; what amtool adds is information.
    paged(&pagerduty, 4).await;
    let resolved = recorded("prometheus-2.42-resolved-node.json");
    assert_eq!(posted(&watchfire, "/api/v2/alerts", None, resolved).await, (200, String::new()));
    watchfire_tests::until("the node's page is resolved", crate::support::LATER, async || {
        let events = pagerduty.events();
        events.iter().any(|event| event["event_action"] == "resolve").then_some(())
    })
    .await;
    assert_eq!(triggers(&pagerduty).len(), 4);
}

#[tokio::test]
async fn alerts_need_the_senders_token_and_what_is_none_is_paged_as_a_message_that_cannot_be_read() {
    let pagerduty = PagerDuty::start().await;
    let configuration =
        Configuration::new(&pagerduty.url()).set("http.token", json!({"env": "INGEST_TOKEN"}));
    let watchfire = Watchfire::start(&configuration, None).await;
    let alert = || recorded("amtool-0.25-add.json");
    for path in ["/api/v2/alerts", "/v1/alertmanager"] {
        let (status, _) = posted(&watchfire, path, None, alert()).await;
        assert_eq!(status, 401, "{path}");
    }
    let token = Some(Configuration::INGEST_TOKEN);
    let miner = include_str!("../../rules/examples/miner.json").to_owned();
    let (status, _) = posted(&watchfire, "/v1/alertmanager", token, miner).await;
    assert_eq!(status, 202);
    paged(&pagerduty, 1).await;
    let page = triggers(&pagerduty).remove(0);
    assert!(page.to_string().contains("cannot be read"), "{page}");
    let asked = reqwest::Client::new().get(format!("{}/api/v2/status", watchfire.ingest));
    let answer = asked.bearer_auth(Configuration::INGEST_TOKEN).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "amtool asks it first");
}
