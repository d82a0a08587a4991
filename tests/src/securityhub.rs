//! Security Hub's `BatchUpdateFindings` on this machine: as strict as its documentation, with faults on demand.

mod contract;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::patch;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::calls;

/// What the server does to a call instead of updating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubFault {
    /// That status and error, with so many seconds as `Retry-After`.
    Status(u16, &'static str, Option<u64>),
    /// A signature that does not fit: AWS's answer quotes the headers that it would have signed.
    Mismatch,
    /// An answer that is not Security Hub's.
    Nonsense,
}

/// One call, whatever became of it.
#[derive(Clone, Debug)]
pub struct HubCall {
    /// When it was there in full.
    pub at: Instant,
    /// What it was answered.
    pub status: u16,
    /// Its body; null where that is not JSON.
    pub body: Value,
    /// Its headers.
    pub headers: HeaderMap,
}

/// A finding as Security Hub has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubFinding {
    /// `Workflow.Status`; empty before it was first set.
    pub status: String,
    /// `Note.Text`.
    pub note: String,
    /// `Note.UpdatedBy`.
    pub noted_by: String,
}

/// A server on 127.0.0.1 that ends when it is dropped. It knows every finding that is not said to be otherwise.
#[derive(Debug)]
pub struct SecurityHub {
    port: u16,
    shared: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    calls: Vec<HubCall>,
    findings: BTreeMap<String, HubFinding>,
    script: VecDeque<HubFault>,
    unprocessed: BTreeMap<String, VecDeque<&'static str>>,
    refused: Option<String>,
}

impl SecurityHub {
    /// On a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let shared = Arc::<Mutex<Seen>>::default();
        let router =
            Router::new().route("/findings/batchupdate", patch(update)).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end");
        });
        Self { port, shared, task }
    }

    /// The endpoint to configure.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Each of the next calls meets the next fault; after the last one all is well again.
    pub fn script(&self, faults: impl IntoIterator<Item = HubFault>) {
        seen(&self.shared).script.extend(faults);
    }

    /// The next times it leaves that finding unprocessed, with these error codes in turn.
    pub fn leave_unprocessed(&self, id: &str, codes: &[&'static str]) {
        seen(&self.shared).unprocessed.insert(id.to_owned(), codes.iter().copied().collect());
    }

    /// Refuses every call with that finding in it, as a whole.
    pub fn refuse_calls_with(&self, id: &str) {
        seen(&self.shared).refused = Some(id.to_owned());
    }

    /// Every call so far, in order of arrival.
    pub fn calls(&self) -> Vec<HubCall> {
        seen(&self.shared).calls.clone()
    }

    /// A finding that was updated, by its id.
    pub fn finding(&self, id: &str) -> Option<HubFinding> {
        seen(&self.shared).findings.get(id).cloned()
    }

    /// The ids in each call that it did not refuse, in order.
    pub fn batches(&self) -> Vec<Vec<String>> {
        let calls = self.calls();
        calls.iter().filter(|call| call.status == 200).map(|call| contract::ids(&call.body)).collect()
    }

    /// The most calls in any stretch of that length, whatever became of them.
    pub fn busiest(&self, stretch: Duration) -> usize {
        let times: Vec<_> = self.calls().iter().map(|call| call.at).collect();
        let within = |from: &Instant| {
            times
                .iter()
                .filter(|at| at.checked_duration_since(*from).is_some_and(|gap| gap < stretch))
                .count()
        };
        times.iter().map(within).max().unwrap_or_default()
    }
}

impl Drop for SecurityHub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn seen(shared: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn update(State(shared): State<Arc<Mutex<Seen>>>, headers: HeaderMap, body: Bytes) -> Response {
    let at = Instant::now();
    let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    calls::note("securityhub:BatchUpdateFindings", &headers);
    let mut seen = seen(&shared);
    let response = match seen.script.pop_front() {
        Some(fault) => failed(&fault, &headers),
        None => match contract::check(&headers, &body, &value) {
            Ok(()) => seen.apply(&value),
            Err((status, kind, why)) => error(status, kind, &why),
        },
    };
    seen.calls.push(HubCall { at, status: response.status().as_u16(), body: value, headers });
    response
}

impl Seen {
    fn apply(&mut self, body: &Value) -> Response {
        let ids = contract::ids(body);
        if self.refused.as_ref().is_some_and(|refused| ids.contains(refused)) {
            return error(400, "InvalidInputException", "Invalid parameter 'FindingIdentifiers'");
        }
        let (mut processed, mut unprocessed) = (Vec::new(), Vec::new());
        for identifier in body["FindingIdentifiers"].as_array().into_iter().flatten() {
            let id = identifier["Id"].as_str().unwrap_or_default().to_owned();
            if let Some(code) = self.unprocessed.get_mut(&id).and_then(VecDeque::pop_front) {
                unprocessed.push(json!({
                    "FindingIdentifier": identifier, "ErrorCode": code, "ErrorMessage": "as scripted",
                }));
                continue;
            }
            let finding = self.findings.entry(id).or_default();
            let text = |value: &Value| value.as_str().map(str::to_owned);
            finding.note = text(&body["Note"]["Text"]).unwrap_or_default();
            finding.noted_by = text(&body["Note"]["UpdatedBy"]).unwrap_or_default();
            if let Some(status) = text(&body["Workflow"]["Status"]) {
                finding.status = status;
            }
            processed.push(identifier.clone());
        }
        Json(json!({"ProcessedFindings": processed, "UnprocessedFindings": unprocessed})).into_response()
    }
}

fn failed(fault: &HubFault, headers: &HeaderMap) -> Response {
    match fault {
        HubFault::Status(status, kind, retry_after) => {
            let mut response = error(*status, kind, "as scripted");
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
            }
            response
        }
        HubFault::Mismatch => {
            let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
            let quoted = format!("The Canonical String should have been x-amz-security-token:{token:?}");
            error(403, "InvalidSignatureException", &quoted)
        }
        HubFault::Nonsense => "<html>a proxy's page</html>".into_response(),
    }
}

fn error(status: u16, kind: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("an HTTP status");
    let body = Json(json!({"Code": kind, "Message": message}));
    (status, [("x-amzn-errortype", format!("{kind}:http://internal.example/coral/"))], body).into_response()
}
