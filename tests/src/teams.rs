//! A workflow of Teams, as strict as the schema of Adaptive Cards 1.4 is about what we send, and its limits.

use serde_json::Value;

use crate::receiver::{Call, Contract, Reply};

const MOST_BYTES: usize = 28 * 1024;

/// Whoever posts cards.
#[derive(Debug, Default)]
pub struct Teams {
    /// The cards that were taken, in order.
    pub cards: Vec<Value>,
}

impl Contract for Teams {
    fn take(&mut self, call: &Call) -> Reply {
        if call.method != "POST" {
            return Reply::new(405, "");
        }
        if call.header("content-type") != "application/json" || call.body.len() > MOST_BYTES {
            return Reply::new(413, "RequestEntityTooLarge");
        }
        let body = call.json();
        let [attachment] = body["attachments"].as_array().map_or(&[][..], Vec::as_slice) else {
            return Reply::new(400, "TriggerInputSchemaMismatch");
        };
        let is_card = body["type"] == "message"
            && attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            && attachment["contentUrl"].is_null()
            && is_right(&attachment["content"]);
        if !is_card {
            return Reply::new(400, "InvalidCard");
        }
        self.cards.push(attachment["content"].clone());
        Reply::new(202, "")
    }
}

fn is_right(card: &Value) -> bool {
    let all = |list: &Value, is_right: fn(&Value) -> bool| {
        list.as_array().is_some_and(|list| list.iter().all(is_right))
    };
    card["type"] == "AdaptiveCard"
        && card["version"] == "1.4"
        && has(card, &["$schema", "type", "version", "msteams", "body", "actions"])
        && all(&card["body"], is_block)
        && all(&card["actions"], is_link)
        && card["actions"].as_array().is_some_and(|actions| actions.len() <= 6)
}

fn is_block(block: &Value) -> bool {
    let is_run = |run: &Value| {
        run["type"] == "TextRun"
            && has(run, &["type", "text", "fontType", "size", "weight", "color"])
            && run["text"].as_str().is_some_and(|text| !text.is_empty())
            && one_of(&run["fontType"], &["Default", "Monospace"])
            && one_of(&run["size"], &["Small", "Default", "Medium", "Large", "ExtraLarge"])
            && one_of(&run["weight"], &["Lighter", "Default", "Bolder"])
            && one_of(&run["color"], &["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"])
    };
    block["type"] == "RichTextBlock"
        && has(block, &["type", "spacing", "inlines"])
        && one_of(&block["spacing"], &["None", "Small", "Default", "Medium", "Large"])
        && block["inlines"].as_array().is_some_and(|runs| !runs.is_empty() && runs.iter().all(is_run))
}

fn is_link(action: &Value) -> bool {
    action["type"] == "Action.OpenUrl"
        && has(action, &["type", "title", "url"])
        && action["title"].is_string()
        && action["url"].as_str().is_some_and(|url| url.starts_with("https://"))
}

fn has(object: &Value, known: &[&str]) -> bool {
    object.as_object().is_some_and(|members| members.keys().all(|name| known.contains(&name.as_str())))
}

/// One of these, or left out.
fn one_of(value: &Value, known: &[&str]) -> bool {
    value.is_null() || value.as_str().is_some_and(|value| known.contains(&value))
}
