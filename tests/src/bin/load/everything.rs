//! All that is there for the second day, at work while findings come: people who look on, an assistant, Prometheus, a model,
//! the morning's check.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use watchfire_core::hash::sha256;
use watchfire_tests::{Configuration, Models, Watchfire, http};

use crate::api_server::ApiServer;

const TOKEN: &str = "the-token-of-who-looks-on";
/// People who have *Now* open, each with its live connection.
const VIEWERS: usize = 20;
/// What a viewer opens, in turn.
const PAGES: [&str; 6] = ["/", "/rules", "/stream", "/contained", "/digest", "/health"];
/// What an assistant asks, in turn.
const TOOLS: [&str; 3] = ["list_incidents", "search_events", "health"];
const PAUSE: Duration = Duration::from_secs(1);

/// That configuration with all of it on: act and keep evidence, the watch, a model's text, the digest, both reports, and who
/// may look.
pub(crate) fn configured(
    configuration: Configuration,
    server: &ApiServer,
    models: &Models,
) -> anyhow::Result<Configuration> {
    let (model, secret) = Models::OPENAI;
    let token = server.file("token", secret)?;
    let who = json!({"name": "viewer", "sha256": sha256(TOKEN), "roles": [{"role": "viewer"}]});
    let openai = json!({"url": format!("{}/v1", models.url()), "model": model, "token": {"file": token}});
    Ok(configuration
        .set("mitigation", json!({"mode": "enforce"}))
        .set("evidence", json!({"to": {"directory": {"path": server.evidence()}}}))
        .set("watch", json!({"every_seconds": 10}))
        .set("digest", json!({"to": ["oncall"]}))
        .set("health_report", json!({"to": ["oncall"], "weekly_to": ["oncall"]}))
        .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
        .set("access", json!({"tokens": [who], "loopback": "viewer"}))
        .set("triage", json!({"openai": openai, "budget": {"tokens_per_day": 10_000_000}})))
}

/// Everybody at work; they end with this. An error of one is what [`JoinSet::try_join_next`] gives.
pub(crate) fn at_work(watchfire: &Watchfire) -> JoinSet<anyhow::Result<()>> {
    let mut all = JoinSet::new();
    let base = watchfire.ingest.clone();
    for _ in 0..VIEWERS {
        all.spawn(on_looker(base.clone()));
    }
    all.spawn(reader(base.clone()));
    all.spawn(assistant(base.clone()));
    all.spawn(prometheus(base));
    all
}

async fn on_looker(base: String) -> anyhow::Result<()> {
    let mut answer = http().get(format!("{base}/board/live")).bearer_auth(TOKEN).send().await?;
    ensure!(answer.status().is_success(), "live answered {}", answer.status());
    while answer.chunk().await?.is_some() {}
    Ok(())
}

async fn reader(base: String) -> anyhow::Result<()> {
    for page in PAGES.iter().cycle() {
        let answer = http().get(format!("{base}{page}")).bearer_auth(TOKEN).send().await?;
        ensure!(answer.status().is_success(), "{page} answered {}", answer.status());
        answer.bytes().await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn assistant(base: String) -> anyhow::Result<()> {
    for tool in TOOLS.iter().cycle() {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}});
        let asked = http().post(format!("{base}/mcp")).bearer_auth(TOKEN);
        let asked = asked.header("accept", "application/json, text/event-stream");
        let asked =
            asked.header("content-type", "application/json").header("mcp-protocol-version", "2025-06-18");
        let text = asked.body(call.to_string()).send().await?.error_for_status()?.text().await?;
        ensure!(text.contains("\"isError\":false"), "{tool} answered {text}");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Sends what fires again each second, as Prometheus does each minute.
async fn prometheus(base: String) -> anyhow::Result<()> {
    let mut refused = 0;
    loop {
        let alerts: Vec<Value> = (0..10)
            .map(|number| {
                json!({
                    "labels": {"alertname": "KubePodCrashLooping", "severity": "warning", "namespace": "checkout", "pod": format!("cart-{number}")},
                    "annotations": {"summary": "it restarts"},
                })
            })
            .collect();
        let sent = http().post(format!("{base}/api/v2/alerts")).header("content-type", "application/json");
        let sent = sent.body(Value::from(alerts).to_string()).send().await.context("alerts are taken")?;
        // What is not yet on disk is sent again, as Prometheus does; not for ever.
        refused = if sent.status() == 503 { refused + 1 } else { 0 };
        ensure!(sent.status().is_success() || refused > 0, "alerts answered {}", sent.status());
        ensure!(refused < 10, "alerts were refused ten times, one after the other");
        tokio::time::sleep(PAUSE).await;
    }
}
