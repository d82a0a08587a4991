//! The receiver of both programs' messages: PagerDuty as the tests have it, and Alertmanager's webhook.

use std::collections::BTreeMap;

use anyhow::Context as _;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use watchfire_tests::pagerduty::{Mode, PagerDuty};

use crate::post::now;

/// What is read of a webhook (version 4 of its format).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    status: String,
    group_key: String,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: String,
    labels: BTreeMap<String, String>,
}

/// Prints where it listens, then every message as a line, until standard input closes. Port 0: two free ones.
pub(crate) async fn serve(port: u16) -> anyhow::Result<()> {
    let pagerduty = PagerDuty::listen(port, Mode::Strict).await.context("PagerDuty's port")?;
    // As the real one: more than 120 a minute are refused.
    pagerduty.limit();
    let next = if port == 0 { 0 } else { port + 1 };
    let listener = TcpListener::bind(("127.0.0.1", next)).await.context("the webhook's port")?;
    let webhook = format!("http://{}/", listener.local_addr()?);
    println!("{}", json!({"pagerduty": pagerduty.url(), "webhook": webhook}));

    let routes = axum::Router::new().route("/", post(webhook_message)).layer(DefaultBodyLimit::disable());
    tokio::select! {
        served = axum::serve(listener, routes) => served?,
        () = pages(&pagerduty) => {}
        () = crate::standard_input_closes() => {}
    }
    Ok(())
}

async fn webhook_message(body: String) -> StatusCode {
    let at = now();
    let Ok(Webhook { status, group_key, alerts }) = serde_json::from_str(&body) else {
        println!("{}", json!({"from": "alertmanager", "at": at, "unreadable": body}));
        return StatusCode::BAD_REQUEST;
    };
    let label = |alert: &Alert, name: &str| alert.labels.get(name).cloned().unwrap_or_default();
    let firing = alerts.iter().filter(|alert| alert.status == "firing");
    let findings: Vec<_> =
        firing.map(|alert| ["priority", "alertname", "pod"].map(|name| label(alert, name))).collect();
    println!(
        "{}",
        json!({
            "from": "alertmanager", "at": at, "bytes": body.len(), "status": status, "group": group_key,
            "alerts": alerts.len(), "firing": findings,
        })
    );
    StatusCode::OK
}

async fn pages(pagerduty: &PagerDuty) {
    let mut printed = 0;
    let mut accepted = 0;
    loop {
        pagerduty.accepted_over(accepted).await;
        accepted = pagerduty.accepted();
        for request in pagerduty.requests_after(printed) {
            let at = now().saturating_sub(u64::try_from(request.at.elapsed().as_nanos()).unwrap_or_default());
            printed += 1;
            println!(
                "{}",
                json!({"from": "pagerduty", "at": at, "status": request.status, "event": request.body})
            );
        }
    }
}
