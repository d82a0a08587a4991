//! What is sent, to the byte, and what is refused before anything is.

use serde_json::{Value, json};
use watchfire_core::builders::page;
use watchfire_core::notice::{List, Part, Wording};
use watchfire_core::verdict::EffectKind;

use super::*;
use crate::channel::ChannelConfig;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn config(yaml: &str) -> Result<Config, String> {
    match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
        ChannelConfig::Webhook(config) => Ok(config),
        other => panic!("{other:?}"),
    }
}

fn form(format: Format, profile: Profile) -> Form {
    Form { format, page: payload::Form { profile, leave_out: Vec::new(), wording: Wording::default() } }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "webhook:
  url: {env: WEBHOOK_URL}
  secrets: []
  headers: {}
  format: page
  payload: standard
  leave_out: []
  messages_per_minute: 60
  templates: {}
";
    assert_eq!(config(example), config("webhook: {url: {env: WEBHOOK_URL}}"));
}

#[test]
fn what_it_does_not_know_and_headers_that_are_not_free_are_refused() {
    for wrong in [
        "method: PUT",
        "format: xml",
        "headers: {Host: {env: A}}",
        "headers: {webhook-id: {env: A}}",
        "headers: {'a b': {env: A}}",
        "headers: {A: plain}",
        "templates: {body: x}",
    ] {
        assert!(config(&format!("webhook: {{url: {{env: A}}, {wrong}}}")).is_err(), "{wrong}");
    }
    let twice =
        config("webhook: {url: {env: A}, headers: {X-Key: {env: A}, x-key: {env: B}}}").expect("well-formed");
    let mut mistakes = Vec::new();
    twice.check(&mut |member, mistake| mistakes.push(format!("{member}: {mistake}")));
    assert_eq!(mistakes, [".headers.x-key: expected each header once, found `x-key` twice"]);
}

#[test]
fn a_page_has_the_names_that_are_documented() {
    let effect = page();
    let dispatch = Dispatch::alone(&effect);
    let body = read(&body::full(&dispatch, &form(Format::Page, Profile::Standard)));
    let expected = json!({
        "version": 1,
        "id": dispatch.id,
        "dedup_key": "v1:5f3c9a:2",
        "effect": "page",
        "priority": "P0",
        "sample": false,
        "drill": false,
        "title": "[P0] Bitcoin miner in pod shop/pay-1",
        "text": effect.notice.text(EffectKind::Page),
        "what": "",
        "subject": "",
        "place": "",
        "why": "first report of this incident",
        "containment": "",
        "respond_by": "",
        "taken_by": "",
        "link": "",
        "links": [],
        "kind": "CryptoCurrency:Runtime/BitcoinTool.B",
        "severity": "8.0 HIGH",
        "source": "guardduty",
        "description": "A container asked for a name that mining pools use.",
        "facts": {
            "account": "123456789012", "cluster": "prod-1", "pod": "pay-1", "region": "us-gov-west-1",
        },
        "doing": [],
        "withheld": ["quarantine: not built yet"],
        "playbook": [],
        "unknown": [],
        "lists": [],
        "rule": "miner-in-a-pod",
        "family": "crypto-mining",
        "incident": "v1:5f3c9a",
        "finding": "arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f",
        "event": "7bf73129-1428-4cd3-a780-95db273d1602",
    });
    assert_eq!(body, expected);
}

#[test]
fn the_document_shows_the_template_that_ships() {
    let document = include_str!("../../../docs/webhook.md");
    let shown = format!("$ watchfire templates show --part json\n{}```", Part::Json.shipped());
    assert!(document.contains(&shown));
}

#[test]
fn a_cloud_event_has_what_the_specification_wants_around_the_page() {
    let effect = page();
    let dispatch = Dispatch::alone(&effect);
    let event = read(&body::full(&dispatch, &form(Format::CloudEvents, Profile::Standard)));
    let expected = json!({
        "specversion": "1.0",
        "id": dispatch.id,
        "source": "/watchfire",
        "type": "watchfire.page",
        "subject": "v1:5f3c9a:2",
        "time": "2026-11-20T02:58:11Z",
        "datacontenttype": "application/json",
        "data": read(&body::full(&dispatch, &form(Format::Page, Profile::Standard))),
    });
    assert_eq!(event, expected);
}

#[test]
fn minimal_names_nothing_and_a_page_that_is_too_large_is_cut_short_and_says_so() {
    let mut effect = page();
    let text =
        String::from_utf8(body::full(&Dispatch::alone(&effect), &form(Format::Page, Profile::Minimal)));
    let text = text.expect("text");
    for kept in ["pay-1", "123456789012", "mining pools"] {
        assert!(!text.contains(kept), "{kept} in {text}");
    }
    effect.notice.lists = vec![List { head: "All".to_owned(), lines: vec!["é".repeat(1_000); 40], more: 0 }];
    let dispatch = Dispatch::alone(&effect);
    let whole = body::full(&dispatch, &form(Format::Page, Profile::Standard));
    assert!(read(&whole)["cut"].is_null() && whole.len() > Format::CloudEvents.most_bytes());
    let event = read(&body::full(&dispatch, &form(Format::CloudEvents, Profile::Standard)));
    let bare = json!({
        "version": 1, "id": dispatch.id, "dedup_key": "v1:5f3c9a:2", "effect": "page", "priority": "P0",
        "sample": false, "drill": false, "title": "[P0] Bitcoin miner in pod shop/pay-1", "incident": "v1:5f3c9a",
        "link": "", "cut": true,
    });
    assert_eq!(event["data"], bare);
}

#[test]
fn a_preview_tells_no_secret() {
    let yaml = "webhook: {url: {env: WEBHOOK_URL}, secrets: [{file: /run/secrets/webhook}], headers: {A: {env: KEY}}}";
    let preview = preview(&config(yaml).expect("a configuration"), &page());
    assert_eq!(preview.to, "POST to the address of environment variable WEBHOOK_URL");
    assert_eq!(preview.sizes, [(preview.parts[0].1.len(), "bytes", Some(262_144))]);
    assert_eq!(read(preview.parts[0].1.as_bytes())["title"], "[P0] Bitcoin miner in pod shop/pay-1");
}

#[tokio::test]
async fn secrets_that_do_not_fit_are_refused_by_their_place_and_not_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
        json!({"file": folder.path().join(name)})
    };
    let url = file("url", "https://hooks.example.com/in");
    for (config, said) in [
        (json!({"url": file("plain", "http://hooks.example.com/hunter2")}), "expected an https address"),
        (
            json!({"url": url, "secrets": [file("short", "whsec_hunter2")]}),
            "expected whsec_ and 24 to 64 bytes",
        ),
        (json!({"url": url, "headers": {"Key": file("lines", "hunter2\nhunter2")}}), "header Key: "),
    ] {
        let config: Config = serde_json::from_value(config).expect("well-formed");
        let clients = Clients::new(None).expect("clients");
        let error = Webhook::new(&ChannelName::new("hook"), config, &clients).await.expect_err("refused");
        let error = format!("{error:#}");
        assert!(error.contains(said) && !error.contains("hunter2"), "{error}");
    }
    let config =
        json!({"url": url, "secrets": [file("right", SECRET)], "headers": {"Key": file("key", "hunter2")}});
    let config: Config = serde_json::from_value(config).expect("well-formed");
    let clients = Clients::new(None).expect("clients");
    let webhook = Webhook::new(&ChannelName::new("hook"), config, &clients).await.expect("all is well");
    let printed = format!("{webhook:?}");
    assert!(
        !printed.contains("hunter2") && !printed.contains("hooks.example.com") && !printed.contains("MfKQ"),
        "{printed}"
    );
}
