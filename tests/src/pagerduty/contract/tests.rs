//! What the contract takes and what it refuses, one difference at a time.

use serde_json::json;

use super::*;

fn trigger() -> Value {
    json!({
        "routing_key": "e93facc04764012d7bfb002500d5d1a6",
        "event_action": "trigger",
        "dedup_key": "srv01/mysql",
        "client": "Sample",
        "client_url": "https://monitoring.example.com",
        "links": [{"href": "http://pagerduty.example.com", "text": "An example link."}],
        "images": [{"src": "https://chart.example.com/1", "href": "https://example.com", "alt": "A chart"}],
        "payload": {
            "summary": "DISK at 99%",
            "timestamp": "2015-07-17T08:42:58.315+0000",
            "severity": "critical",
            "source": "prod-datapipe03.example.com",
            "component": "mysql",
            "group": "prod-datapipe",
            "class": "disk",
            "custom_details": {"free space": "1%", "load avg": 0.75},
        },
    })
}

fn errors(value: &Value) -> Vec<String> {
    check(Some("application/json"), value.to_string().as_bytes(), value).err().unwrap_or_default()
}

#[test]
fn the_published_example_is_taken() {
    let value = trigger();
    let expected = Event {
        routing_key: "e93facc04764012d7bfb002500d5d1a6".to_owned(),
        dedup_key: "srv01/mysql".to_owned(),
        action: Action::Trigger { summary: "DISK at 99%".to_owned(), severity: Severity::Critical },
    };
    let kind = Some("application/json; charset=utf-8");
    assert_eq!(check(kind, value.to_string().as_bytes(), &value), Ok(expected));
}

#[test]
fn one_thing_wrong_is_one_error() {
    let long = "x".repeat(1025);
    let table = [
        ("/routing_key", json!("short"), "'routing_key' must be 32 characters"),
        ("/event_action", json!("page"), "'event_action' must be trigger, acknowledge or resolve"),
        ("/dedup_key", json!("x".repeat(256)), "'dedup_key' must not be over 255 characters"),
        ("/dedup_key", json!(5), "'dedup_key' must be a string"),
        ("/client", json!({}), "'client' must be a string"),
        ("/payload", json!(null), "'payload' is missing or blank"),
        ("/payload/summary", json!(long), "'summary' must not be over 1024 characters"),
        ("/payload/summary", json!(""), "'summary' is missing or blank"),
        ("/payload/source", json!(""), "'source' is missing or blank"),
        ("/payload/severity", json!("P0"), "'payload.severity' must be critical, error, warning or info"),
        ("/payload/timestamp", json!("yesterday"), "'payload.timestamp' must be ISO 8601"),
        ("/payload/custom_details", json!("text"), "'payload.custom_details' must be an object"),
        ("/links", json!({}), "'links' must be an array"),
        ("/links/0/href", json!("javascript:x"), "'links.href' must begin with https:// or http://"),
        ("/images/0/src", json!("http://a.example"), "'images.src' must begin with https://"),
    ];
    for (place, value, error) in table {
        let mut event = trigger();
        *event.pointer_mut(place).expect(place) = value;
        assert_eq!(errors(&event), [error], "{place}");
    }
}

#[test]
fn unknown_fields_are_refused_wherever_they_stand() {
    let mut event = trigger();
    event["priority"] = json!("P0");
    event["payload"]["urgency"] = json!("high");
    event["links"][0]["label"] = json!("x");
    let expected = [
        "'priority' is not a field of the event",
        "'links.label' is not a field of the event",
        "'payload.urgency' is not a field of the event",
    ];
    assert_eq!(errors(&event), expected);
}

#[test]
fn an_end_needs_a_key_and_no_payload() {
    let key = "e93facc04764012d7bfb002500d5d1a6";
    assert!(errors(&json!({"routing_key": key, "event_action": "resolve", "dedup_key": "k"})).is_empty());
    let error = errors(&json!({"routing_key": key, "event_action": "resolve"}));
    assert_eq!(error, ["'dedup_key' is required unless the action is trigger"]);
}

#[test]
fn what_is_no_json_or_too_large_is_refused() {
    assert_eq!(check(Some("application/json"), b"{", &Value::Null), Err(vec!["JSON parse error".to_owned()]));
    let error = check(Some("text/plain"), trigger().to_string().as_bytes(), &trigger());
    assert_eq!(error, Err(vec!["the content type must be application/json".to_owned()]));
    let mut large = trigger();
    large["payload"]["custom_details"]["x"] = json!("x".repeat(MOST_BYTES));
    assert_eq!(errors(&large), ["the event must not be over 512 KB"]);
}
