//! PagerDuty's change events, as strict as their documentation: members, lengths, links.

use serde_json::Value;

use crate::receiver::{Call, Contract, Reply};

const MOST_BYTES: usize = 512_000;
const MOST_SUMMARY: usize = 1024;

/// One integration that takes changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// The changes that were taken, in order.
    pub taken: Vec<Value>,
}

impl Changes {
    /// Its key.
    pub const KEY: &str = "0123456789abcdef0123456789abcdef";
    /// The path that takes them.
    pub const PATH: &str = "/v2/change/enqueue";
}

impl Contract for Changes {
    fn take(&mut self, call: &Call) -> Reply {
        if call.method != "POST" || call.path != Self::PATH {
            return Reply::new(404, "");
        }
        if call.body.len() > MOST_BYTES {
            return Reply::new(413, "");
        }
        match check(&call.json()) {
            Err(wrong) => {
                let body = serde_json::json!({"status": "invalid event", "message": "Event object is invalid",
                    "errors": [wrong]});
                Reply::new(400, body)
            }
            Ok(()) => {
                self.taken.push(call.json());
                Reply::new(202, r#"{"message":"Change event processed","status":"success"}"#)
            }
        }
    }
}

fn check(change: &Value) -> Result<(), String> {
    only(change, &["routing_key", "payload", "links", "images"])?;
    if change["routing_key"] != Changes::KEY {
        return Err("Invalid routing key".to_owned());
    }
    let payload = &change["payload"];
    only(payload, &["summary", "source", "timestamp", "custom_details"])?;
    let summary = payload["summary"].as_str().unwrap_or_default();
    if summary.is_empty() || summary.chars().count() > MOST_SUMMARY {
        return Err(format!("summary of {} characters", summary.chars().count()));
    }
    let is_time = |text: &Value| text.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok());
    if !(payload["timestamp"].is_null() || is_time(&payload["timestamp"])) || payload["source"].is_array() {
        return Err("timestamp or source".to_owned());
    }
    if !(payload["custom_details"].is_null() || payload["custom_details"].is_object()) {
        return Err("custom_details".to_owned());
    }
    for link in change["links"].as_array().into_iter().flatten() {
        only(link, &["href", "text"])?;
        if !link["href"].as_str().is_some_and(|href| href.starts_with("https://")) {
            return Err("link".to_owned());
        }
    }
    Ok(())
}

fn only(value: &Value, known: &[&str]) -> Result<(), String> {
    let members = value.as_object().ok_or("no object")?;
    match members.iter().find(|(name, value)| !known.contains(&name.as_str()) || value.is_null()) {
        Some((name, _)) => Err(format!("{name} is unknown, or null")),
        None => Ok(()),
    }
}
