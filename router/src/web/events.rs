//! `POST /v1/events`: events into the embedded queue; answered once they are on disk.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router as Routes};
use serde_json::json;
use watchfire_core::event::{messages, text_of};

use crate::router::Router;
use crate::secret::Secret;
use crate::source::spool::Spool;

/// The most that one request may carry, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The most that one event may be, in bytes: SQS's own bound.
const MOST_EVENT_BYTES: usize = 1024 * 1024;

/// What taking events in needs.
#[derive(Clone)]
pub struct Ingest {
    /// Who says which lane an event belongs in.
    pub router: Arc<Router>,
    /// The embedded queue.
    pub spool: Spool,
    /// What senders must show; none on loopback.
    pub token: Option<Secret>,
}

/// The routes of the address that takes events.
pub fn events(ingest: Ingest) -> Routes {
    Routes::new().route("/v1/events", post(take)).layer(DefaultBodyLimit::max(MOST_BYTES)).with_state(ingest)
}

/// One event, an array of events, or one event per line (`application/x-ndjson`). What cannot be read, or is not
/// even text, is taken too: it is read as far as it goes, or recorded and paged like any other unreadable message.
async fn take(State(ingest): State<Ingest>, headers: HeaderMap, body: Bytes) -> Response {
    if !ingest.is_allowed(&headers) {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "expected `Authorization: Bearer` with the configured token",
        );
    }
    let body = text_of(&body).into_owned();
    let lines = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-ndjson"));
    let bodies: Vec<String> = match lines {
        true => body.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
        // Taken apart here, so that each is decided on its own.
        false => match messages(&body) {
            Ok(texts) => texts.into_iter().map(|text| text.into_owned()).collect(),
            Err(_) => vec![body],
        },
    };
    if bodies.iter().any(|body| body.len() > MOST_EVENT_BYTES) {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "expected events of at most 1 MiB each");
    }
    if bodies.iter().all(|body| body.trim().is_empty()) {
        return refuse(StatusCode::BAD_REQUEST, "expected an event, found an empty body");
    }
    let mut queued = Vec::with_capacity(bodies.len());
    for body in bodies {
        queued.push((ingest.router.lane_of(&body), body));
        // A request may carry thousands: others have their turn in between.
        tokio::task::yield_now().await;
    }
    match ingest.spool.append(queued).await {
        Ok(sequences) => (StatusCode::ACCEPTED, Json(json!({"accepted": sequences.len()}))).into_response(),
        Err(error) => {
            let message = format!("the events could not be stored, send them again: {error}");
            refuse(StatusCode::SERVICE_UNAVAILABLE, &message)
        }
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

impl Ingest {
    fn is_allowed(&self, headers: &HeaderMap) -> bool {
        self.token.as_ref().is_none_or(|token| is_shown(headers, token))
    }
}

/// Whether a request shows that token.
pub(super) fn is_shown(headers: &HeaderMap, token: &Secret) -> bool {
    let shown =
        headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    shown.is_some_and(|shown| same(shown, token.expose().as_bytes()))
}

/// Compares in a time that does not tell where the difference is.
fn same(shown: &[u8], wanted: &[u8]) -> bool {
    let difference = shown.iter().zip(wanted).fold(0, |difference, (a, b)| difference | (a ^ b));
    std::hint::black_box(difference) == 0 && shown.len() == wanted.len()
}
