//! PagerDuty's Events API v2 on this machine: as strict as its documentation, with faults on demand.

mod alert;
mod contract;
mod line;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router, body};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use alert::{Alert, AlertState};
pub use contract::Severity;
use line::{Line, Lines};

/// What one key may send in any 60 s, where the limit is switched on.
pub const EVENTS_PER_MINUTE: usize = 120;

/// What the server does to a request instead of looking at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, with this text as `Retry-After`.
    TooMany(Option<String>),
    /// That status, with a body as PagerDuty's.
    Status(u16),
    /// 400, as for an event that it cannot take.
    Refuse,
    /// The connection is cut without an answer; the event is not taken.
    Drop,
    /// An answer only after that time; the event is taken.
    Slow(Duration),
}

/// How much of each event is looked at and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything, against the contract.
    Strict,
    /// Dedup keys and times only, for load.
    Light,
}

/// One request, whatever became of it.
#[derive(Clone, Debug)]
pub struct Request {
    /// When it was there in full.
    pub at: Instant,
    /// What it was answered; `None`: nothing, the connection was cut.
    pub status: Option<u16>,
    /// Its body; null where that is not JSON.
    pub body: Value,
}

/// A server on 127.0.0.1 that ends when it is dropped.
#[derive(Debug)]
pub struct PagerDuty {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    mode: Mode,
    seen: Mutex<Seen>,
    accepted: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Request>,
    arrivals: Vec<(String, Instant)>,
    alerts: Vec<Alert>,
    script: VecDeque<Fault>,
    limited: bool,
    recent: BTreeMap<String, VecDeque<Instant>>,
}

impl PagerDuty {
    /// Strict, on a free port.
    pub async fn start() -> Self {
        Self::listen(0, Mode::Strict).await.expect("loopback has a free port")
    }

    /// For load, on a free port.
    pub async fn start_light() -> Self {
        Self::listen(0, Mode::Light).await.expect("loopback has a free port")
    }

    /// On that port of 127.0.0.1.
    pub async fn listen(port: u16, mode: Mode) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let (accepted, _) = watch::channel(0);
        let shared = Arc::new(Shared { mode, seen: Mutex::default(), accepted });
        let router = Router::new()
            .route("/v2/enqueue", post(enqueue))
            .route("/count", get(count))
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Line>();
        let task = tokio::spawn(async move {
            axum::serve(Lines(listener), router).await.expect("serving does not end");
        });
        Ok(Self { port, shared, task })
    }

    /// Where events go.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v2/enqueue", self.port)
    }

    /// Each of the next requests meets the next fault; after the last one all is well again.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.seen().script.extend(faults);
    }

    /// Switches the limit of 120 events a minute and key on.
    pub fn limit(&self) {
        self.shared.seen().limited = true;
    }

    /// Every request so far; in light mode none.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.seen().requests.clone()
    }

    /// The bodies that were accepted, in order; in light mode none.
    pub fn events(&self) -> Vec<Value> {
        let seen = self.shared.seen();
        seen.requests.iter().filter(|r| r.status == Some(202)).map(|r| r.body.clone()).collect()
    }

    /// The dedup key of each accepted event, and when it was there, in order.
    pub fn arrivals(&self) -> Vec<(String, Instant)> {
        self.shared.seen().arrivals.clone()
    }

    /// What a human would see, in the order of opening; in light mode nothing.
    pub fn alerts(&self) -> Vec<Alert> {
        self.shared.seen().alerts.clone()
    }

    /// How many events were accepted.
    pub fn accepted(&self) -> usize {
        *self.shared.accepted.borrow()
    }

    /// Returns as soon as more than `count` events were accepted.
    pub async fn accepted_over(&self, count: usize) {
        let mut accepted = self.shared.accepted.subscribe();
        let more = accepted.wait_for(|accepted| *accepted > count).await;
        more.map(drop).expect("the sender lives as long as the server");
    }

    /// Returns as soon as `count` events were accepted; panics where they are not there `within` that time.
    pub async fn wait_for(&self, count: usize, within: Duration) {
        let mut accepted = self.shared.accepted.subscribe();
        let enough = accepted.wait_for(|accepted| *accepted >= count);
        if tokio::time::timeout(within, enough).await.is_err() {
            panic!("{} of {count} events within {within:?}: {:#?}", self.accepted(), self.alerts());
        }
    }
}

impl Drop for PagerDuty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn count(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"accepted": *shared.accepted.borrow()}))
}

async fn enqueue(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: body::Body,
) -> Response {
    let Ok(body) = body::to_bytes(body, 4 * contract::MOST_BYTES).await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large", Vec::new());
    };
    let at = Instant::now();
    if shared.mode == Mode::Light {
        return shared.take_light(&body, at);
    }
    let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let fault = shared.seen().script.pop_front();
    let response = match fault {
        None => shared.take(&headers, &body, &value, at),
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            shared.take(&headers, &body, &value, at)
        }
        Some(Fault::TooMany(retry_after)) => {
            let mut response = too_many();
            if let Some(text) = retry_after {
                let value = text.parse().expect("a test gives a header value");
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            response
        }
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).expect("a test gives an HTTP status");
            error(status, "Internal Server Error", Vec::new())
        }
        Some(Fault::Refuse) => error(
            StatusCode::BAD_REQUEST,
            "Event object is invalid",
            vec!["refused by the script".to_owned()],
        ),
        Some(Fault::Drop) => {
            shared.seen().requests.push(Request { at, status: None, body: value });
            line.cut();
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let status = response.status();
    shared.seen().requests.push(Request { at, status: Some(status.as_u16()), body: value });
    if status == StatusCode::ACCEPTED {
        // Last, so that whoever waits finds everything in its place.
        shared.accepted.send_modify(|accepted| *accepted += 1);
    }
    response
}

impl Shared {
    fn take(&self, headers: &HeaderMap, body: &[u8], value: &Value, at: Instant) -> Response {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let event = match contract::check(kind, body, value) {
            Ok(event) => event,
            Err(errors) => return error(StatusCode::BAD_REQUEST, "Event object is invalid", errors),
        };
        let mut seen = self.seen();
        if seen.limited && !seen.has_room(&event.routing_key, at) {
            return too_many();
        }
        seen.arrivals.push((event.dedup_key.clone(), at));
        let dedup_key = event.dedup_key.clone();
        alert::apply(&mut seen.alerts, event);
        accepted(&dedup_key)
    }

    fn take_light(&self, body: &[u8], at: Instant) -> Response {
        let Some(dedup_key) = contract::dedup_key(body) else {
            return error(StatusCode::BAD_REQUEST, "Event object is invalid", Vec::new());
        };
        let response = accepted(&dedup_key);
        self.seen().arrivals.push((dedup_key, at));
        self.accepted.send_modify(|accepted| *accepted += 1);
        response
    }
}

impl Seen {
    fn has_room(&mut self, routing_key: &str, at: Instant) -> bool {
        let recent = self.recent.entry(routing_key.to_owned()).or_default();
        while recent.front().is_some_and(|first| at.duration_since(*first) >= Duration::from_secs(60)) {
            recent.pop_front();
        }
        let room = recent.len() < EVENTS_PER_MINUTE;
        if room {
            recent.push_back(at);
        }
        room
    }
}

fn accepted(dedup_key: &str) -> Response {
    let body = json!({"status": "success", "message": "Event processed", "dedup_key": dedup_key});
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

fn too_many() -> Response {
    let body = json!({"status": "throttle exceeded", "message": "Requests for this service are arriving too quickly"});
    (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response()
}

fn error(status: StatusCode, message: &str, errors: Vec<String>) -> Response {
    let body = json!({"status": "invalid event", "message": message, "errors": errors});
    (status, Json(body)).into_response()
}
