//! What is asked of ServiceNow, within its limits: a record, and what is changed of it.
//!
//! <https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

use super::super::payload::Form;
use super::super::tickets::{links, news};

/// ServiceNow cuts what is longer.
pub(super) const MOST_TITLE: usize = 160;
/// The same of the description and of a note.
const MOST_TEXT: usize = 4_000;
/// What stands at the end of a text that was cut.
const CUT: &str = "\n[cut: the page is longer than a record may be]";
/// What no configuration sets.
pub(super) const OURS: [&str; 6] =
    ["correlation_id", "correlation_display", "short_description", "description", "work_notes", "sys_id"];

/// What all records of a channel have in common.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) table: String,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) urgencies: BTreeMap<Priority, u8>,
    pub(super) resolve: BTreeMap<String, String>,
    pub(super) form: Form,
}

impl Records {
    /// All of the page.
    pub(super) fn whole(&self, effect: &Effect, key: &str) -> Value {
        let (notice, words) = self.form.worded(effect);
        let text = words.text();
        let rest = text.strip_prefix(words.title.as_str()).unwrap_or(&text).trim_matches('\n');
        let links: String = links(&notice)
            .iter()
            .map(|(label, address)| format!("\n{}: {address}", clean(label, 100)))
            .collect();
        let mut record = self.bare(effect, key);
        record["description"] = fit(&unmarked(rest), &links).into();
        for (name, value) in &self.fields {
            record[name] = value.as_str().into();
        }
        self.urgent(&mut record, effect);
        record
    }

    /// What makes a record, and nothing else that could be refused.
    pub(super) fn bare(&self, effect: &Effect, key: &str) -> Value {
        let title = self.form.worded(effect).1.title;
        json!({
            "short_description": unmarked(&clean(&title, MOST_TITLE)),
            "correlation_id": key,
            "correlation_display": "Watchfire",
        })
    }

    /// What is new.
    pub(super) fn noted(&self, effect: &Effect) -> Value {
        json!({"work_notes": unmarked(&news(effect, &self.form, MOST_TEXT))})
    }

    /// The same, as urgent as it is by now.
    pub(super) fn raised(&self, effect: &Effect) -> Value {
        let mut change = self.noted(effect);
        self.urgent(&mut change, effect);
        change
    }

    /// Over.
    pub(super) fn ended(&self, effect: &Effect) -> Value {
        let mut change = self.noted(effect);
        for (name, value) in &self.resolve {
            change[name] = value.as_str().into();
        }
        change
    }

    fn urgent(&self, record: &mut Value, effect: &Effect) {
        let urgency = self.urgencies.get(&effect.notice.priority);
        if let Some(urgency) = urgency.filter(|_| effect.kind != EffectKind::Digest) {
            for member in ["urgency", "impact"] {
                record[member] = urgency.to_string().into();
            }
        }
    }
}

/// The text without what opens and closes HTML in a journal field: text between `[code]` and `[/code]` is shown as that.
fn unmarked(text: &str) -> String {
    let is_mark = |rest: &str| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("code]"))
    };
    let sign = |(at, sign): (usize, char)| match sign {
        '[' if text.get(at + 1..).is_some_and(is_mark) => '(',
        sign => sign,
    };
    text.char_indices().map(sign).collect()
}

/// The text, cut where it and the links would be too long together.
fn fit(text: &str, links: &str) -> String {
    let links: String = if links.chars().count() > MOST_TEXT / 2 { String::new() } else { links.to_owned() };
    let room = MOST_TEXT - links.chars().count();
    if text.chars().count() <= room {
        return format!("{text}{links}");
    }
    let kept: String = text.chars().take(room - CUT.chars().count()).collect();
    format!("{kept}{CUT}{links}")
}
