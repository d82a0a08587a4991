//! A collector of traces: takes OTLP in JSON over HTTP, and decodes it strictly.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

/// A collector on a free port of loopback.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    endpoint: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

/// A span as it came; its times as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The trace it is part of.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The span it is part of; nothing where it is the first of its trace.
    pub parent: String,
    /// What was done.
    pub name: String,
    /// From when to when, in nanoseconds since 1970.
    pub during: (u64, u64),
    /// What came of it.
    pub attributes: BTreeMap<String, String>,
    /// Whether it is marked as an error.
    pub has_failed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourceSpans {
    #[serde(rename = "resource")]
    _resource: Value,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScopeSpans {
    #[serde(rename = "scope")]
    _scope: Value,
    spans: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    name: String,
    #[serde(rename = "kind")]
    _kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    status: Status,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    key: String,
    value: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Text {
    string_value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    #[serde(default)]
    code: u8,
}

impl Collector {
    /// Begins to take spans.
    ///
    /// # Panics
    /// Where loopback has no free port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let collector = Self { endpoint: format!("http://{address}"), spans: Arc::default() };
        let routes = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        collector
    }

    /// What `telemetry.otlp.endpoint` is to be.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// All that came so far.
    ///
    /// # Panics
    /// Never.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().expect("nobody panics with it").clone()
    }
}

async fn take(State(collector): State<Collector>, Json(request): Json<Request>) -> Json<Value> {
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans).map(span);
    collector.spans.lock().expect("nobody panics with it").extend(spans);
    Json(json!({}))
}

fn span(written: Written) -> Span {
    let Written { trace_id, span_id, parent_span_id, name, attributes, status, .. } = written;
    let nanoseconds = |text: &str| text.parse().expect("a number of nanoseconds");
    Span {
        trace: trace_id,
        id: span_id,
        parent: parent_span_id,
        name,
        during: (nanoseconds(&written.start_time_unix_nano), nanoseconds(&written.end_time_unix_nano)),
        attributes: attributes.into_iter().map(|one| (one.key, one.value.string_value)).collect(),
        has_failed: status.code == 2,
    }
}
