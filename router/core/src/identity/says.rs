//! What an event that reports no finding says: the same twice is one problem, anything else is another.
//!
//! It is its detail without what is new in every delivery: times, ids of deliveries and requests, counters. What
//! is not surely one of these is part of what it says: two pages for one problem are better than none for the second.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::json::Json;

/// Names of numbers that count or measure: they are another in every report of one problem.
const MEASURES: [&str; 17] = [
    "age",
    "attempt",
    "bytes",
    "count",
    "counter",
    "duration",
    "elapsed",
    "latency",
    "millis",
    "milliseconds",
    "retries",
    "seconds",
    "sequence",
    "size",
    "time",
    "timestamp",
    "total",
];
/// Names of ids that every delivery or request has of its own, without `id`.
const DELIVERIES: [&str; 12] = [
    "client",
    "correlation",
    "delivery",
    "event",
    "invocation",
    "message",
    "request",
    "sharedevent",
    "span",
    "token",
    "trace",
    "transaction",
];

/// Every value of a detail that is part of what it says, with its path, in the order of paths.
pub(super) fn says(detail: &Json<'_>) -> Vec<String> {
    let mut parts = Vec::new();
    walk(detail, &mut String::new(), "", &mut parts);
    parts.sort();
    parts
}

fn walk(json: &Json<'_>, path: &mut String, name: &str, parts: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                let length = path.len();
                // With its length, so that no name is taken for two.
                path.push_str(&format!(".{}:{name}", name.len()));
                walk(value, path, name, parts);
                path.truncate(length);
            }
        }
        Json::Array(elements) => elements.iter().for_each(|element| walk(element, path, name, parts)),
        Json::Number(_) if measures(name) => {}
        Json::String(text) => parts.extend(told(name, text).map(|text| format!("{path}=\"{text}"))),
        Json::Number(_) | Json::Bool(_) | Json::Null => parts.push(format!("{path}={json}")),
    }
}

/// What of a text is told; none where all of it is new in every delivery.
fn told<'t>(name: &str, text: &'t str) -> Option<Cow<'t, str>> {
    if (is_delivery(name) && looks_drawn(text)) || text.parse::<Timestamp>().is_ok() {
        return None;
    }
    let is_passing = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.parse::<Timestamp>().is_ok() || is_uuid(word)
    };
    if !text.contains(' ') || !text.split(' ').any(is_passing) {
        return Some(Cow::Borrowed(text));
    }
    let words: Vec<_> = text.split(' ').map(|word| if is_passing(word) { "…" } else { word }).collect();
    Some(Cow::Owned(words.join(" ")))
}

/// `retryCount`, `bytes_in_total`, `createdAt`: by the last word of the name.
fn measures(name: &str) -> bool {
    let last = words(name).pop().unwrap_or_default();
    MEASURES.contains(&last.as_str()) || (last == "at" && name.len() > 2)
}

fn is_delivery(name: &str) -> bool {
    let mut words = words(name);
    let last = words.pop().unwrap_or_default();
    let rest = words.concat();
    match last.as_str() {
        "id" | "uuid" => DELIVERIES.iter().any(|word| rest.ends_with(word)),
        "token" => true,
        "eventid" | "requestid" | "messageid" => true,
        _ => false,
    }
}

/// The words of a name in lower case, however they are joined: `xRequestId`, `eventID`, `request-id`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() && was_lower;
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("it begins with one").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a text was drawn at random rather than written by someone: a UUID, or sixteen and more hexadecimal digits.
fn looks_drawn(text: &str) -> bool {
    is_uuid(text) || (text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let says = |text| says(&Json::parse(text).expect("JSON"));
        says(one) == says(other)
    }

    #[test]
    fn times_ids_of_deliveries_and_counters_are_not_what_an_event_says() {
        let pairs = [
            (
                r#"{"a":"x","eventTime":"2026-11-20T10:00:00Z"}"#,
                r#"{"eventTime":"2026-11-21T10:00:00Z","a":"x"}"#,
            ),
            (
                r#"{"requestID":"7bf73129-1428-4cd3-a780-95db273d1602"}"#,
                r#"{"requestID":"00000000-1428-4cd3-a780-95db273d1602"}"#,
            ),
            (r#"{"retryCount":1,"createdAt":1764493200}"#, r#"{"retryCount":2,"createdAt":1764496800}"#),
            (
                r#"{"m":"failed at 2026-11-20T10:00:00Z, again"}"#,
                r#"{"m":"failed at 2026-11-20T11:00:00Z, again"}"#,
            ),
            (r#"{"x_trace_id":"0123456789abcdef0"}"#, r#"{"x_trace_id":"0123456789abcdef1"}"#),
        ];
        for (one, other) in pairs {
            assert!(same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn whatever_else_differs_is_another_problem() {
        let pairs = [
            (r#"{"resourceStatus":"ACTIVE"}"#, r#"{"resourceStatus":"ERROR"}"#),
            (r#"{"EventID":"RDS-EVENT-0001"}"#, r#"{"EventID":"RDS-EVENT-0006"}"#),
            (r#"{"vpcId":"vpc-1"}"#, r#"{"vpcId":"vpc-2"}"#),
            (r#"{"port":22}"#, r#"{"port":3389}"#),
            (r#"{"exitCode":0}"#, r#"{"exitCode":137}"#),
            (r#"{"public":false}"#, r#"{"public":true}"#),
            (r#"{"a":"1"}"#, r#"{"a":1}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":"b=\"c"}"#),
            (r#"{"groups":["a"]}"#, r#"{"groups":["a","b"]}"#),
            (r#"{"m":"port 22 is open"}"#, r#"{"m":"port 23 is open"}"#),
            (r#"{}"#, r#"{"threats":null}"#),
        ];
        for (one, other) in pairs {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
