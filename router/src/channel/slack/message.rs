//! What is said in Slack: text that Slack does not read for mentions and links, within its limits.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks>, <https://docs.slack.dev/messaging/formatting-message-text>

use std::fmt::Write as _;

use serde_json::{Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::notice::Notice;
use watchfire_core::text::clean;

use super::Form;
use super::button::{self, Buttons, plain};

/// Slack's limit of a header.
pub(super) const MOST_TITLE: usize = 150;
/// Slack has none for this block by itself; it is that of a section, and more than a page in a chat should have.
pub(super) const MOST_TEXT: usize = 3_000;
/// Slack's limit of a section.
const MOST_LINKS: usize = 3_000;
/// Of the line that a notification shows; Slack advises 4,000, escaped it may be five times as long.
const MOST_LINE: usize = 800;
/// What stands at the end of a text that was cut.
const CUT: &str = "[cut: the page is longer than a message should be]\n";

/// A page as a message.
#[derive(Debug)]
pub(super) struct Message {
    title: String,
    text: String,
    /// What is new about it, in a line.
    news: String,
    links: String,
    /// Rows of buttons.
    rows: Vec<Value>,
    /// What is said beside the page, in its thread alone.
    beside: Option<Vec<String>>,
}

impl Message {
    pub(super) fn of(effect: &Effect, form: &Form, buttons: Buttons) -> Self {
        let (notice, words) = form.worded(effect);
        let title = words.title.clone();
        let text = words.text();
        let rest = text.strip_prefix(title.as_str()).unwrap_or(&text).trim_start_matches('\n');
        let rows = match buttons {
            Buttons::Shown => button::rows(effect, &notice),
            Buttons::Hidden => Vec::new(),
        };
        let news = match (&effect.notice.note, &notice.note) {
            (None, _) => format!("{title}: {}", notice.why),
            (Some(_), Some(note)) => format!("{}: {note}", notice.why),
            (Some(_), None) => format!("{}; its text stays with the incident", notice.why),
        };
        let beside = notice.beside.as_ref().map(|beside| beside.lines.clone());
        Self { text: cut(rest), news, links: links(&notice), title, rows, beside }
    }

    /// How long title and text are, in characters.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (clean(&self.title, MOST_TITLE).chars().count(), self.text.chars().count())
    }

    /// All of it.
    pub(super) fn whole(&self, place: Value) -> Value {
        let header = json!({"type": "header", "text": plain(&clean(&self.title, MOST_TITLE))});
        let text =
            json!({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": self.text}]});
        let mut blocks = vec![header];
        if !self.text.is_empty() {
            blocks.push(json!({"type": "rich_text", "elements": [text]}));
        }
        if !self.links.is_empty() {
            let links = json!({"type": "mrkdwn", "text": self.links, "verbatim": true});
            blocks.push(json!({"type": "section", "text": links}));
        }
        blocks.extend(self.rows.iter().cloned());
        with(self.line(place), "blocks", blocks.into())
    }

    /// Nothing but the title.
    pub(super) fn line(&self, place: Value) -> Value {
        said(place, &self.title)
    }

    /// What is said beside it, where that is what there is to say: a line each.
    pub(super) fn beside(&self, place: Value) -> Option<Value> {
        let lines = self.beside.as_ref()?.iter().map(|line| escape(&clean(line, MOST_LINE)));
        let text = cut(&lines.collect::<Vec<_>>().join("\n"));
        Some(as_text(place, text))
    }

    /// What is new about it.
    pub(super) fn news(&self, place: Value) -> Value {
        said(place, &self.news)
    }
}

/// A line in which Slack finds nothing but text.
fn said(place: Value, line: &str) -> Value {
    as_text(place, escape(&clean(line, MOST_LINE)))
}

/// A text that is escaped already.
fn as_text(place: Value, text: String) -> Value {
    let said = with(place, "text", text.into());
    let said = with(said, "parse", "none".into());
    let said = with(said, "mrkdwn", false.into());
    with(with(said, "unfurl_links", false.into()), "unfurl_media", false.into())
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_TEXT {
        return text.to_owned();
    }
    let room = MOST_TEXT - CUT.chars().count();
    let kept: String = text.chars().take(room).collect();
    let whole = kept.rfind('\n').map_or(kept.as_str(), |end| &kept[..=end]);
    format!("{whole}{CUT}")
}

/// Incident, runbook, console: addresses of our own and of the rules, and those alone.
fn links(notice: &Notice) -> String {
    let incident = notice.head.link.iter().map(|link| ("Incident", link.as_str()));
    let others = notice.links.iter().map(|(label, address)| (label.as_str(), address.as_str()));
    let mut text = String::new();
    for (label, address) in incident.chain(others).filter(|(_, address)| address.starts_with("https://")) {
        let mut link = String::new();
        let gap = if text.is_empty() { "" } else { " · " };
        write!(link, "{gap}<{}|{}>", href(address), escape(label).replace('|', "¦"))
            .expect("writing to a string");
        if text.chars().count() + link.chars().count() <= MOST_LINKS {
            text.push_str(&link);
        }
    }
    text
}

/// An address that cannot end the link it stands in.
fn href(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '|' => out.push_str("%7C"),
            ' ' => out.push_str("%20"),
            c => out.push(c),
        }
    }
    out
}

/// The three characters that Slack reads.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
