//! What GuardDuty and Security Hub answer to who asks for findings by severity: as strict as their models in botocore (2017-11-28,
//! 2018-10-26), on this machine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Of every test.
const DETECTOR: &str = "12abc34d567e8fa901bc2d34e56789f0";

/// What there is.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Of GuardDuty, by severity; none where it is not switched on.
    pub guard_duty: Option<Vec<(f64, u64)>>,
    /// Labels of Security Hub's, one each; none where it is not switched on.
    pub security_hub: Option<Vec<&'static str>>,
    /// Nobody may see any.
    pub denied: bool,
}

/// A server on 127.0.0.1 that ends when it is dropped.
#[derive(Debug)]
pub struct FindingsApi {
    endpoint: String,
    shared: Arc<Mutex<Findings>>,
    task: JoinHandle<()>,
}

impl FindingsApi {
    /// On a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let shared = Arc::<Mutex<Findings>>::default();
        let router = Router::new()
            .route("/detector", get(detectors))
            .route("/detector/{detector}/findings/statistics", post(statistics))
            .route("/findings", post(findings))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end");
        });
        Self { endpoint, shared, task }
    }

    /// Where AWS is.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// This is what there is from now on.
    pub fn set(&self, findings: Findings) {
        *seen(&self.shared) = findings;
    }
}

impl Drop for FindingsApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn seen(shared: &Mutex<Findings>) -> MutexGuard<'_, Findings> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(status: u16, kind: &str, why: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("x-amzn-errortype", kind.to_owned())], Json(json!({"message": why, "Message": why})))
        .into_response()
}

/// The refusal, unless it is signed for that service of the tests' region, and there is somebody who may.
fn unsigned(service: &str, headers: &HeaderMap, findings: &Findings) -> Option<Response> {
    let said = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = format!("/us-gov-west-1/{service}/aws4_request, ");
    let is_signed = said.starts_with("AWS4-HMAC-SHA256 Credential=")
        && said.contains(&scope)
        && said.contains("x-amz-date")
        && headers.contains_key("x-amz-date");
    if !is_signed {
        return Some(refused(403, "IncompleteSignatureException", said));
    }
    findings.denied.then(|| refused(403, "AccessDeniedException", "is not authorized to perform it"))
}

/// The members of an object, all of which must be known.
fn only(value: &Value, members: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or_else(|| format!("no structure: {value}"))?;
    match object.keys().find(|name| !members.contains(&name.as_str())) {
        Some(unknown) => Err(format!("unknown member {unknown}")),
        None => Ok(()),
    }
}

async fn detectors(State(shared): State<Arc<Mutex<Findings>>>, headers: HeaderMap) -> Response {
    let findings = seen(&shared).clone();
    if let Some(refused) = unsigned("guardduty", &headers, &findings) {
        return refused;
    }
    let ids: Vec<_> = findings.guard_duty.iter().map(|_| DETECTOR).collect();
    Json(json!({"detectorIds": ids})).into_response()
}

async fn statistics(
    State(shared): State<Arc<Mutex<Findings>>>,
    Path(detector): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let findings = seen(&shared).clone();
    if let Some(refused) = unsigned("guardduty", &headers, &findings) {
        return refused;
    }
    let Some(counts) = findings.guard_duty.filter(|_| detector == DETECTOR) else {
        return refused(
            400,
            "BadRequestException",
            "the input detectorId is not owned by the current account",
        );
    };
    if let Err(why) = asks_for_statistics(&body) {
        return refused(400, "BadRequestException", &why);
    }
    let at = Timestamp::now().as_second();
    let grouped: Vec<_> = counts
        .iter()
        .map(|(severity, count)| json!({"lastGeneratedAt": at, "severity": severity, "totalFindings": count}))
        .collect();
    Json(json!({"findingStatistics": {"groupedBySeverity": grouped}})).into_response()
}

fn asks_for_statistics(body: &[u8]) -> Result<(), String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    only(&body, &["findingStatisticTypes", "findingCriteria", "groupBy", "orderBy", "maxResults"])?;
    if body["groupBy"] != "SEVERITY" || body.get("findingStatisticTypes").is_some() {
        return Err("here it is asked for by severity, and not in both ways".to_owned());
    }
    if !body["maxResults"].as_u64().is_some_and(|most| (1..=100).contains(&most)) {
        return Err(format!("maxResults {}", body["maxResults"]));
    }
    only(&body["findingCriteria"], &["criterion"])?;
    let criterion = &body["findingCriteria"]["criterion"];
    // There are more; these are what is asked for here.
    only(criterion, &["updatedAt", "service.archived"])?;
    only(&criterion["service.archived"], &["equals"])?;
    only(&criterion["updatedAt"], &["greaterThanOrEqual"])?;
    if criterion["service.archived"]["equals"] != json!(["false"]) {
        return Err(format!("equals {}", criterion["service.archived"]["equals"]));
    }
    let from = criterion["updatedAt"]["greaterThanOrEqual"].as_i64();
    is_a_day_ago(from.and_then(|from| Timestamp::from_millisecond(from).ok()))
}

fn is_a_day_ago(from: Option<Timestamp>) -> Result<(), String> {
    let from = from.ok_or("no time")?;
    let seconds = Timestamp::now().duration_since(from).as_secs() - 24 * 3600;
    if (-60..=60).contains(&seconds) { Ok(()) } else { Err(format!("{from} is not a day ago")) }
}

async fn findings(State(shared): State<Arc<Mutex<Findings>>>, headers: HeaderMap, body: Bytes) -> Response {
    let findings = seen(&shared).clone();
    if let Some(refused) = unsigned("securityhub", &headers, &findings) {
        return refused;
    }
    let Some(labels) = findings.security_hub else {
        return refused(
            401,
            "InvalidAccessException",
            "Account 111122223333 is not subscribed to AWS Security Hub",
        );
    };
    let from = match asks_for_findings(&body) {
        Ok(from) => from,
        Err(why) => return refused(400, "InvalidInputException", &why),
    };
    let page = labels.iter().skip(from).take(100);
    let page: Vec<_> = page.map(|label| json!({"Id": "a", "Severity": {"Label": label}})).collect();
    let mut answer = json!({"Findings": page});
    if labels.len() > from + 100 {
        answer["NextToken"] = json!(format!("from {}", from + 100));
    }
    Json(answer).into_response()
}

/// From which one on.
fn asks_for_findings(body: &[u8]) -> Result<usize, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    only(&body, &["Filters", "SortCriteria", "NextToken", "MaxResults"])?;
    if body["MaxResults"] != 100 {
        return Err(format!("MaxResults {}", body["MaxResults"]));
    }
    let filters = &body["Filters"];
    // There are more; these are what is asked for here.
    only(filters, &["CreatedAt", "RecordState", "WorkflowStatus"])?;
    let is = |value: &str| json!({"Value": value, "Comparison": "EQUALS"});
    if filters["RecordState"] != json!([is("ACTIVE")]) {
        return Err(format!("RecordState {}", filters["RecordState"]));
    }
    if filters["WorkflowStatus"] != json!([is("NEW"), is("NOTIFIED")]) {
        return Err(format!("WorkflowStatus {}", filters["WorkflowStatus"]));
    }
    let created = &filters["CreatedAt"][0];
    only(created, &["Start", "End"])?;
    let time = |member: &str| created[member].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    is_a_day_ago(time("Start"))?;
    time("End").ok_or("no End")?;
    match body.get("NextToken") {
        None => Ok(0),
        Some(token) => {
            let from = token.as_str().and_then(|token| token.strip_prefix("from ")?.parse().ok());
            from.ok_or_else(|| "a NextToken that was not given".to_owned())
        }
    }
}
