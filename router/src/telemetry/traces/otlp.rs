//! Spans as OTLP has them in JSON.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Span;

/// Who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Speaker {
    /// The function's name, in a Lambda.
    pub(super) function: Option<String>,
}

/// What is read of an answer.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) partial_success: Partly,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Partly {
    /// 64 bits, which JSON of protobuf has as a text, and some collectors as a number.
    rejected_spans: Value,
}

impl Partly {
    /// How many spans were not taken.
    pub(super) fn rejected(&self) -> u64 {
        let text = || self.rejected_spans.as_str()?.parse().ok();
        self.rejected_spans.as_u64().or_else(text).unwrap_or_default()
    }
}

/// The body of a request to `/v1/traces`.
pub(super) fn body(speaker: &Speaker, spans: &[Span]) -> Value {
    let Speaker { function } = speaker;
    let version = env!("CARGO_PKG_VERSION");
    let function = function.as_deref().map(|function| attribute("faas.name", function));
    let resource: Vec<Value> =
        [attribute("service.name", "watchfire"), attribute("service.version", version)]
            .into_iter()
            .chain(function)
            .collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{
            "scope": {"name": "watchfire", "version": version},
            "spans": spans.iter().map(written).collect::<Vec<_>>(),
        }],
    }]})
}

fn written(span: &Span) -> Value {
    let Span { trace, id, parent, step, begun, ended, said } = span;
    let attributes: Vec<Value> = said.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let mut written = json!({
        "traceId": trace.to_string(),
        "spanId": id.to_string(),
        "name": step.name(),
        "kind": step.kind(),
        "startTimeUnixNano": nanoseconds(*begun),
        "endTimeUnixNano": nanoseconds(*ended),
        "attributes": attributes,
        // Not set, or an error: what came of it stands among the attributes.
        "status": if said.has_failed { json!({"code": 2}) } else { json!({}) },
    });
    if let Some(parent) = parent {
        written["parentSpanId"] = parent.to_string().into();
    }
    written
}

fn nanoseconds(at: Timestamp) -> String {
    at.as_nanosecond().max(0).to_string()
}

fn attribute(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"stringValue": value}})
}
