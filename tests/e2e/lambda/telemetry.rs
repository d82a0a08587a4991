//! What a Lambda tells of itself: the trace of each event, and one line of metrics an invocation.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use watchfire_lambda::{Deadline, Operators};
use watchfire_tests::{Collector, GuardDuty, Span, free_port};

use super::{InProcess, batch, configuration};

/// As EventBridge hands the trace on to its queue.
const HEADER: &str = "Root=1-6560b7f1-aabbccddeeff001122334455;Parent=53995c3f42cd8ad8;Sampled=1";
const TRACE: &str = "6560b7f1aabbccddeeff001122334455";

/// A Lambda that tells a collector.
async fn telling(collector: &Collector) -> InProcess {
    let folder = tempfile::tempdir().unwrap();
    let mut configuration = configuration(folder.path(), free_port());
    configuration["telemetry"] = json!({"otlp": {"endpoint": collector.endpoint()}});
    InProcess::of(folder, &configuration, Operators::ShowTheToken, None).await
}

fn told_within() -> Deadline {
    Deadline::within(Duration::from_secs(60))
}

fn attributes(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn an_events_trace_goes_from_its_queue_by_the_decision_to_the_page() {
    let collector = Collector::start().await;
    let lambda = telling(&collector).await;
    let mut records = batch(&[("m1", GuardDuty::miner("checkout-1").event("e1").to_string())]);
    records["Records"][0]["attributes"]["AWSTraceHeader"] = json!(HEADER);
    lambda.answer(&records).await.unwrap();
    lambda.lambda.told(told_within()).await;

    let entry = lambda.router.journal(1).await.unwrap().remove(0);
    let (decision, effect) = (&entry.decision, &entry.decision.effects[0]);
    let event = decision.event.to_string();
    let spans = collector.spans();
    let [queue, commit, decide, page, receive] = &spans[..] else { panic!("{spans:?}") };
    let span = |of: &Span, name: &str, parent: &str, said: &[(&str, &str)]| Span {
        trace: TRACE.to_owned(),
        parent: parent.to_owned(),
        name: name.to_owned(),
        attributes: attributes(said),
        has_failed: false,
        ..of.clone()
    };
    let decided = [
        ("watchfire.event", event.as_str()),
        ("watchfire.rule", decision.rule.as_str()),
        ("watchfire.priority", decision.priority.as_str()),
        ("watchfire.verdict", "page"),
        ("watchfire.why", decision.why.as_str()),
        ("watchfire.incident", decision.incident.as_ref().unwrap().as_str()),
    ];
    let paged = [
        ("watchfire.effect", effect.id.as_str()),
        ("watchfire.channel", "screen"),
        ("watchfire.channel.kind", "console"),
        ("watchfire.effect.kind", "page"),
        ("watchfire.outcome", "done"),
    ];
    let received = [("messaging.message.id", "m1"), ("watchfire.outcome", "done")];
    let expected = [
        span(queue, "queue", "53995c3f42cd8ad8", &[]),
        span(commit, "commit", &decide.id, &[("watchfire.event", &event), ("watchfire.outcome", "yes")]),
        span(decide, "decide", &receive.id, &decided),
        span(page, "page", &receive.id, &paged),
        span(receive, "receive", "53995c3f42cd8ad8", &received),
    ];
    assert_eq!(spans, expected);
    assert_eq!(queue.during.0, 1_790_000_000_000_000_000, "it is as long as the message waited");
    let inside =
        |inner: &Span, outer: &Span| outer.during.0 <= inner.during.0 && inner.during.1 <= outer.during.1;
    assert!(inside(commit, decide) && inside(decide, receive) && inside(page, receive), "{spans:?}");
}

#[tokio::test]
async fn an_event_that_invokes_is_part_of_the_invocations_trace_and_nothing_else_of_it_is_told() {
    let collector = Collector::start().await;
    let lambda = telling(&collector).await;
    let event = GuardDuty::miner("checkout-secret").event("e1").to_string();
    lambda.lambda.answer(&event, Some(HEADER), told_within()).await.unwrap();
    lambda.lambda.told(told_within()).await;
    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["commit", "decide", "page", "receive"]);
    assert!(spans.iter().all(|span| span.trace == TRACE));
    assert!(!format!("{spans:?}").contains("checkout-secret"), "{spans:?}");
}

#[tokio::test]
async fn an_event_is_decided_and_paged_though_the_collector_is_not_there() {
    let nobody = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut configuration = configuration(folder.path(), free_port());
    configuration["telemetry"] = json!({"otlp": {"endpoint": format!("http://127.0.0.1:{}", free_port())}});
    let lambda = InProcess::of(folder, &configuration, Operators::ShowTheToken, None).await;
    assert_eq!(lambda.left(&[("m1", GuardDuty::miner("checkout-1").event("e1").to_string())]).await, [""; 0]);
    let line: Value = serde_json::from_str(&lambda.lambda.told(told_within()).await.unwrap()).unwrap();
    assert_eq!((&line["effects_done"], &line["spans_lost"]), (&json!(1.0), &Value::Null), "they are kept");
    assert_eq!(nobody.spans(), []);
}

#[tokio::test]
async fn an_invocation_has_one_line_of_metrics_of_what_it_has_counted() {
    let lambda = InProcess::new().await;
    let bodies = ["checkout-1", "checkout-2"].map(|pod| ("m", GuardDuty::miner(pod).event(pod).to_string()));
    lambda.left(&bodies).await;
    let line = lambda.lambda.told(told_within()).await.unwrap();
    let mut line: Value = serde_json::from_str(&line).unwrap();
    let metric = |(name, unit): &(&str, &str)| json!({"Name": name, "Unit": unit});
    let metrics = [
        ("channel_up", "None"),
        ("decide_seconds", "Seconds"),
        ("decisions_P0", "Count"),
        ("effects_done", "Count"),
        ("messages_received", "Count"),
        ("page_latency_seconds", "Seconds"),
        ("store_up", "None"),
    ];
    for measured in ["decide_seconds", "page_latency_seconds"] {
        let seconds = line[measured].as_f64().unwrap();
        assert!((0.0..60.0).contains(&seconds), "{line}");
        line[measured] = json!("measured");
    }
    line["_aws"]["Timestamp"] = json!("now");
    let expected = json!({
        "_aws": {"Timestamp": "now", "CloudWatchMetrics": [{"Namespace": "Watchfire", "Dimensions": [[]],
            "Metrics": metrics.iter().map(metric).collect::<Vec<_>>()}]},
        "channel_up": 1.0, "decide_seconds": "measured", "decisions_P0": 2.0, "effects_done": 2.0,
        "messages_received": 2.0, "page_latency_seconds": "measured",
        "store_up": 1.0,
    });
    assert_eq!(line, expected);
    assert_eq!(lambda.lambda.told(told_within()).await, None, "nothing was counted since");
}
