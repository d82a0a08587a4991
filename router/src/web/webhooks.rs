//! `POST /v1/pagerduty/webhooks`: what people do in PagerDuty; answered once it is on disk.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::on;
use axum::{Extension, Json, Router as Routes};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::answer::refuse;
use super::asked::asked_by;
use super::body::{Bodies, whole};
use super::line::Line;
use super::refusal::Refusals;
use crate::api::{SIGNATURE_HEADER, WebhookEndpoint, views};
use crate::pagerduty::{Heard, Signers, Told, read};
use crate::router::{Router, hear};
use crate::telemetry;

/// PagerDuty drops what is larger.
const MOST_BYTES: usize = 256 * 1024;
/// What all large ones may hold together, in bytes: who has sent them is known when they are there.
const HELD_BYTES: usize = 4 * 1024 * 1024;
/// PagerDuty waits 5 s, and tries again.
const PATIENCE: Duration = Duration::from_secs(4);

/// What taking webhooks needs.
#[derive(Clone, Debug)]
pub struct Webhooks(Arc<Shared>);

struct Shared {
    router: Arc<Router>,
    signers: Signers,
    complaints: DefaultDirectRateLimiter,
    refusals: Arc<Refusals>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.signers.fmt(out)
    }
}

impl Webhooks {
    /// Whoever has signed is one of these; none where there are none.
    pub fn new(router: Arc<Router>, signers: Signers) -> Option<Self> {
        let refusals = Refusals::new(router.metrics.clone());
        // Anybody can knock; the log says so once a minute, the metrics each time.
        let complaints = RateLimiter::direct(Quota::per_minute(NonZeroU32::MIN));
        (!signers.is_empty()).then(|| Self(Arc::new(Shared { router, signers, complaints, refusals })))
    }
}

/// The route for PagerDuty; no route where nobody could sign.
pub fn webhooks(webhooks: Option<Webhooks>) -> Routes {
    let Some(webhooks) = webhooks else { return Routes::new() };
    let bodies = Bodies::new(MOST_BYTES, HELD_BYTES, webhooks.0.refusals.clone());
    let all = WebhookEndpoint::ALL.iter();
    let routes = all.fold(Routes::new(), |routes, endpoint| match endpoint {
        WebhookEndpoint::PagerDuty => routes.route(endpoint.path(), on(asked_by(endpoint.method()), take)),
        // Has its own.
        WebhookEndpoint::Slack => routes,
    });
    routes
        .layer(DefaultBodyLimit::disable())
        .route_layer(from_fn_with_state(bodies, whole))
        .with_state(webhooks)
}

/// 401: not signed. 400: no JSON. 503: to be sent again. Anything else is heard, if only to be left alone.
async fn take(
    State(Webhooks(shared)): State<Webhooks>,
    line: Option<Extension<Arc<Line>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Shared { router, signers, complaints, refusals: _ } = &*shared;
    let metrics = &router.metrics;
    let via = match signers.signer(signature(&headers).as_deref(), &body) {
        Ok(via) => via,
        Err(unsigned) => {
            metrics.heard("webhook", "unsigned");
            if complaints.check().is_ok() {
                telemetry::webhook_unsigned(&unsigned);
            }
            return refuse(StatusCode::UNAUTHORIZED, &unsigned.to_string());
        }
    };
    if let Some(Extension(line)) = line {
        line.proven();
    }
    let delivery = headers.get("x-webhook-id").and_then(|id| id.to_str().ok());
    let heard = match read(&body, delivery, via.as_ref()) {
        Ok(Told::Change(change)) => match tokio::time::timeout(PATIENCE, hear(router, &change)).await {
            Ok(Ok(heard)) => heard,
            Ok(Err(nack)) => {
                metrics.heard("webhook", "failed");
                telemetry::webhook_not_decided(&change.command.id, &nack.reason);
                return refuse(StatusCode::SERVICE_UNAVAILABLE, "it could not be decided, send it again");
            }
            Err(_) => {
                metrics.heard("webhook", "failed");
                telemetry::webhook_not_decided(&change.command.id, "the store was not fast enough");
                return refuse(StatusCode::SERVICE_UNAVAILABLE, "it was not decided in time, send it again");
            }
        },
        Ok(Told::Nothing(heard)) => heard,
        Err(_) => {
            metrics.heard("webhook", "unreadable");
            return refuse(StatusCode::BAD_REQUEST, "expected JSON");
        }
    };
    metrics.heard("webhook", heard.as_str());
    let status = if heard == Heard::Decided { StatusCode::ACCEPTED } else { StatusCode::OK };
    (status, Json(views::Heard { heard })).into_response()
}

/// A header given several times is one with commas.
fn signature(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(SIGNATURE_HEADER).iter().peekable();
    lines.peek()?;
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    Some(lines.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_lc_rs::hmac;
    use serde_json::json;
    use watchfire_core::ids::{ChannelName, EventId};
    use watchfire_core::policy::{Policy, Routes as Told};
    use watchfire_core::rules::RuleSet;

    use super::*;
    use crate::clients::Clients;
    use crate::clock::Clock;
    use crate::rules_files;
    use crate::secret::Secret;
    use crate::store::{Store, failing};
    use crate::telemetry::Metrics;

    const SECRET: &str = "a-secret-of-the-tests";

    #[tokio::test]
    async fn while_the_store_fails_pagerduty_is_asked_to_send_again_and_then_it_is_decided() {
        let (_folder, disk, store) = failing::store();
        let oncall = ChannelName::new("oncall");
        let files = rules_files::read(None).expect("the shipped rules are in the binary");
        let rules = RuleSet::load(&files).expect("the shipped rules are right");
        let policy = Policy::new(rules, Told::all_to(&oncall));
        let (store, metrics) = (Store::Embedded(store), Arc::new(Metrics::default()));
        let router =
            Arc::new(Router::new(policy, store.clone(), BTreeMap::new(), Clock::System, metrics.clone()));
        let event = rules_files::read_example(None, "examples/miner.json").expect("it ships");
        router.handle(&event).await.expect_err("there is no such channel to page");
        let incidents =
            router.incidents(1, crate::router::Among::All, |_, _| true).await.expect("it is there").incidents;
        let (incident, _, _) = &incidents[0];

        let body = json!({"event": {
            "id": "1", "event_type": "incident.acknowledged", "data": {"incident_key": format!("{incident}-1")},
        }});
        let body = body.to_string();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), body.as_bytes());
        let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signers = Signers::new([(oncall, Secret::new(SECRET))]);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1/pagerduty/webhooks", listener.local_addr().expect("it is bound"));
        let routes = webhooks(Webhooks::new(router, signers));
        tokio::spawn(axum::serve(listener, routes).into_future());
        let http = Clients::new(None).and_then(|clients| clients.http()).expect("a client");
        let post = async || {
            let request = http.post(&url).header("X-PagerDuty-Signature", format!("v1={tag}"));
            request.body(body.clone()).send().await.expect("it answers").status().as_u16()
        };

        disk.set_failing(true);
        assert_eq!(post().await, 503);
        disk.set_failing(false);
        // The store opens itself again, which may take a try.
        let decided = async { while post().await == 503 {} };
        tokio::time::timeout(Duration::from_secs(10), decided).await.expect("the store is there again");
        assert_eq!(post().await, 200, "by now it is a repeat");
        let entry = store.find(&EventId::new("pagerduty:1")).await.expect("the store answers");
        assert_eq!(entry.map(|entry| entry.decision.kind).as_deref(), Some("Command:acknowledge"));
        let failed = r#"watchfire_pagerduty_heard_total{way="webhook",outcome="failed"}"#;
        assert!(metrics.text().contains(failed), "{}", metrics.text());
    }
}
