//! The real client against a server that answers as SQS does, entry by entry.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::*;

/// What a call is answered: each of its entries by its text, or all of it.
type Answering = fn(calls_before: usize, text: &str) -> Option<(&'static str, bool)>;

/// A call: to which queue, and with which texts.
type Call = (String, Vec<String>);

#[derive(Clone)]
struct Sqs {
    answering: Answering,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Sqs {
    /// The server, and who sends to its queues `urgent` and `bulk`.
    async fn start(answering: Answering) -> (Self, Outbox) {
        let sqs = Self { answering, calls: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let routes = axum::Router::new().fallback(answer).with_state(sqs.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let credentials = Credentials::new("test", "test", None, None, "tests");
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-gov-west-1"))
            .endpoint_url(&endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let queue = |name| serde_json::from_value(json!({"url": format!("{endpoint}/1/{name}")})).unwrap();
        let outbox = Outbox::new(&aws, &["urgent", "bulk"].map(queue)).unwrap();
        (sqs, outbox)
    }

    /// The texts of each call, with the queue's name.
    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

async fn answer(State(sqs): State<Sqs>, call: Bytes) -> Response {
    let call: Value = serde_json::from_slice(&call).unwrap();
    let entries = call["Entries"].as_array().unwrap();
    let text = |entry: &Value| entry["MessageBody"].as_str().unwrap().to_owned();
    let name = call["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let before = {
        let mut calls = sqs.calls.lock().unwrap();
        calls.push((name, entries.iter().map(text).collect()));
        calls.len() - 1
    };
    let (mut taken, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        match (sqs.answering)(before, &text(entry)) {
            None => taken.push(json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0"})),
            Some(("down", _)) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Some((code, is_refused)) => failed
                .push(json!({"Id": entry["Id"], "Code": code, "Message": "said", "SenderFault": is_refused})),
        }
    }
    Json(json!({"Successful": taken, "Failed": failed})).into_response()
}

fn ordinary(texts: &[&str]) -> Vec<(Lane, String)> {
    texts.iter().map(|text| (Lane::Ordinary, (*text).to_owned())).collect()
}

fn bulk(texts: &[&str]) -> Call {
    ("bulk".to_owned(), texts.iter().map(|text| (*text).to_owned()).collect())
}

#[tokio::test]
async fn what_is_urgent_goes_to_the_first_queue_and_all_else_to_the_last() {
    let (sqs, outbox) = Sqs::start(|_, _| None).await;
    let events = [(Lane::Ordinary, "a".to_owned()), (Lane::Express, "b".to_owned())];
    assert_eq!(outbox.send(&events).await, []);
    assert_eq!(sqs.calls(), [("urgent".to_owned(), vec!["b".to_owned()]), bulk(&["a"])]);
}

#[tokio::test]
async fn only_the_entries_that_failed_are_sent_again() {
    let (sqs, outbox) =
        Sqs::start(|before, text| (before < 2 && text == "b").then_some(("InternalError", false))).await;
    assert_eq!(outbox.send(&ordinary(&["a", "b", "c"])).await, []);
    assert_eq!(sqs.calls(), [bulk(&["a", "b", "c"]), bulk(&["b"]), bulk(&["b"])]);
}

#[tokio::test]
async fn what_fails_three_times_is_told_with_its_reason_and_the_others_are_on_the_queue() {
    let (sqs, outbox) = Sqs::start(|_, text| (text == "b").then_some(("InternalError", false))).await;
    let unsent = outbox.send(&ordinary(&["a", "b"])).await;
    let reason = "InternalError: said".to_owned();
    assert_eq!(unsent, [Unsent { at: 1, queue: "bulk".to_owned(), reason, is_refused: false }]);
    assert_eq!(sqs.calls().len(), 3);
}

#[tokio::test]
async fn what_the_queue_refuses_is_not_sent_again() {
    let (sqs, outbox) = Sqs::start(|_, text| (text == "a").then_some(("InvalidMessageContents", true))).await;
    let unsent = outbox.send(&ordinary(&["a", "b"])).await;
    let reason = "InvalidMessageContents: said".to_owned();
    assert_eq!(unsent, [Unsent { at: 0, queue: "bulk".to_owned(), reason, is_refused: true }]);
    assert_eq!(sqs.calls().len(), 1);
}

#[tokio::test]
async fn a_call_that_fails_is_made_again_with_all_of_its_entries() {
    let (sqs, outbox) = Sqs::start(|before, _| (before < 1).then_some(("down", false))).await;
    assert_eq!(outbox.send(&ordinary(&["a", "b"])).await, []);
    assert_eq!(sqs.calls(), [bulk(&["a", "b"]), bulk(&["a", "b"])]);
}

fn sizes(lengths: &[usize]) -> Vec<Vec<usize>> {
    let texts = lengths.iter().enumerate().map(|(at, length)| (at, Cow::Owned("x".repeat(*length))));
    batches(texts).into_iter().map(|batch| batch.into_iter().map(|(at, _)| at).collect()).collect()
}

#[test]
fn a_batch_is_ten_at_most_and_one_mebibyte_at_most_and_keeps_their_order() {
    assert_eq!(sizes(&[]), Vec::<Vec<usize>>::new());
    assert_eq!(sizes(&[1; 12]), [(0..10).collect::<Vec<_>>(), vec![10, 11]]);
    assert_eq!(sizes(&[MOST_BYTES, 1, MOST_BYTES - 1, 1]), [vec![0], vec![1, 2], vec![3]]);
    assert_eq!(sizes(&[600 * 1024, 600 * 1024, 100]), [vec![0], vec![1, 2]]);
}

#[test]
fn what_no_message_may_hold_is_spelt_out_and_is_the_same_in_json() {
    let event = "{\"a\":\"\u{fffe}\u{ffff}\u{fffd}ü\u{1f525}\"}";
    assert_eq!(fit(event), "{\"a\":\"\\ufffe\\uffff\u{fffd}ü\u{1f525}\"}");
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&fit(event)), read(event));
    assert!(matches!(fit("{}\t\r\n"), Cow::Borrowed(_)));
    assert_eq!(fit("no json \u{0}\u{1b}"), "no json \\u0000\\u001b");
}
