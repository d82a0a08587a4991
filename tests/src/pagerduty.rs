//! PagerDuty on this machine, Events API v2 and what of the REST API is asked: as strict as its documentation,
//! with faults on demand.

mod alert;
mod contract;
mod incidents;
pub(crate) mod line;
mod rest;
pub mod webhook;

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
pub use incidents::Deed;
use incidents::Incidents;
use line::{Line, Lines};
pub use rest::Question;

/// What one key may send in any 60 s, where the limit is switched on.
pub const EVENTS_PER_MINUTE: usize = 120;

/// What the server does to a request instead of answering as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// That status, with so many seconds as `Retry-After`; the event is not taken.
    Status(u16, Option<u64>),
    /// The event is taken, the answer comes after that time.
    Slow(Duration),
    /// The connection is cut without an answer; the event is not taken.
    Dropped,
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
    /// What it was answered; none where the connection was cut.
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
    calls: usize,
    script: VecDeque<Fault>,
    always: Option<Fault>,
    limited: bool,
    recent: BTreeMap<String, VecDeque<Instant>>,
    incidents: Incidents,
    known: Option<String>,
    questions: Vec<Question>,
    questions_script: VecDeque<Fault>,
}

impl PagerDuty {
    /// What the REST API wants to be shown.
    pub const API_TOKEN: &str = "y0_NbAmKxVPmjNo_gqEo";

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
            .route("/incidents", get(rest::incidents))
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

    /// The base of the REST API.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What a person does with the newest incident of that dedup key; returns the event that webhooks tell it by.
    ///
    /// # Panics
    /// Where there is no such incident.
    pub fn handle(&self, dedup_key: &str, by: &str, deed: Deed<'_>) -> Value {
        let mut seen = self.shared.seen();
        let Seen { incidents, alerts, .. } = &mut *seen;
        incidents.handle(alerts, dedup_key, by, deed)
    }

    /// What the REST API was asked, in order.
    pub fn questions(&self) -> Vec<Question> {
        self.shared.seen().questions.clone()
    }

    /// Each of the next questions to the REST API meets the next fault; the time of a status is
    /// `ratelimit-reset`.
    pub fn script_questions(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.seen().questions_script.extend(faults);
    }

    /// Each of the next requests meets the next fault; after the last one all is well again.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.seen().script.extend(faults);
    }

    /// Every request that the script leaves alone meets this fault, until told otherwise.
    pub fn always(&self, fault: Option<Fault>) {
        self.shared.seen().always = fault;
    }

    /// Switches the limit of 120 events a minute and key on.
    pub fn limit(&self) {
        self.shared.seen().limited = true;
    }

    /// How many requests there were, those included that are not answered yet.
    pub fn calls(&self) -> usize {
        self.shared.seen().calls
    }

    /// Every request that has been judged so far; in light mode none.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.seen().requests.clone()
    }

    /// The same without the first so many.
    pub fn requests_after(&self, count: usize) -> Vec<Request> {
        self.shared.seen().requests.iter().skip(count).cloned().collect()
    }

    /// The bodies that were accepted, in order; in light mode none.
    pub fn events(&self) -> Vec<Value> {
        let seen = self.shared.seen();
        seen.requests.iter().filter(|r| r.status == Some(202)).map(|r| r.body.clone()).collect()
    }

    /// No other key is one, from now on.
    pub fn know_only(&self, routing_key: &str) {
        self.shared.seen().known = Some(routing_key.to_owned());
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
    match shared.next_fault() {
        None => shared.take(&headers, &body, at),
        Some(Fault::Slow(time)) => {
            let response = shared.take(&headers, &body, at);
            tokio::time::sleep(time).await;
            response
        }
        Some(Fault::Status(status, retry_after)) => {
            shared.keep(at, Some(status), read(&body));
            let status = StatusCode::from_u16(status).expect("a test gives an HTTP status");
            let mut response = error(status, "as scripted", Vec::new());
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Some(Fault::Dropped) => {
            shared.keep(at, None, read(&body));
            line.cut();
            // Nobody sees it.
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut seen = self.seen();
        seen.calls += 1;
        seen.script.pop_front().or_else(|| seen.always.clone())
    }

    fn keep(&self, at: Instant, status: Option<u16>, body: Value) {
        self.seen().requests.push(Request { at, status, body });
    }

    fn take(&self, headers: &HeaderMap, body: &[u8], at: Instant) -> Response {
        if self.mode == Mode::Light {
            return self.take_light(body, at);
        }
        let value = read(body);
        let response = self.judge(headers, body, &value, at);
        self.keep(at, Some(response.status().as_u16()), value);
        if response.status() == StatusCode::ACCEPTED {
            // Last, so that whoever waits finds everything in its place.
            self.accepted.send_modify(|accepted| *accepted += 1);
        }
        response
    }

    fn judge(&self, headers: &HeaderMap, body: &[u8], value: &Value, at: Instant) -> Response {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let event = match contract::check(kind, body, value) {
            Ok(event) => event,
            Err(errors) => return error(StatusCode::BAD_REQUEST, "Event object is invalid", errors),
        };
        let mut seen = self.seen();
        if seen.limited && !seen.has_room(&event.routing_key, at) {
            return error(StatusCode::TOO_MANY_REQUESTS, "Events are arriving too quickly", Vec::new());
        }
        if seen.known.as_ref().is_some_and(|known| *known != event.routing_key) {
            let why = vec!["Invalid routing key".to_owned()];
            return error(StatusCode::BAD_REQUEST, "Event object is invalid", why);
        }
        let dedup_key = event.dedup_key.clone();
        seen.arrivals.push((dedup_key.clone(), at));
        alert::apply(&mut seen.alerts, event);
        let Seen { incidents, alerts, .. } = &mut *seen;
        incidents.follow(alerts);
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

fn error(status: StatusCode, message: &str, errors: Vec<String>) -> Response {
    let body = json!({"status": "invalid event", "message": message, "errors": errors});
    (status, Json(body)).into_response()
}
