//! What is sent, and what is refused before anything is.

use serde_json::json;
use watchfire_core::builders::{at, page};
use watchfire_core::priority::Priority;

use super::*;
use crate::channel::ChannelConfig;

fn config(yaml: &str) -> Config {
    match serde_saphyr::from_str(yaml).expect("well-formed") {
        ChannelConfig::Alertmanager(config) => config,
        other => panic!("{other:?}"),
    }
}

fn of(effect: &Effect, known: &[Identity]) -> alert::Told {
    let config = config("alertmanager: {urls: ['https://am.example.com/'], labels: {team: secops}}");
    config.alerts().of(effect, known, at("2026-11-20T03:00:00Z"))
}

/// Priority and end of each alert.
fn ends(told: &alert::Told) -> Vec<(String, String)> {
    let alerts = told.whole.as_array().expect("alerts").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    alerts.map(|alert| (text(&alert["labels"]["priority"]), text(&alert["endsAt"]))).collect()
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "alertmanager:
  urls: [https://alertmanager-0.example.com/]
  labels: {}
  fires_for_hours: 720
  payload: standard
  leave_out: []
  messages_per_minute: 300
  templates: {}
";
    assert_eq!(config(example), config("alertmanager: {urls: ['https://alertmanager-0.example.com/']}"));
}

#[test]
fn labels_that_are_none_or_ours_and_addresses_without_an_end_are_refused() {
    let wrong = config(
        "alertmanager: {urls: ['https://am.example.com/am'], fires_for_hours: 0,
          labels: {severity: x, 1a: x, 'a-b': x, empty: ''}}",
    );
    let mut mistakes = Vec::new();
    wrong.check(&mut |member, mistake| mistakes.push(format!("{member}: {mistake}")));
    let label = "expected the name of a label: letters, digits and _, no digit first";
    let expected = [
        ".urls[0]: expected an address that ends in /, found `https://am.example.com/am`".to_owned(),
        format!(".labels.1a: {label}, found `1a`"),
        format!(".labels.a-b: {label}, found `a-b`"),
        ".labels.empty: expected a value, found nothing, which is no label".to_owned(),
        ".labels.severity: expected a label that is not ours, found `severity`".to_owned(),
        ".fires_for_hours: expected 1 to 8760, found 0".to_owned(),
    ];
    assert_eq!(mistakes, expected);
}

#[test]
fn a_page_is_an_alert_that_fires_until_somebody_ends_it() {
    let effect = page();
    let mut told = of(&effect, &[]);
    let description = told.whole[0]["annotations"]["description"].take();
    assert!(description.as_str().expect("text").contains("A container asked for a name"), "{description}");
    let expected = json!([{
        "labels": {
            "alertname": "Watchfire", "dedup_key": "v1:5f3c9a:2", "priority": "P0", "severity": "critical",
            "family": "crypto-mining", "cluster": "prod-1", "account": "123456789012", "region": "us-gov-west-1",
            "team": "secops",
        },
        "annotations": {
            "summary": "[P0] Bitcoin miner in pod shop/pay-1",
            "description": null,
            "why": "first report of this incident",
            "incident": "v1:5f3c9a",
            "rule": "miner-in-a-pod",
            "kind": "CryptoCurrency:Runtime/BitcoinTool.B",
            "runbook_url": "https://runbooks.example.com/mining",
        },
        "startsAt": "2026-11-20T02:58:11Z",
        "endsAt": "2026-12-20T03:00:00Z",
        "generatorURL": "",
    }]);
    assert_eq!(told.whole, expected);
}

#[test]
fn an_end_ends_what_has_fired_and_a_higher_priority_takes_the_place_of_a_lower_one() {
    let mut low = page();
    low.notice.priority = Priority::P2;
    let first = of(&low, &[]).identity;
    let (now, far) = ("2026-11-20T03:00:00Z", "2026-12-20T03:00:00Z");
    let pair = |priority: &str, ends: &str| (priority.to_owned(), ends.to_owned());
    let risen = of(&page(), std::slice::from_ref(&first));
    assert_eq!(ends(&risen), [pair("P0", far), pair("P2", now)]);
    let known = [first.clone(), risen.identity.clone(), first.clone()];
    let mut update = Effect { kind: EffectKind::Update, ..page() };
    update.notice.facts.clear();
    assert_eq!(
        of(&update, std::slice::from_ref(&risen.identity)).identity,
        risen.identity,
        "whatever is known by now"
    );
    let over = of(&Effect { kind: EffectKind::Resolve, ..low }, &known);
    assert_eq!(ends(&over), [pair("P2", now), pair("P0", now)]);
    let digest = of(&Effect { kind: EffectKind::Digest, ..page() }, &[]);
    assert_eq!(ends(&digest), [pair("P0", "2026-11-20T04:00:00Z")]);
}
