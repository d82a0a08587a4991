//! What the Events API v2 takes: the published schema, and the limits its documentation adds.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Map, Value};

/// 512 KB, by the smaller meaning of KB.
pub(super) const MOST_BYTES: usize = 512_000;

/// An event that is as it must be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) routing_key: String,
    pub(super) dedup_key: String,
    pub(super) action: Action,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Trigger { summary: String, severity: Severity },
    Acknowledge,
    Resolve,
}

/// How bad an alert is, in PagerDuty's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `info`
    Info,
    /// `warning`
    Warning,
    /// `error`
    Error,
    /// `critical`
    Critical,
}

/// Only what light mode keeps.
pub(super) fn dedup_key(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Key<'a> {
        #[serde(borrow)]
        dedup_key: Cow<'a, str>,
    }
    serde_json::from_slice::<Key<'_>>(body).ok().map(|key| key.dedup_key.into_owned())
}

/// The event, or everything that is wrong with it.
pub(super) fn check(content_type: Option<&str>, body: &[u8], value: &Value) -> Result<Event, Vec<String>> {
    let mut check = Check { errors: Vec::new() };
    let json = content_type.and_then(|kind| kind.split(';').next()).map(str::trim);
    check.that(json == Some("application/json"), "the content type must be application/json");
    check.that(body.len() <= MOST_BYTES, "the event must not be over 512 KB");
    let Some(event) = value.as_object() else {
        check.errors.push("JSON parse error".to_owned());
        return Err(check.errors);
    };
    check.members(
        event,
        "",
        &["routing_key", "event_action", "dedup_key", "payload", "links", "images", "client", "client_url"],
    );
    let routing_key = check.text(event, "routing_key", 32).unwrap_or_default();
    check.that(routing_key.len() == 32, "'routing_key' must be 32 characters");
    let dedup_key = check.optional(event, "dedup_key", 255);
    for name in ["client", "client_url"] {
        check.optional(event, name, 1024);
    }
    check.list(event, "links", &["href", "text"], "href", &["https://", "http://"]);
    check.list(event, "images", &["src", "href", "alt"], "src", &["https://"]);
    let action = match event.get("event_action").and_then(Value::as_str) {
        Some("trigger") => check.payload(event.get("payload")),
        Some("acknowledge") => Some(Action::Acknowledge),
        Some("resolve") => Some(Action::Resolve),
        Some(_) | None => {
            check.errors.push("'event_action' must be trigger, acknowledge or resolve".to_owned());
            None
        }
    };
    if matches!(action, Some(Action::Acknowledge | Action::Resolve)) {
        check.that(dedup_key.is_some(), "'dedup_key' is required unless the action is trigger");
    }
    match action {
        Some(action) if check.errors.is_empty() => {
            // PagerDuty makes one up; ours must not need that, but may.
            let dedup_key = dedup_key.unwrap_or_else(|| "made-up".to_owned());
            Ok(Event { routing_key, dedup_key, action })
        }
        Some(_) | None => Err(check.errors),
    }
}

struct Check {
    errors: Vec<String>,
}

impl Check {
    fn that(&mut self, fine: bool, error: &str) {
        if !fine {
            self.errors.push(error.to_owned());
        }
    }

    fn members(&mut self, object: &Map<String, Value>, place: &str, known: &[&str]) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            self.errors.push(format!("'{place}{name}' is not a field of the event"));
        }
    }

    fn text(&mut self, object: &Map<String, Value>, name: &str, most: usize) -> Option<String> {
        let text = self.optional(object, name, most);
        let there = text.as_ref().is_some_and(|text| !text.is_empty());
        self.that(there, &format!("'{name}' is missing or blank"));
        text
    }

    fn optional(&mut self, object: &Map<String, Value>, name: &str, most: usize) -> Option<String> {
        let text = match object.get(name)? {
            Value::String(text) => text,
            _ => {
                self.errors.push(format!("'{name}' must be a string"));
                return None;
            }
        };
        self.that(text.chars().count() <= most, &format!("'{name}' must not be over {most} characters"));
        Some(text.clone())
    }

    fn list(
        &mut self,
        event: &Map<String, Value>,
        name: &str,
        known: &[&str],
        address: &str,
        schemes: &[&str],
    ) {
        let Some(list) = event.get(name) else { return };
        let Some(items) = list.as_array() else {
            return self.errors.push(format!("'{name}' must be an array"));
        };
        for item in items {
            let Some(item) = item.as_object() else {
                self.errors.push(format!("'{name}' must hold objects"));
                continue;
            };
            self.members(item, &format!("{name}."), known);
            let url = self.text(item, address, 2048).unwrap_or_default();
            let fine = schemes.iter().any(|scheme| url.starts_with(scheme));
            self.that(fine, &format!("'{name}.{address}' must begin with {}", schemes.join(" or ")));
            for other in known.iter().filter(|other| **other != address) {
                self.optional(item, other, 2048);
            }
        }
    }

    fn payload(&mut self, payload: Option<&Value>) -> Option<Action> {
        let Some(payload) = payload.and_then(Value::as_object) else {
            self.errors.push("'payload' is missing or blank".to_owned());
            return None;
        };
        self.members(
            payload,
            "payload.",
            &["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"],
        );
        let summary = self.text(payload, "summary", 1024);
        self.text(payload, "source", 1024);
        for name in ["component", "group", "class"] {
            self.optional(payload, name, 1024);
        }
        if let Some(time) = self.optional(payload, "timestamp", 64) {
            let fine = time.parse::<Timestamp>().is_ok() || time.parse::<DateTime>().is_ok();
            self.that(fine, "'payload.timestamp' must be ISO 8601");
        }
        let details = payload.get("custom_details");
        self.that(details.is_none_or(Value::is_object), "'payload.custom_details' must be an object");
        let severity = match payload.get("severity").and_then(Value::as_str) {
            Some("critical") => Some(Severity::Critical),
            Some("error") => Some(Severity::Error),
            Some("warning") => Some(Severity::Warning),
            Some("info") => Some(Severity::Info),
            Some(_) | None => None,
        };
        self.that(severity.is_some(), "'payload.severity' must be critical, error, warning or info");
        Some(Action::Trigger { summary: summary?, severity: severity? })
    }
}

#[cfg(test)]
mod tests;
