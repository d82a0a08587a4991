//! What is asked for, and what is refused before anything is.

use serde_json::json;
use watchfire_core::builders::page;
use watchfire_core::verdict::EffectKind;

use super::*;
use crate::channel::ChannelConfig;

fn config(yaml: &str) -> Config {
    match serde_saphyr::from_str(yaml).expect("well-formed") {
        ChannelConfig::Jsm(config) => config,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "jsm:
  api_key: {env: JSM_API_KEY}
  url: https://api.atlassian.com/jsm/ops/integration/
  responders: []
  tags: []
  payload: minimal
  leave_out: []
  calls_per_minute: 100
  templates: {}
";
    assert_eq!(config(example), config("jsm: {api_key: {env: JSM_API_KEY}}"));
}

#[test]
fn what_the_alert_api_would_refuse_is_refused_before() {
    let wrong = config("jsm: {api_key: {env: A}, url: 'https://api.opsgenie.com/v2', tags: ['']}");
    let mut mistakes = Vec::new();
    wrong.check(&mut |member, mistake| mistakes.push(format!("{member}: {mistake}")));
    let expected = [
        ".url: expected an address that ends in /, found `https://api.opsgenie.com/v2`",
        ".tags[0]: expected 1 to 50 characters, found 0 characters",
    ];
    assert_eq!(mistakes, expected);
    assert!(fits(&Secret::new("hunter2")).is_err() && fits(&Secret::new("12345678-abcd-ef01")).is_ok());
}

#[test]
fn a_page_is_an_alert_known_by_its_dedup_key() {
    let yaml = "jsm: {api_key: {env: A}, payload: standard, tags: [watchfire], \
                responders: [{team: secops}, {user: jane@example.com}]}";
    let mut alert = config(yaml).alerts().whole(&page());
    let description = alert["description"].take();
    assert!(description.as_str().expect("text").contains("A container asked for a name"), "{description}");
    let expected = json!({
        "message": "[P0] Bitcoin miner in pod shop/pay-1",
        "alias": "v1:5f3c9a:2",
        "priority": "P1",
        "description": null,
        "details": {
            "priority": "P0", "incident": "v1:5f3c9a", "rule": "miner-in-a-pod", "family": "crypto-mining",
            "kind": "CryptoCurrency:Runtime/BitcoinTool.B", "why": "first report of this incident",
            "cluster": "prod-1", "pod": "pay-1", "account": "123456789012", "region": "us-gov-west-1",
        },
        "entity": "",
        "source": "Watchfire",
        "user": "Watchfire",
        "responders": [{"type": "team", "name": "secops"}, {"type": "user", "username": "jane@example.com"}],
        "tags": ["watchfire"],
    });
    assert_eq!(alert, expected);
    let text = config("jsm: {api_key: {env: A}}").alerts().whole(&page()).to_string();
    assert!(!text.contains("pay-1") && !text.contains("123456789012"), "{text}");
}

#[test]
fn each_kind_is_asked_for_by_its_own_requests() {
    let steps = |kind, is_known| Step::of(kind, is_known).collect::<Vec<_>>();
    let table = [
        (EffectKind::Page, false, vec![Step::Create]),
        (EffectKind::Page, true, vec![Step::Create, Step::Priority, Step::Note]),
        (EffectKind::Update, false, vec![Step::Create]),
        (EffectKind::Update, true, vec![Step::Note]),
        (EffectKind::Acknowledge, true, vec![Step::Acknowledge]),
        (EffectKind::Resolve, true, vec![Step::Close]),
        (EffectKind::Digest, false, vec![Step::Create]),
    ];
    for (kind, is_known, expected) in table {
        assert_eq!(steps(kind, is_known), expected, "{kind:?}");
    }
    let over = Effect { kind: EffectKind::Resolve, ..page() };
    assert_eq!(alert::path(&over, Step::Close), "v2/alerts/v1%3A5f3c9a%3A2/close?identifierType=alias");
    let note = config("jsm: {api_key: {env: A}, payload: standard}").alerts().change(&over, Step::Close);
    let expected = "[P0] Resolved: Bitcoin miner in pod shop/pay-1\nfirst report of this incident\n\
                    quarantine: not built yet";
    assert_eq!(note, json!({"note": expected, "source": "Watchfire", "user": "Watchfire"}));
}
