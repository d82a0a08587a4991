//! EventBridge's `PutEvents` and `DescribeEventBus`, as strict as their documentation, with entries that fail on demand.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::calls;
use crate::receiver::{Call, Contract, Reply};

/// An entry has less.
const MOST_BYTES: usize = 256 * 1024;
const MEMBERS: [&str; 6] = ["Time", "Source", "Resources", "DetailType", "Detail", "EventBusName"];

/// One bus.
#[derive(Debug, Default)]
pub struct EventBridge {
    /// The entries that were taken, in order.
    pub taken: Vec<Value>,
    /// The next entries fail with these codes.
    pub fails: VecDeque<&'static str>,
}

impl EventBridge {
    /// Its bus.
    pub const BUS: &str = "watchfire-pages";
}

impl Contract for EventBridge {
    fn take(&mut self, call: &Call) -> Reply {
        let signed = call.header("authorization");
        if !signed.starts_with("AWS4-HMAC-SHA256 Credential=test/")
            || !signed.contains("/events/aws4_request")
        {
            return Reply::new(403, json!({"__type": "IncompleteSignatureException", "message": signed}));
        }
        if call.header("content-type") != "application/x-amz-json-1.1" {
            return Reply::new(400, json!({"__type": "SerializationException"}));
        }
        if let Some(action) = call.header("x-amz-target").strip_prefix("AWSEvents.") {
            calls::note(&format!("events:{action}"), &call.headers);
        }
        match call.header("x-amz-target") {
            "AWSEvents.DescribeEventBus" => match call.json()["Name"] == Self::BUS {
                true => Reply::new(200, json!({"Name": Self::BUS})),
                false => {
                    Reply::new(400, json!({"__type": "ResourceNotFoundException", "message": "no such bus"}))
                }
            },
            "AWSEvents.PutEvents" => self.put(&call.json()),
            other => Reply::new(400, json!({"__type": "UnknownOperationException", "message": other})),
        }
    }

    fn fail(&self, status: u16) -> String {
        json!({"__type": "InternalException", "message": format!("{status} as scripted")}).to_string()
    }
}

impl EventBridge {
    fn put(&mut self, body: &Value) -> Reply {
        let entries = body["Entries"].as_array().cloned().unwrap_or_default();
        if !(1..=10).contains(&entries.len()) || entries.iter().map(size).sum::<usize>() >= MOST_BYTES {
            return Reply::new(
                400,
                json!({"__type": "ValidationException", "message": "entries or their size"}),
            );
        }
        let mut failed = 0;
        let results = entries.into_iter().map(|entry| {
            let wrong = self.fails.pop_front().or_else(|| wrong(&entry));
            if let Some(code) = wrong {
                failed += 1;
                return json!({"ErrorCode": code, "ErrorMessage": "as it says"});
            }
            self.taken.push(entry);
            json!({"EventId": format!("event-{}", self.taken.len())})
        });
        let results: Vec<_> = results.collect();
        Reply::new(200, json!({"FailedEntryCount": failed, "Entries": results}))
    }
}

fn size(entry: &Value) -> usize {
    let text = |name: &str| entry[name].as_str().map_or(0, str::len);
    let time = if entry["Time"].is_null() { 0 } else { 14 };
    text("Source") + text("DetailType") + text("Detail") + time
}

fn wrong(entry: &Value) -> Option<&'static str> {
    let is_known = |name: &String| MEMBERS.contains(&name.as_str());
    let is_text = |name: &str| entry[name].as_str().is_some_and(|text| !text.is_empty());
    let detail = entry["Detail"].as_str().and_then(|detail| serde_json::from_str::<Value>(detail).ok());
    if !entry.as_object().is_some_and(|members| members.keys().all(is_known)) || !is_text("DetailType") {
        return Some("InvalidArgument");
    }
    if entry["Source"].as_str().is_none_or(|source| source.starts_with("aws.") || source.is_empty()) {
        return Some("NotAuthorizedForSourceException");
    }
    if !(entry["Time"].is_null() || entry["Time"].is_number()) || entry["EventBusName"] != EventBridge::BUS {
        return Some("InvalidArgument");
    }
    (!detail.is_some_and(|detail| detail.is_object())).then_some("MalformedDetail")
}
