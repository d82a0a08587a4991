//! Whole events, compared with what they must be.

use serde_json::json;
use watchfire_core::ids::{DedupKey, EventId, FindingKey};
use watchfire_core::notice::{Fact, Group, is_unfit};

use super::*;
use crate::actions::tests::page;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

#[test]
fn the_standard_event_says_what_the_page_says() {
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "v1:5f3c9a:2",
        "client": "Watchfire",
        "links": [{"href": "https://runbooks.example.com/mining", "text": "Runbook"}],
        "payload": {
            "summary": "[P0] Bitcoin miner in pod shop/pay-1",
            "source": "prod-1",
            "severity": "critical",
            "timestamp": "2026-11-20T02:58:11Z",
            "component": "pay-1",
            "class": "CryptoCurrency:Runtime/BitcoinTool.B",
            "custom_details": {
                "priority": "P0",
                "respond_within": "15 minutes",
                "why": "first report of this incident",
                "description": "A container asked for a name that mining pools use.",
                "severity": "8.0 HIGH",
                "cluster": "prod-1",
                "pod": "pay-1",
                "account": "123456789012",
                "region": "us-gov-west-1",
                "not_done": "quarantine: not built yet",
                "rule": "miner-in-a-pod",
                "family": "crypto-mining",
                "found_by": "guardduty",
                "incident": "v1:5f3c9a",
                "finding": "arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f",
                "event": "7bf73129-1428-4cd3-a780-95db273d1602",
            },
        },
    });
    assert_eq!(read(&full(&page(), KEY, Profile::Standard)), expected);
}

#[test]
fn the_minimal_event_names_nothing_of_ours() {
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "v1:5f3c9a:2",
        "client": "Watchfire",
        "links": [{"href": "https://runbooks.example.com/mining", "text": "Runbook"}],
        "payload": {
            "summary": "[P0] CryptoCurrency:Runtime/BitcoinTool.B",
            "source": "watchfire",
            "severity": "critical",
            "timestamp": "2026-11-20T02:58:11Z",
            "group": "crypto-mining",
            "class": "CryptoCurrency:Runtime/BitcoinTool.B",
            "custom_details": {
                "priority": "P0",
                "respond_within": "15 minutes",
                "why": "first report of this incident",
                "rule": "miner-in-a-pod",
                "incident": "v1:5f3c9a",
                "event": "7bf73129-1428-4cd3-a780-95db273d1602",
            },
        },
    });
    assert_eq!(read(&full(&page(), KEY, Profile::Minimal)), expected);
}

#[test]
fn whatever_the_event_text_says_the_minimal_event_does_not() {
    let mut effect = page();
    let fact = |name: &str, value: &str| Fact::new(Group::Where, name, value);
    let link = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    effect.notice = Notice {
        title: "hostile title".to_owned(),
        description: "hostile description".to_owned(),
        kind: "hostile kind on 10.1.2.3".to_owned(),
        severity: "hostile severity".to_owned(),
        facts: vec![fact("Account", "999999999999"), fact("Cluster", "hostile-cluster")],
        withheld: vec!["hostile-action: no".to_owned()],
        links: vec![
            link("Console", "https://console.example.com/999999999999"),
            link("Cluster", "https://console.example.com/hostile-cluster"),
            link("Address", "https://10.1.2.3/"),
        ],
        finding: Some(FindingKey::new("hostile-finding")),
        event: EventId::new("hostile-event"),
        ..effect.notice
    };
    let body = String::from_utf8(full(&effect, KEY, Profile::Minimal)).expect("UTF-8");
    for secret in ["hostile", "999999999999", "10.1.2.3"] {
        assert!(!body.contains(secret), "{secret} in {body}");
    }
}

#[test]
fn no_id_brings_what_no_screen_should_be_given() {
    let hostile = "a\u{202e}b\u{1b}[31m\r\u{ad}\u{61c}\u{fff9}\u{e0041}";
    let mut effect = page();
    effect.notice.finding = Some(FindingKey::new(hostile));
    effect.notice.event = EventId::new(hostile);
    let Value::Object(details) =
        read(&full(&effect, KEY, Profile::Standard))["payload"]["custom_details"].take()
    else {
        panic!("an object")
    };
    let spelt_out = "a\\u202eb\\u001b[31m\\u000d\\u00ad\\u061c\\ufff9\\udb40\\udc41";
    assert_eq!([&details["finding"], &details["event"]], [spelt_out, "a\u{fffd}b\u{fffd}[31m \u{fffd}"]);
    for (name, value) in details {
        assert!(!value.as_str().unwrap_or_default().contains(is_unfit), "{name}: {value}");
    }
}

#[test]
fn the_end_is_told_by_its_key_alone() {
    let over = Effect { kind: EffectKind::Resolve, ..page() };
    let expected = json!({"routing_key": KEY, "event_action": "resolve", "dedup_key": "v1:5f3c9a:2"});
    for body in [full(&over, KEY, Profile::Standard), full(&over, KEY, Profile::Minimal), bare(&over, KEY)] {
        assert_eq!(read(&body), expected);
    }
}

#[test]
fn the_bare_event_has_what_is_required() {
    let mut effect = page();
    effect.notice.sample = true;
    effect.notice.priority = Priority::P2;
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "v1:5f3c9a:2",
        "client": "Watchfire",
        "payload": {
            "summary": "[P2] [SAMPLE] CryptoCurrency:Runtime/BitcoinTool.B",
            "source": "watchfire",
            "severity": "warning",
        },
    });
    assert_eq!(read(&bare(&effect, KEY)), expected);
}

#[test]
fn an_event_over_the_limit_is_sent_bare() {
    let mut effect = page();
    effect.notice.withheld = vec!["x".repeat(600_000)];
    assert_eq!(full(&effect, KEY, Profile::Standard), bare(&effect, KEY));
}

#[test]
fn a_long_summary_and_key_are_cut_and_keys_stay_apart() {
    let mut effect = page();
    effect.notice.title = "ä".repeat(3000);
    effect.dedup_key = DedupKey::new(format!("{}1", "k".repeat(300)));
    let one = read(&full(&effect, KEY, Profile::Standard));
    effect.dedup_key = DedupKey::new(format!("{}2", "k".repeat(300)));
    let two = read(&full(&effect, KEY, Profile::Standard));
    let length = |value: &Value| value.as_str().expect("text").chars().count();
    assert_eq!((length(&one["payload"]["summary"]), length(&one["dedup_key"])), (99, 255));
    assert_ne!(one["dedup_key"], two["dedup_key"]);
}

#[test]
fn priorities_become_severities() {
    let severities = Priority::ALL.map(severity);
    assert_eq!(severities, ["critical", "error", "warning", "info"]);
}
