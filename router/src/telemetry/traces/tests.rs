//! Against a collector: what it gets is compared whole, and what it does not take is kept, or lost and counted.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router as Routes};
use serde_json::{Value, json};

use super::*;
use crate::clients::Clients;
use crate::failure::Nack;
use crate::telemetry::Metrics;

const SOON: Duration = Duration::from_secs(10);
const HEADER: &str = "Root=1-6560b7f1-aabbccddeeff001122334455;Parent=53995c3f42cd8ad8;Sampled=1";

/// Answers as it is told, and keeps what it was sent.
#[derive(Clone, Default)]
struct Collector {
    answer: Arc<Mutex<(u16, Value)>>,
    got: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    async fn start() -> (Self, Traces, Arc<Metrics>) {
        let collector = Self::default();
        collector.answers(200, json!({}));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/collector", listener.local_addr().unwrap()).parse().unwrap();
        let take = async |State(collector): State<Collector>, Json(body): Json<Value>| {
            collector.got.lock().unwrap().push(body);
            let (status, answer) = collector.answer.lock().unwrap().clone();
            (StatusCode::from_u16(status).unwrap(), Json(answer))
        };
        let routes = Routes::new().route("/collector/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        let metrics = Arc::new(Metrics::default());
        let http = Clients::new(None).unwrap().http().unwrap();
        let traces = Traces::to(&endpoint, http, metrics.clone());
        (collector, traces, metrics)
    }

    fn answers(&self, status: u16, answer: Value) {
        *self.answer.lock().unwrap() = (status, answer);
    }

    /// The spans of all requests.
    fn spans(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        let spans = got.iter().flat_map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array());
        spans.flatten().cloned().collect()
    }
}

fn lost(metrics: &Metrics, reason: &str) -> Option<String> {
    let name = format!("watchfire_spans_lost_total{{reason=\"{reason}\"}} ");
    metrics.text().lines().find_map(|line| line.strip_prefix(&name).map(str::to_owned))
}

async fn step(traces: &Traces) {
    traces.step(Step::Decide, async {}, |()| Said::default()).await;
}

#[tokio::test]
async fn what_came_with_a_trace_is_part_of_it_and_so_is_every_step() {
    let (collector, traces, _) = Collector::start().await;
    let brought = Brought::by_queue(Some(HEADER), Some("1795143600000"));
    let work = async {
        traces
            .step(Step::Decide, traces.step(Step::Commit, async {}, |()| Said::default()), |()| {
                Said::default()
            })
            .await;
        Err::<(), _>(Nack { reason: "hunter2".to_owned(), retry_after: None })
    };
    traces.receive(&brought, work, |done| of_message(Some("m1"), done)).await.unwrap_err();
    traces.flush(SOON).await;

    let mut got = collector.got.lock().unwrap().clone();
    let spans = got[0]["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array_mut().unwrap();
    // By their ends: what waited, then from the innermost to the outermost.
    let ids: Vec<String> = spans.iter().map(|span| span["spanId"].as_str().unwrap().to_owned()).collect();
    let mut times = Vec::new();
    for span in spans.iter_mut() {
        times.push(
            [&span["startTimeUnixNano"], &span["endTimeUnixNano"]]
                .map(|at| at.as_str().unwrap().parse::<i64>().unwrap()),
        );
        span["startTimeUnixNano"] = json!("then");
        span["endTimeUnixNano"] = json!("later");
    }
    let span = |id: usize, parent: &str, name: &str, kind: u8, attributes: Value, status: Value| {
        json!({"traceId": "6560b7f1aabbccddeeff001122334455", "spanId": ids[id], "parentSpanId": parent, "name": name,
            "kind": kind, "startTimeUnixNano": "then", "endTimeUnixNano": "later", "attributes": attributes,
            "status": status})
    };
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let version = env!("CARGO_PKG_VERSION");
    let message = json!([text("messaging.message.id", "m1"), text("watchfire.outcome", "left")]);
    let expected = json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "watchfire"), text("service.version", version)]},
        "scopeSpans": [{"scope": {"name": "watchfire", "version": version}, "spans": [
            span(0, "53995c3f42cd8ad8", "queue", 5, json!([]), json!({})),
            span(1, &ids[2], "commit", 3, json!([]), json!({})),
            span(2, &ids[3], "decide", 1, json!([]), json!({})),
            span(3, "53995c3f42cd8ad8", "receive", 5, message, json!({"code": 2})),
        ]}],
    }]});
    assert_eq!(got, [expected]);
    let [queue, commit, decide, receive] = times[..] else { panic!("{times:?}") };
    assert_eq!(queue[0], 1_795_143_600_000_000_000);
    assert!(queue[1] <= receive[0] && receive[0] <= decide[0] && decide[0] <= commit[0], "{times:?}");
    assert!(commit[1] <= decide[1] && decide[1] <= receive[1], "{times:?}");
}

#[tokio::test]
async fn what_is_not_sampled_is_not_told_and_what_is_cut_off_is() {
    let (collector, traces, _) = Collector::start().await;
    let unsampled = Brought { header: Some(HEADER.replace("Sampled=1", "Sampled=0")), sent_at: None };
    traces.receive(&unsampled, step(&traces), |()| Said::default()).await;
    let endless = traces.step(Step::Page, std::future::pending::<()>(), |()| Said::default());
    tokio::time::timeout(Duration::from_millis(1), endless).await.unwrap_err();
    traces.flush(SOON).await;
    let [span] = &collector.spans()[..] else { panic!("{:?}", collector.spans()) };
    assert_eq!((&span["name"], &span["status"]["code"]), (&json!("page"), &json!(2)));
    assert_eq!(span["attributes"][0]["value"]["stringValue"], "cut_off");
    assert!(span.get("parentSpanId").is_none(), "{span}");
}

#[tokio::test]
async fn what_a_collector_does_not_take_for_now_is_sent_again_and_what_it_refuses_is_counted() {
    let (collector, traces, metrics) = Collector::start().await;
    collector.answers(503, json!({}));
    step(&traces).await;
    traces.flush(SOON).await;
    collector.answers(200, json!({"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}}));
    step(&traces).await;
    traces.flush(SOON).await;
    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:?}");
    assert_eq!((&spans[0], lost(&metrics, "refused").as_deref()), (&spans[1], Some("1")));
    collector.answers(400, json!({}));
    step(&traces).await;
    traces.flush(SOON).await;
    traces.flush(SOON).await;
    assert_eq!((collector.spans().len(), lost(&metrics, "refused").as_deref()), (4, Some("2")));
    assert_eq!(lost(&metrics, "full"), None);
}

#[tokio::test]
async fn while_nobody_takes_spans_the_newest_4096_are_kept_and_nothing_waits() {
    let (collector, traces, metrics) = Collector::start().await;
    collector.answers(503, json!({}));
    for _ in 0..4_096 {
        step(&traces).await;
    }
    step(&traces).await;
    assert_eq!(lost(&metrics, "full").as_deref(), Some("1"));
    // What is on its way makes room, and goes behind what came meanwhile.
    let sender = traces.sender().unwrap();
    let under_way: Vec<Span> = sender.take();
    assert_eq!(under_way.len(), 512);
    step(&traces).await;
    sender.keep_again(under_way);
    assert_eq!(lost(&metrics, "full").as_deref(), Some("2"));
    collector.answers(200, json!({}));
    traces.flush(SOON).await;
    assert_eq!(collector.spans().len(), 4_096);
}

#[tokio::test]
async fn where_no_collector_is_configured_nothing_is_kept() {
    let traces = Traces::default();
    assert_eq!(traces.step(Step::Decide, async { 7 }, |_| unreachable!()).await, 7);
    traces.flush(SOON).await;
    assert!(traces.sender().is_none());
}
