//! Another side that is called by HTTP, on this machine: it keeps every call, holds it to its contract, and fails on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::{self, Body};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Fault;
use crate::pagerduty::line::{Line, Lines};

/// More than any contract takes.
const MOST_READ: usize = 4 * 1024 * 1024;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it was there in full.
    pub at: Instant,
    /// By which method.
    pub method: String,
    /// Of what.
    pub path: String,
    /// What stands behind the `?`; empty where there is none.
    pub query: String,
    /// With which headers.
    pub headers: HeaderMap,
    /// As it came.
    pub body: Vec<u8>,
    /// What it was answered; none where the connection was cut.
    pub status: Option<u16>,
}

impl Call {
    /// The header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body; null where it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Seconds, as `Retry-After`.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// With that body.
    pub fn new(status: u16, body: impl ToString) -> Self {
        Self { status, retry_after: None, body: body.to_string() }
    }
}

/// What one kind of other side takes, and what it remembers.
pub trait Contract: Send + 'static {
    /// Judges a call.
    fn take(&mut self, call: &Call) -> Reply;

    /// How it says that it fails.
    fn fail(&self, status: u16) -> String {
        format!("{status} as scripted")
    }
}

/// A server on 127.0.0.1 that ends when it is dropped.
#[derive(Debug)]
pub struct Receiver<C> {
    port: u16,
    shared: Arc<Mutex<Seen<C>>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Seen<C> {
    contract: C,
    calls: Vec<Call>,
    script: VecDeque<Fault>,
}

impl<C: Contract> Receiver<C> {
    /// On a free port.
    pub async fn start(contract: C) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Seen { contract, calls: Vec::new(), script: VecDeque::new() };
        let shared = Arc::new(Mutex::new(seen));
        let router = Router::new().fallback(answer::<C>).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<Line>();
        let task = tokio::spawn(async move {
            axum::serve(Lines(listener), service).await.expect("serving does not end");
        });
        Self { port, shared, task }
    }

    /// The address of that path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Each of the next calls meets the next fault; after the last one all is well again.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        seen(&self.shared).script.extend(faults);
    }

    /// Every call, in order.
    pub fn calls(&self) -> Vec<Call> {
        seen(&self.shared).calls.clone()
    }

    /// What each was answered.
    pub fn statuses(&self) -> Vec<Option<u16>> {
        seen(&self.shared).calls.iter().map(|call| call.status).collect()
    }

    /// What the other side remembers.
    pub fn contract<T>(&self, look: impl FnOnce(&mut C) -> T) -> T {
        look(&mut seen(&self.shared).contract)
    }
}

impl<C> Drop for Receiver<C> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn seen<C>(shared: &Mutex<Seen<C>>) -> MutexGuard<'_, Seen<C>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer<C: Contract>(
    State(shared): State<Arc<Mutex<Seen<C>>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, MOST_READ).await.unwrap_or_default().to_vec();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let mut call =
        Call { at: Instant::now(), method, path, query, headers: parts.headers, body, status: None };
    let (reply, slow) = {
        let mut seen = seen(&shared);
        let (reply, slow) = match seen.script.pop_front() {
            None => (Some(seen.contract.take(&call)), None),
            Some(Fault::Slow(time)) => (Some(seen.contract.take(&call)), Some(time)),
            Some(Fault::Status(status, retry_after)) => {
                let body = seen.contract.fail(status);
                (Some(Reply { status, retry_after, body }), None)
            }
            Some(Fault::Dropped) => (None, None),
        };
        call.status = reply.as_ref().map(|reply| reply.status);
        seen.calls.push(call);
        (reply, slow)
    };
    if let Some(time) = slow {
        tokio::time::sleep(time).await;
    }
    let Some(Reply { status, retry_after, body }) = reply else {
        line.cut();
        // Nobody sees it.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let status = StatusCode::from_u16(status).expect("a contract answers with an HTTP status");
    let mut response = (status, body).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}
