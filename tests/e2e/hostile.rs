//! Hostile text through the real binary: whatever an event says of itself, no screen, log line or answer of ours
//! shows what would turn it, hide in it or forge a line.

use serde_json::json;
use watchfire_core::text::{clean, is_unfit};
use watchfire_tests::{Configuration, PagerDuty, Watchfire, http, watchfire};

use crate::support::paged;

const TOKEN: &str = "t0ken-of-the-operators";
const HOSTILE: &str =
    "x\u{1b}[31m\r\n\u{9b}2J\u{ad}\u{61c}\u{200b}\u{202e}\u{2066}\u{feff}\u{fff9}\u{e0041}\n┌── forged";

/// A miner's finding that has it in every text that anyone may choose, and in ids.
fn event(id: &str) -> String {
    let named = |name: &str| format!("{name}{HOSTILE}");
    json!({
        "version": "0", "id": id, "detail-type": "GuardDuty Finding", "source": "aws.guardduty",
        "account": "111122223333", "time": "2026-11-20T10:00:00Z", "region": named("us-gov-west-1"), "resources": [],
        "detail": {
            "schemaVersion": "2.0", "accountId": "111122223333", "region": named("us-gov-west-1"),
            "id": named("f"), "arn": named("arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d/finding/f"),
            "type": "CryptoCurrency:Runtime/BitcoinTool.B", "severity": 8,
            "title": named("title"), "description": named("description"),
            "resource": {
                "resourceType": "EKSCluster", "eksClusterDetails": {"name": named("payments")},
                "instanceDetails": {"instanceId": named("i-0aaaaaaaaaaaaaaa1")},
                "kubernetesDetails": {"kubernetesWorkloadDetails": {
                    "name": named("web"), "type": "pods", "namespace": named("shop"),
                    "containers": [{"name": named("app"), "image": named("image")}],
                }},
            },
            "service": {"archived": false, "count": 1, "runtimeDetails": {"process": {"name": named("p")}}},
        },
    })
    .to_string()
}

fn assert_fit(shown: &str, what: &str) {
    let unfit: Vec<char> = shown.chars().filter(|c| *c != '\n' && is_unfit(*c)).collect();
    assert!(unfit.is_empty(), "{what}: {unfit:?} in {shown}");
    assert!(!shown.lines().any(|line| line.starts_with("┌── forged")), "{what}: {shown}");
}

#[tokio::test]
async fn no_screen_log_line_or_answer_shows_what_would_turn_or_forge_it() {
    let (folder, pagerduty) = (tempfile::tempdir().unwrap(), PagerDuty::start().await);
    let token = folder.path().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let configuration = Configuration::new(&pagerduty.url())
        .set("http.operator_token", json!({"file": token}))
        .set("channels.screen", json!({"console": {}}))
        .set("routes.P0", json!({"to": ["oncall", "screen"]}));
    let worker = Watchfire::start(&configuration, None).await;
    let id = format!("id{HOSTILE}");
    assert_eq!(worker.post(event(&id)).await, 202);
    let decided = worker.decided(&clean(&id, 300)).await;
    assert_eq!(worker.post(format!("not an event {HOSTILE}")).await, 202);
    paged(&pagerduty, 2).await;
    let incident = decided["incident"].as_str().unwrap().to_owned();
    let server = worker.ingest.clone();
    let directory = folder.path().to_owned();
    let asked = id.clone();
    let shown = tokio::task::spawn_blocking(move || {
        let commands: [&[&str]; 9] = [
            &["why", &asked],
            &["why", &incident],
            &["why", &asked, "--output", "json"],
            &["why", HOSTILE],
            &["incidents", "list"],
            &["incidents", "show", &incident],
            &["incidents", "timeline", &incident],
            &["incidents", "timeline", &incident, "--output", "json"],
            &["incidents", "ack", &incident],
        ];
        let own = ["--server", &server, "--token-file", "token", "--by", HOSTILE];
        let own = |command: &&[&str]| watchfire(&directory, &[*command, &own].concat(), "");
        commands.iter().map(own).collect::<Vec<_>>()
    });
    for output in shown.await.unwrap() {
        assert_fit(&output.stdout, "standard output");
        assert_fit(&output.stderr, "standard error");
    }
    let story = http().get(format!("{}/v1/incidents?state=all", worker.ingest)).bearer_auth(TOKEN);
    assert_fit(&story.send().await.unwrap().text().await.unwrap(), "an answer");
    assert_fit(&worker.printed(), "screen and log");
    for line in worker.logs().text().lines() {
        assert!(line.matches("\"message\":").count() == 1, "{line}");
    }
    for command in ["replay", "explain"] {
        let file = folder.path().join("event.json");
        std::fs::write(&file, event(&id)).unwrap();
        for output in ["json", "human"] {
            let output = watchfire(folder.path(), &[command, "event.json", "--output", output], "");
            assert_fit(&output.stdout, command);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_text_is_read_as_far_as_it_goes() {
    let pagerduty = PagerDuty::start().await;
    let worker = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let text = event("spoilt").replace("title", "tit\u{1}le");
    let (before, after) = text.split_once('\u{1}').map_or((text.as_str(), ""), |parts| parts);
    let latin = [before.as_bytes(), b"\xff\xfe\xe4", after.as_bytes()].concat();
    let wide: Vec<u8> = event("wide").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (id, body) in [("spoilt", latin), ("wide", wide)] {
        let request = http().post(format!("{}/v1/events", worker.ingest)).body(body);
        assert_eq!(request.send().await.unwrap().status(), 202);
        let decided = worker.decided(id).await;
        assert_eq!(
            (&decided["priority"], &decided["kind"]),
            (&json!("P0"), &json!("CryptoCurrency:Runtime/BitcoinTool.B"))
        );
    }
    let junk: &[u8] = b"\x80\x81\xff{\xfe";
    let request = http().post(format!("{}/v1/events", worker.ingest)).body(junk);
    assert_eq!(request.send().await.unwrap().status(), 202);
    paged(&pagerduty, 2).await;
}
