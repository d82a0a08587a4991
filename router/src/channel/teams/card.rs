//! A page as an Adaptive Card 1.4: text runs, in which Teams reads nothing, and buttons for our own links.
//!
//! <https://adaptivecards.io/schemas/1.4.0/adaptive-card.json>

use serde_json::{Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::notice::Notice;
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

use super::Form;

/// Teams' limit of a message.
pub(super) const MOST_BYTES: usize = 28 * 1024;
const MOST_TITLE: usize = 300;
/// More buttons Teams does not show.
const MOST_LINKS: usize = 6;
const CUT: &str = "[cut: the page is larger than Teams takes]";

/// All of the page, as far as there is room.
pub(super) fn whole(effect: &Effect, form: &Form) -> Vec<u8> {
    let (notice, words) = form.worded(effect);
    let text = words.text();
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    let title = title(&words.title, effect.kind, notice.priority);
    let encoded = |lines: &[&str]| encode(&title, lines, &links(&notice));
    let mut body = encoded(&lines);
    while body.len() > MOST_BYTES && lines.len() > 1 {
        // As much as is too much at once, and the line that says so.
        let share = lines.len() * (body.len() - MOST_BYTES) / body.len();
        lines.truncate(lines.len().saturating_sub(share + 2));
        lines.push(CUT);
        body = encoded(&lines);
    }
    body
}

/// Nothing but the title.
pub(super) fn line(effect: &Effect, form: &Form) -> Vec<u8> {
    let (notice, words) = form.worded(effect);
    encode(&title(&words.title, effect.kind, notice.priority), &[], &[])
}

fn encode(title: &Value, lines: &[&str], links: &[Value]) -> Vec<u8> {
    let mut body = vec![title.clone()];
    let mut is_gap = false;
    for line in lines {
        if line.is_empty() {
            is_gap = true;
            continue;
        }
        let spacing = if std::mem::take(&mut is_gap) { "Medium" } else { "None" };
        let run = json!({"type": "TextRun", "text": columns(line), "fontType": "Monospace", "size": "Small"});
        body.push(json!({"type": "RichTextBlock", "spacing": spacing, "inlines": [run]}));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": links,
    });
    let attachment = json!({"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card});
    json!({"type": "message", "attachments": [attachment]}).to_string().into_bytes()
}

fn title(text: &str, kind: EffectKind, priority: Priority) -> Value {
    let colour = match (kind, priority) {
        (EffectKind::Resolve, _) => "Good",
        (EffectKind::Update | EffectKind::Acknowledge, _) => "Accent",
        (EffectKind::Digest, _) | (EffectKind::Page, Priority::P3) => "Default",
        (EffectKind::Page, Priority::P0) => "Attention",
        (EffectKind::Page, Priority::P1 | Priority::P2) => "Warning",
    };
    let run = json!({
        "type": "TextRun", "text": clean(text, MOST_TITLE), "size": "Large", "weight": "Bolder", "color": colour,
    });
    json!({"type": "RichTextBlock", "inlines": [run]})
}

/// With columns that stay where they are: Teams makes one space of several.
fn columns(line: &str) -> String {
    line.replace("  ", "\u{a0}\u{a0}")
}

/// Incident, runbook, console: addresses of our own and of the rules, and those alone.
fn links(notice: &Notice) -> Vec<Value> {
    let incident = notice.head.link.iter().map(|link| ("Incident", link.as_str()));
    let others = notice.links.iter().map(|(label, address)| (label.as_str(), address.as_str()));
    let links =
        incident.chain(others).filter(|(_, address)| address.starts_with("https://")).take(MOST_LINKS);
    links.map(|(title, url)| json!({"type": "Action.OpenUrl", "title": title, "url": url})).collect()
}
