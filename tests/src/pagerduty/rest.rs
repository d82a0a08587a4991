//! `GET /incidents` of the REST API: its token, its query, its limits.

use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::line::Line;
use super::{Fault, PagerDuty, Shared};

const REQUESTS_PER_MINUTE: u64 = 960;

/// One request, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The key it asked for.
    pub key: Option<String>,
    /// What it was answered; none where the connection was cut.
    pub status: Option<u16>,
}

pub(super) async fn incidents(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = parameters(query.as_deref().unwrap_or_default());
    let key = query.iter().find(|(name, _)| name == "incident_key").map(|(_, value)| value.clone());
    let fault = shared.seen().questions_script.pop_front();
    let response = match fault {
        None => answer(&shared, &headers, &query, key.as_deref()),
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            answer(&shared, &headers, &query, key.as_deref())
        }
        Some(Fault::Status(status, reset)) => {
            let status = StatusCode::from_u16(status).expect("a test gives an HTTP status");
            let mut response = error(status, "as scripted", 2020);
            if let Some(seconds) = reset {
                response.headers_mut().insert("ratelimit-remaining", 0.into());
                response.headers_mut().insert("ratelimit-reset", seconds.into());
            }
            response
        }
        Some(Fault::Dropped) => {
            shared.seen().questions.push(Question { key, status: None });
            line.cut();
            // Nobody sees it.
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    shared.seen().questions.push(Question { key, status: Some(response.status().as_u16()) });
    response
}

fn answer(shared: &Shared, headers: &HeaderMap, query: &[(String, String)], key: Option<&str>) -> Response {
    let wanted = format!("Token token={}", PagerDuty::API_TOKEN);
    if headers.get(header::AUTHORIZATION).is_none_or(|shown| shown != wanted.as_str()) {
        return error(StatusCode::UNAUTHORIZED, "Unauthorized", 2006);
    }
    let versioned = "application/vnd.pagerduty+json;version=2";
    if headers.get(header::ACCEPT).is_none_or(|kind| kind != versioned) {
        return error(StatusCode::BAD_REQUEST, "the version of the API is missing", 2001);
    }
    let known = ["incident_key", "date_range", "sort_by", "limit", "offset", "statuses[]", "since", "until"];
    if let Some((name, _)) = query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return error(StatusCode::BAD_REQUEST, &format!("unknown parameter {name}"), 2001);
    }
    let limit = query.iter().find(|(name, _)| name == "limit").map_or(Ok(25), |(_, limit)| limit.parse());
    let Some(limit) = limit.ok().filter(|limit| (1..=100).contains(limit)) else {
        return error(StatusCode::BAD_REQUEST, "limit is 1 to 100", 2001);
    };
    let mut found: Vec<Value> = shared.seen().incidents.with_key(key);
    let more = found.len() > limit;
    found.truncate(limit);
    let body = json!({"incidents": found, "limit": limit, "offset": 0, "total": null, "more": more});
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", REQUESTS_PER_MINUTE.into());
    headers.insert("ratelimit-remaining", (REQUESTS_PER_MINUTE - 1).into());
    headers.insert("ratelimit-reset", 60.into());
    response
}

fn error(status: StatusCode, message: &str, code: u32) -> Response {
    (status, Json(json!({"error": {"message": message, "code": code}}))).into_response()
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://127.0.0.1/?{query}")).expect("a query that was sent");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
