//! Alertmanager's API v2, as strict as its specification and its own checks; it knows what fires, as the real one does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::receiver::{Call, Contract, Reply};

/// One Alertmanager.
#[derive(Debug, Default)]
pub struct Alertmanager {
    /// Alerts by their labels, as they were told last.
    pub alerts: BTreeMap<String, Value>,
}

impl Alertmanager {
    /// What has to be shown.
    pub const AUTHORIZATION: &str = "Bearer hunter2-of-alertmanager";

    /// The labels of what fires at that time.
    pub fn firing(&self, now: Timestamp) -> Vec<Value> {
        let ends = |alert: &&Value| time(&alert["endsAt"]).is_some_and(|ends_at| ends_at > now);
        self.alerts.values().filter(ends).map(|alert| alert["labels"].clone()).collect()
    }
}

impl Contract for Alertmanager {
    fn take(&mut self, call: &Call) -> Reply {
        if call.header("authorization") != Self::AUTHORIZATION {
            return Reply::new(401, "who are you?");
        }
        match (call.method.as_str(), call.path.as_str()) {
            ("GET", "/am/api/v2/status") => {
                Reply::new(200, json!({"versionInfo": {"version": "0.34.0"}, "config": {"original": "x"}}))
            }
            ("POST", "/am/api/v2/alerts") if call.header("content-type") == "application/json" => {
                match self.post(&call.json()) {
                    Ok(()) => Reply::new(200, ""),
                    Err(wrong) => Reply::new(400, json!(wrong)),
                }
            }
            _ => Reply::new(404, ""),
        }
    }
}

impl Alertmanager {
    fn post(&mut self, alerts: &Value) -> Result<(), String> {
        let alerts = alerts.as_array().ok_or("no list")?;
        alerts.iter().try_for_each(check)?;
        for alert in alerts {
            self.alerts.insert(alert["labels"].to_string(), alert.clone());
        }
        Ok(())
    }
}

fn check(alert: &Value) -> Result<(), String> {
    const KNOWN: [&str; 5] = ["labels", "annotations", "startsAt", "endsAt", "generatorURL"];
    let members = alert.as_object().ok_or("no object")?;
    if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!("unknown member {unknown}"));
    }
    let labels = alert["labels"]
        .as_object()
        .filter(|labels| !labels.is_empty())
        .ok_or("at least one label pair required")?;
    for (name, value) in labels.iter().chain(alert["annotations"].as_object().ok_or("no annotations")?) {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_name = !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(is_plain);
        if !is_name || name.is_empty() || value.as_str().is_none_or(str::is_empty) {
            return Err(format!("invalid label {name}={value}"));
        }
    }
    let (starts, ends) = (time(&alert["startsAt"]), time(&alert["endsAt"]));
    let (starts, ends) = starts.zip(ends).ok_or("a time that is none")?;
    if starts > ends {
        return Err("start time must be before end time".to_owned());
    }
    let url = alert["generatorURL"].as_str().ok_or("generatorURL must be a text")?;
    let is_url = url.is_empty() || url.starts_with("https://");
    if is_url { Ok(()) } else { Err("generatorURL must be an address".to_owned()) }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
