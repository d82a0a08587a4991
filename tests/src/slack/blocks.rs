//! Blocks: which are right, and what in them is more than text.

use serde_json::Value;

const MOST_BLOCKS: usize = 50;

/// Whether Slack would take them.
pub(super) fn are_right(blocks: &[Value]) -> bool {
    blocks.len() <= MOST_BLOCKS && blocks.iter().all(is_right)
}

fn is_right(block: &Value) -> bool {
    match block["type"].as_str() {
        Some("header") => has(block, &["type", "text"]) && is_text(&block["text"], "plain_text", 150),
        Some("section") => {
            let text = &block["text"];
            has(block, &["type", "text"])
                && (is_text(text, "mrkdwn", 3_000) || is_text(text, "plain_text", 3_000))
        }
        Some("rich_text") => has(block, &["type", "elements"]) && list(block).all(is_preformatted),
        Some("actions") => {
            let mut ids: Vec<_> = list(block).map(|element| element["action_id"].as_str()).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            has(block, &["type", "block_id", "elements"])
                && (1..=25).contains(&count)
                && ids.len() == count
                && list(block).all(is_button)
        }
        Some(_) | None => false,
    }
}

/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>
fn is_button(button: &Value) -> bool {
    let fits = |text: &Value, most: usize| {
        text.as_str().is_some_and(|text| (1..=most).contains(&text.chars().count()))
    };
    let confirms = |confirm: &Value| {
        has(confirm, &["title", "text", "confirm", "deny"])
            && is_text(&confirm["title"], "plain_text", 100)
            && is_text(&confirm["text"], "plain_text", 300)
            && is_text(&confirm["confirm"], "plain_text", 30)
            && is_text(&confirm["deny"], "plain_text", 30)
    };
    let style = &button["style"];
    has(button, &["type", "action_id", "text", "value", "style", "confirm"])
        && button["type"] == "button"
        && fits(&button["action_id"], 255)
        && is_text(&button["text"], "plain_text", 75)
        && fits(&button["value"], 2_000)
        && (style.is_null() || style == "primary" || style == "danger")
        && (button["confirm"].is_null() || confirms(&button["confirm"]))
}

/// The buttons of a message, in order.
pub(super) fn buttons(blocks: &[Value]) -> Vec<&Value> {
    blocks.iter().filter(|block| block["type"] == "actions").flat_map(list).collect()
}

fn is_preformatted(part: &Value) -> bool {
    let is_run = |run: &Value| {
        has(run, &["type", "text"])
            && run["type"] == "text"
            && run["text"].as_str().is_some_and(|text| !text.is_empty())
    };
    part["type"] == "rich_text_preformatted" && has(part, &["type", "elements"]) && list(part).all(is_run)
}

fn is_text(text: &Value, kind: &str, most: usize) -> bool {
    let own = if kind == "plain_text" { "emoji" } else { "verbatim" };
    let is_fit = |text: &str| (1..=most).contains(&text.chars().count());
    has(text, &["type", "text", own]) && text["type"] == kind && text["text"].as_str().is_some_and(is_fit)
}

fn has(object: &Value, known: &[&str]) -> bool {
    object.as_object().is_some_and(|members| members.keys().all(|name| known.contains(&name.as_str())))
}

fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of["elements"].as_array().into_iter().flatten()
}

/// What stands in angle brackets, which Slack makes a link or a mention of.
pub(super) fn active(text: &str) -> Vec<String> {
    text.split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(inside, _)| inside.to_owned())
        .collect()
}

/// The same in a block; plain and rich text has none.
pub(super) fn active_in(block: &Value) -> Vec<String> {
    match block["type"].as_str() {
        Some("section") if block["text"]["type"] == "mrkdwn" => {
            active(block["text"]["text"].as_str().unwrap_or_default())
        }
        Some(_) | None => Vec::new(),
    }
}

/// The text that is only text.
pub(super) fn shown(block: &Value) -> String {
    match block["type"].as_str() {
        Some("header") => block["text"]["text"].as_str().unwrap_or_default().to_owned(),
        Some("section") if block["text"]["type"] == "plain_text" => {
            block["text"]["text"].as_str().unwrap_or_default().to_owned()
        }
        Some("rich_text") => {
            let runs = list(block).flat_map(list).filter_map(|run| run["text"].as_str());
            runs.collect::<Vec<_>>().concat()
        }
        Some(_) | None => String::new(),
    }
}
