//! What has invoked the Lambda, told by the shape of its text.
//!
//! ```text
//! {"Records": [{"eventSource": "aws:sqs", …}]}                    a batch of a queue
//! {"Records": [{"EventSource": "aws:sns", …}]}                    a topic
//! {"requestContext": {…}, "rawPath": "/v1/…", …}                  a function URL or an HTTP API, payload format 2.0
//! {"requestContext": {…}, "httpMethod": "GET", …}                 a REST API, payload format 1.0
//! {"source": "aws.scheduler", "detail-type": "Scheduled Event"}   a tick, as from `aws.events`
//! {"watchfire": {"tick": {}}}                                     a tick, as somebody has configured it
//! anything else                                                   an event, as EventBridge invokes with it
//! ```
//!
//! What is none of the shapes is handed to the router, as all that comes on a queue is: it pages what it cannot read.

use std::borrow::Cow;

use aws_lambda_events::sqs::SqsEvent;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::requests::Request;

/// One invocation.
#[derive(Debug)]
pub enum Invocation {
    /// Records of a queue, of which those that are not done can be named.
    Batch(SqsEvent),
    /// It is time to look for what is due.
    Tick,
    /// The texts of events.
    Events(Vec<String>),
    /// A request to the API, or a webhook.
    Request(Box<Request>),
}

/// What tells one from the other. Events have more, and anything may be in it.
#[derive(Deserialize)]
struct Shape<'p> {
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(rename = "requestContext")]
    request_context: Option<IgnoredAny>,
    #[serde(rename = "rawPath")]
    raw_path: Option<IgnoredAny>,
    #[serde(rename = "httpMethod")]
    http_method: Option<IgnoredAny>,
    #[serde(borrow)]
    source: Option<Cow<'p, str>>,
    #[serde(rename = "detail-type", borrow)]
    detail_type: Option<Cow<'p, str>>,
    #[serde(borrow)]
    watchfire: Option<&'p RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    #[serde(rename = "tick")]
    _tick: IgnoredAny,
}

/// SNS's records; what is in them is an envelope that the router knows.
#[derive(Deserialize)]
struct Topic<'p> {
    #[serde(rename = "Records", borrow)]
    records: Vec<Notification<'p>>,
}

#[derive(Deserialize)]
struct Notification<'p> {
    #[serde(rename = "Sns", borrow)]
    sns: &'p RawValue,
}

impl Invocation {
    /// Reads it.
    pub fn of(payload: &str) -> Self {
        let Ok(shape) = serde_json::from_str::<Shape<'_>>(payload) else { return Self::event(payload) };
        let known = match shape {
            Shape { records: Some(_), .. } => batch(payload).or_else(|| topic(payload)),
            Shape { request_context: Some(_), raw_path: Some(_), .. } => serde_json::from_str(payload)
                .ok()
                .map(|request| Self::request(Request::of_version_2(request))),
            Shape { request_context: Some(_), http_method: Some(_), .. } => serde_json::from_str(payload)
                .ok()
                .map(|request| Self::request(Request::of_version_1(request))),
            Shape { watchfire: Some(ours), .. } => {
                serde_json::from_str(ours.get()).ok().map(|Ours { _tick }| Self::Tick)
            }
            Shape { source: Some(source), detail_type: Some(kind), .. }
                if matches!(&*source, "aws.scheduler" | "aws.events") && kind == "Scheduled Event" =>
            {
                Some(Self::Tick)
            }
            Shape { .. } => None,
        };
        known.unwrap_or_else(|| Self::event(payload))
    }

    fn request(request: Request) -> Self {
        Self::Request(Box::new(request))
    }

    fn event(payload: &str) -> Self {
        Self::Events(vec![payload.to_owned()])
    }
}

fn batch(payload: &str) -> Option<Invocation> {
    let batch: SqsEvent = serde_json::from_str(payload).ok()?;
    let is_of_a_queue = |source: &Option<String>| source.as_deref() == Some("aws:sqs");
    let is_one = batch.records.iter().all(|record| is_of_a_queue(&record.event_source));
    is_one.then_some(Invocation::Batch(batch))
}

fn topic(payload: &str) -> Option<Invocation> {
    let Topic { records } = serde_json::from_str(payload).ok()?;
    Some(Invocation::Events(records.into_iter().map(|record| record.sns.get().to_owned()).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(payload: &str) -> &'static str {
        match Invocation::of(payload) {
            Invocation::Batch(_) => "batch",
            Invocation::Tick => "tick",
            Invocation::Events(_) => "events",
            Invocation::Request(_) => "request",
        }
    }

    #[test]
    fn each_is_told_by_its_shape() {
        let http = json!({"method": "GET", "path": "/v1/incidents"});
        let request = json!({"version": "2.0", "rawPath": "/v1/incidents", "headers": {}, "isBase64Encoded": false,
            "requestContext": {"http": http, "timeEpoch": 1}});
        for (payload, expected) in [
            (json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}), "batch"),
            (json!({"Records": []}), "batch"),
            (json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}), "events"),
            (json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]}), "events"),
            (json!({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"}), "tick"),
            (json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}), "tick"),
            (json!({"watchfire": {"tick": {}}}), "tick"),
            (json!({"watchfire": {"tock": {}}}), "events"),
            (json!({"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": {}}), "events"),
            (json!({"source": 5}), "events"),
            (request, "request"),
            (json!({"httpMethod": "GET", "path": "/v1/incidents", "requestContext": {}}), "request"),
            (json!([{"Records": []}]), "events"),
            (json!("text"), "events"),
        ] {
            assert_eq!(told(&payload.to_string()), expected, "{payload}");
        }
    }

    #[test]
    fn an_event_is_handed_on_to_the_letter_and_so_is_an_envelope_of_a_topic() {
        let text = r#"{ "source":"aws.guardduty",  "detail-type":"x", "detail":{"n":1.10} }"#;
        let Invocation::Events(texts) = Invocation::of(text) else { panic!("an event") };
        assert_eq!(texts, [text]);
        let envelope = r#"{"Type":"Notification",  "Message":"{}"}"#;
        let topic = format!(r#"{{"Records":[{{"EventSource":"aws:sns","Sns":{envelope}}}]}}"#);
        let Invocation::Events(texts) = Invocation::of(&topic) else { panic!("events") };
        assert_eq!(texts, [envelope]);
    }
}
