//! What is sent, to the byte, and what is refused before anything is.

use serde_json::{Value, json};
use watchfire_core::builders::page;
use watchfire_core::notice::List;
use watchfire_core::notice::Wording;
use watchfire_core::verdict::EffectKind;

use super::*;
use crate::channel::ChannelConfig;

fn standard() -> Form {
    Form { profile: Profile::Standard, leave_out: Vec::new(), wording: Wording::default() }
}

fn config(yaml: &str) -> Result<Config, String> {
    match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
        ChannelConfig::Teams(config) => Ok(config),
        other => panic!("{other:?}"),
    }
}

fn card(body: &[u8]) -> Value {
    serde_json::from_slice::<Value>(body).expect("JSON")["attachments"][0]["content"].clone()
}

/// The text of the card's blocks.
fn lines(card: &Value) -> Vec<String> {
    let blocks = card["body"].as_array().expect("blocks").iter();
    blocks.map(|block| block["inlines"][0]["text"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "teams:
  url: {env: TEAMS_WORKFLOW_URL}
  payload: minimal
  leave_out: []
  messages_per_minute: 60
  templates: {}
";
    assert_eq!(config(example), config("teams: {url: {env: TEAMS_WORKFLOW_URL}}"));
    assert!(config("teams: {url: 'https://example.com'}").is_err());
}

#[test]
fn a_line_is_a_title_in_a_message_and_each_kind_has_its_colour() {
    for (kind, title, colour) in [
        (EffectKind::Page, "[P0] Bitcoin miner in pod shop/pay-1", "Attention"),
        (EffectKind::Update, "[P0] Update: Bitcoin miner in pod shop/pay-1", "Accent"),
        (EffectKind::Resolve, "[P0] Resolved: Bitcoin miner in pod shop/pay-1", "Good"),
    ] {
        let run =
            json!({"type": "TextRun", "text": title, "size": "Large", "weight": "Bolder", "color": colour});
        let content = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": [{"type": "RichTextBlock", "inlines": [run]}],
            "actions": [],
        });
        let attachment = json!({
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": content,
        });
        let body = card::line(&Effect { kind, ..page() }, &standard());
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body, json!({"type": "message", "attachments": [attachment]}));
    }
}

#[test]
fn a_card_says_every_line_of_the_page_and_keeps_its_columns() {
    let effect = page();
    let card = card(&card::whole(&effect, &standard()));
    let text = effect.notice.text(effect.kind);
    let expected: Vec<_> =
        text.lines().filter(|line| !line.is_empty()).map(|line| line.replace("  ", "\u{a0}\u{a0}")).collect();
    assert_eq!(lines(&card), expected);
    let runbook = json!({
        "type": "Action.OpenUrl", "title": "Runbook", "url": "https://runbooks.example.com/mining",
    });
    assert_eq!(card["actions"], json!([runbook]));
}

#[test]
fn a_card_never_has_more_than_teams_takes_and_says_so() {
    let mut effect = page();
    for length in [1, 20, 200, 2_000] {
        effect.notice.lists =
            vec![List { head: "All".to_owned(), lines: vec!["é".repeat(length); 40_000 / length], more: 0 }];
        let body = card::whole(&effect, &standard());
        assert!(body.len() <= card::MOST_BYTES, "{length}: {}", body.len());
        let lines = lines(&card(&body));
        assert_eq!(lines.last().map(String::as_str), Some("[cut: the page is larger than Teams takes]"));
        assert!(lines.len() >= 10, "{length}: {}", lines.len());
    }
}
