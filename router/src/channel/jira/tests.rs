//! What is asked for, and what is refused before anything is.

use serde_json::json;
use watchfire_core::builders::page;
use watchfire_core::decision::Effect;
use watchfire_core::notice::Notice;

use super::*;
use crate::channel::ChannelConfig;

const LEAST: &str = "jira: {site: 'https://example.atlassian.net/', project: SEC, \
    auth: {email: w@example.com, api_token: {env: JIRA_API_TOKEN}}}";

fn config(yaml: &str) -> Config {
    match serde_saphyr::from_str(yaml).expect("well-formed") {
        ChannelConfig::Jira(config) => config,
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
    let example = "jira:
  site: https://example.atlassian.net/
  auth: {email: w@example.com, api_token: {env: JIRA_API_TOKEN}}
  project: SEC
  issue_type: Task
  labels: []
  priorities: {}
  payload: minimal
  leave_out: []
  pages_per_minute: 60
  templates: {}
";
    assert_eq!(config(example), config(LEAST));
    assert_eq!(mistakes(LEAST), Vec::<String>::new());
}

#[test]
fn what_jira_would_refuse_is_refused_before() {
    let wrong = "jira: {site: 'https://example.atlassian.net/jira', project: 'SEC\" OR 1=1', issue_type: '', \
        labels: ['a b'], auth: {email: w@example.com, bearer: {env: A}}}";
    let expected = [
        ".site: expected an address that ends in /, found `https://example.atlassian.net/jira`",
        ".auth: expected `email` and `api_token`, or `bearer` alone, found others",
        ".project: expected a project's key such as SEC, found `SEC\" OR 1=1`",
        ".issue_type: expected 1 to 100 characters, found 0 characters",
        ".labels[0]: expected 1 to 255 characters without spaces, found `a b`",
    ];
    assert_eq!(mistakes(wrong), expected);
}

#[test]
fn a_page_is_an_issue_found_by_its_label_whose_text_jira_does_not_read() {
    let yaml = LEAST.replace(
        "project: SEC",
        "project: SEC, payload: standard, labels: [pager], priorities: {P0: Highest}",
    );
    let mut issue = config(&yaml).issues().whole(&page(), "wf1-00ff-3");
    let mut description = issue["fields"]["description"].take();
    let text = description["content"][0]["content"][0]["text"].take();
    assert!(text.as_str().expect("text").contains("A container asked for a name"), "{text}");
    let link = json!([{"type": "link", "attrs": {"href": "https://runbooks.example.com/mining"}}]);
    let expected = json!({"type": "doc", "version": 1, "content": [
        {"type": "codeBlock", "content": [{"type": "text", "text": null}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "Runbook", "marks": link}]},
    ]});
    assert_eq!(description, expected);
    let expected = json!({"fields": {
        "project": {"key": "SEC"}, "issuetype": {"name": "Task"},
        "summary": "[P0] Bitcoin miner in pod shop/pay-1", "description": null,
        "labels": ["wf1-00ff-3", "pager"], "priority": {"name": "Highest"},
    }});
    assert_eq!(issue, expected);
    let (path, search) = config(&yaml).issues().search("wf1-00ff-3");
    assert_eq!(path, "search/jql");
    assert_eq!(search["jql"], r#"project = "SEC" AND labels = "wf1-00ff-3" ORDER BY created ASC"#);
}

#[test]
fn nothing_an_event_says_is_markup_of_a_data_center() {
    let yaml = LEAST.replace("email: w@example.com, api_token: {env: JIRA_API_TOKEN}", "bearer: {env: A}");
    let yaml = yaml.replace("project: SEC", "project: SEC, payload: standard");
    let mut effect: Effect = page();
    effect.notice = Notice {
        description: "{noformat} [~admin] {noformat:title=x}".to_owned(),
        links: vec![("a|b]".to_owned(), "https://runbooks.example.com/a|b]c".to_owned())],
        ..effect.notice
    };
    let issue = config(&yaml).issues().whole(&effect, "k");
    let text = issue["fields"]["description"].as_str().expect("wiki text").to_owned();
    assert_eq!(text.matches("{noformat").count(), 2, "{text}");
    assert!(text.ends_with("{noformat}\n[ab|https://runbooks.example.com/a%7Cb%5Dc]"), "{text}");
    assert_eq!(config(&yaml).issues().search("k").0, "search");
}

#[test]
fn what_is_longer_than_jira_takes_is_cut_and_says_so() {
    let yaml = LEAST.replace("project: SEC", "project: SEC, payload: standard");
    let mut effect = page();
    effect.notice.withheld = vec!["ü".repeat(300).into(); 200];
    let issue = config(&yaml).issues().whole(&effect, "k");
    let text =
        issue["fields"]["description"]["content"][0]["content"][0]["text"].as_str().expect("text").to_owned();
    assert_eq!(text.chars().count(), 30_000);
    assert!(text.ends_with("[cut: the page is longer than an issue may be]"));
}
