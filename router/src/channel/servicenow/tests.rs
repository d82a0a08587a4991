//! What is asked for, and what is refused before anything is.

use serde_json::json;
use watchfire_core::builders::page;

use super::*;
use crate::channel::ChannelConfig;

const LEAST: &str = "servicenow: {instance: 'https://example.service-now.com/', \
    auth: {user: watchfire, password: {env: SERVICENOW_PASSWORD}}}";

fn config(yaml: &str) -> Config {
    match serde_saphyr::from_str(yaml).expect("well-formed") {
        ChannelConfig::ServiceNow(config) => config,
        other => panic!("{other:?}"),
    }
}

fn mistakes(yaml: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    config(yaml).check(&mut |member, mistake| mistakes.push(format!("{member}: {mistake}")));
    mistakes
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "servicenow:
  instance: https://example.service-now.com/
  auth: {user: watchfire, password: {env: SERVICENOW_PASSWORD}}
  table: incident
  fields: {}
  urgencies: {P0: 1, P1: 1, P2: 2, P3: 3}
  resolve: {}
  payload: minimal
  leave_out: []
  pages_per_minute: 60
  templates: {}
";
    assert_eq!(config(example), config(LEAST));
    assert_eq!(mistakes(LEAST), Vec::<String>::new());
}

#[test]
fn what_servicenow_would_refuse_is_refused_before() {
    let wrong = "servicenow: {instance: 'https://example.service-now.com/x', table: '../sys_user', urgencies: {P0: 0}, \
        fields: {correlation_id: x, 'a^b': x}, auth: {user: 'a:b', password: {env: A}}}";
    let expected = [
        ".instance: expected an address that ends in /, found `https://example.service-now.com/x`",
        ".auth.user: expected a name without `:`, found `a:b`",
        ".table: expected a table's name such as incident, found `../sys_user`",
        ".urgencies.P0: expected 1 to 3, found 0",
        ".fields.a^b: expected a field's name such as assignment_group",
        ".fields.correlation_id: expected a field that Watchfire does not fill itself",
    ];
    assert_eq!(mistakes(wrong), expected);
    let both = LEAST.replace("user: watchfire,", "bearer: {env: A}, user: watchfire,");
    assert_eq!(mistakes(&both), [".auth: expected `user` and `password`, or `bearer` alone, found others"]);
}

#[test]
fn a_page_is_a_record_known_by_its_correlation_id() {
    let yaml = LEAST.replace("auth:", "payload: standard, fields: {assignment_group: secops}, auth:");
    let mut record = config(&yaml).records().whole(&page(), "wf1-00ff-3");
    let description = record["description"].take();
    let text = description.as_str().expect("text");
    assert!(text.contains("A container asked for a name"), "{text}");
    assert!(text.ends_with("\nRunbook: https://runbooks.example.com/mining"), "{text}");
    let expected = json!({
        "short_description": "[P0] Bitcoin miner in pod shop/pay-1", "description": null,
        "correlation_id": "wf1-00ff-3", "correlation_display": "Watchfire",
        "assignment_group": "secops", "urgency": "1", "impact": "1",
    });
    assert_eq!(record, expected);
}

#[test]
fn what_is_longer_than_servicenow_takes_is_cut_and_says_so() {
    let yaml = LEAST.replace("auth:", "payload: standard, auth:");
    let mut effect = page();
    effect.notice.withheld = vec!["ü".repeat(300).into(); 100];
    let record = config(&yaml).records().whole(&effect, "k");
    let text = record["description"].as_str().expect("text").to_owned();
    assert_eq!(text.chars().count(), 4_000);
    assert!(text.contains("[cut: the page is longer than a record may be]\nRunbook: https://"), "{text}");
}

#[test]
fn no_text_of_an_event_is_html_in_a_journal_field() {
    let mut effect = page();
    effect.notice.withheld =
        vec!["no [code]<img src=//evil/x>[/CODE] [Code] [codec] [/ code]".to_owned().into()];
    let note = config(&LEAST.replace("auth:", "payload: standard, auth:")).records().noted(&effect);
    let text = note["work_notes"].as_str().expect("text");
    assert!(text.ends_with("no (code]<img src=//evil/x>(/CODE] (Code] [codec] [/ code]"), "{text}");
}
