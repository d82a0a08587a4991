//! A receiver of webhooks, as strict as Standard Webhooks 1.0 and CloudEvents 1.0 are.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::receiver::{Call, Contract, Reply};

/// A signature is good for so many seconds either way.
const TOLERANCE: i64 = 300;
/// What every intermediary of CloudEvents passes on.
const MOST_OF_AN_EVENT: usize = 64 * 1024;

/// Whoever takes webhooks.
#[derive(Debug, Default)]
pub struct Webhooks {
    /// What has to have signed, as base64 without `whsec_`; none where nothing has to.
    pub secret: Option<String>,
    /// Bodies over so many bytes are too large.
    pub most_bytes: Option<usize>,
    /// The pages that were taken, each once however often it came.
    pub pages: Vec<Value>,
    /// The ids of those.
    pub ids: BTreeSet<String>,
}

impl Contract for Webhooks {
    fn take(&mut self, call: &Call) -> Reply {
        if call.method == "OPTIONS" {
            return Reply::new(405, "only POST");
        }
        if self.most_bytes.is_some_and(|most| call.body.len() > most) {
            return Reply::new(413, "it is too large");
        }
        if let Err(wrong) = self.check_signature(call) {
            return Reply::new(401, wrong);
        }
        match page(call) {
            Err(wrong) => Reply::new(400, wrong),
            Ok(page) => {
                if self.ids.insert(call.header("webhook-id").to_owned()) {
                    self.pages.push(page);
                }
                Reply::new(202, "")
            }
        }
    }

    /// It quotes what it was asked, as many servers do.
    fn fail(&self, status: u16) -> String {
        format!("{status} as scripted: Cannot POST /hooks/s3cret-of-the-address")
    }
}

impl Webhooks {
    fn check_signature(&self, call: &Call) -> Result<(), String> {
        let (id, at) = (call.header("webhook-id"), call.header("webhook-timestamp"));
        let seconds: i64 =
            at.parse().map_err(|_| "webhook-timestamp is not a number of seconds".to_owned())?;
        if id.is_empty() || id.contains('.') {
            return Err("webhook-id is missing, or has a dot".to_owned());
        }
        if (Timestamp::now().as_second() - seconds).abs() > TOLERANCE {
            return Err("webhook-timestamp is too far away".to_owned());
        }
        let Some(secret) = &self.secret else { return Ok(()) };
        let key = BASE64_STANDARD.decode(secret).expect("a test gives base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = [format!("{id}.{at}.").as_bytes(), &call.body].concat();
        let mut shown = call.header("webhook-signature").split(' ');
        let is_ours = |shown: &str| {
            let tag = shown.strip_prefix("v1,").and_then(|tag| BASE64_STANDARD.decode(tag).ok());
            tag.is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
        };
        if shown.any(is_ours) { Ok(()) } else { Err("no signature fits".to_owned()) }
    }
}

fn page(call: &Call) -> Result<Value, String> {
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| "the body is not JSON".to_owned())?;
    match call.header("content-type") {
        "application/json" => Ok(body),
        "application/cloudevents+json" => event(call.body.len(), &body).map(|()| body["data"].clone()),
        other => Err(format!("content-type {other} is not taken")),
    }
}

/// What CloudEvents 1.0 wants of an event in its JSON format.
fn event(bytes: usize, event: &Value) -> Result<(), String> {
    let attributes = event.as_object().ok_or("an event is an object")?;
    if bytes > MOST_OF_AN_EVENT {
        return Err("an event of over 64 KiB is not passed on".to_owned());
    }
    for required in ["id", "source", "specversion", "type"] {
        if attributes.get(required).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("{required} is missing"));
        }
    }
    if attributes["specversion"] != "1.0" {
        return Err("specversion is not 1.0".to_owned());
    }
    for (name, value) in attributes {
        let is_name = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !is_name || !(name == "data" || value.is_string()) {
            return Err(format!("{name} is not an attribute of a CloudEvent"));
        }
    }
    let is_time = |time: &Value| time.as_str().is_some_and(|time| time.parse::<Timestamp>().is_ok());
    if !attributes.get("time").is_none_or(is_time) {
        return Err("time is not RFC 3339".to_owned());
    }
    Ok(())
}
