//! The body: the page as JSON, by itself or within a CloudEvent.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::notice::{Fault, Ids, WordedJson};

use super::Form;
use crate::channel::Dispatch;

/// What the body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The page.
    #[default]
    Page,
    /// A CloudEvent of version 1.0 in structured mode, with the page as its data.
    CloudEvents,
}

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::Page => "application/json",
            Format::CloudEvents => "application/cloudevents+json",
        }
    }

    /// No limit is common to all receivers; a CloudEvent passes every intermediary up to its own.
    pub(super) fn most_bytes(self) -> usize {
        match self {
            Format::Page => 256 * 1024,
            Format::CloudEvents => 64 * 1024,
        }
    }
}

/// The whole page. Where it would be too large, the bare one.
pub(super) fn full(dispatch: &Dispatch<'_>, form: &Form) -> Vec<u8> {
    let body = encode(dispatch, worded(dispatch, form).json, form);
    if body.len() > form.format.most_bytes() { bare(dispatch, form) } else { body }
}

/// Which templates cannot be used for it.
pub(super) fn faults(effect: &Effect, form: &Form) -> Vec<Fault> {
    if form.wording.has_own() { worded(&Dispatch::alone(effect), form).faults } else { Vec::new() }
}

fn worded(dispatch: &Dispatch<'_>, form: &Form) -> WordedJson {
    let Effect { kind, dedup_key, notice, .. } = dispatch.effect;
    let notice = form.profile.told(notice, &form.leave_out);
    form.wording.json(&notice, *kind, Ids { id: &dispatch.id, dedup_key })
}

/// What it is about and how urgent it is, by the names that the whole page has.
pub(super) fn bare(dispatch: &Dispatch<'_>, form: &Form) -> Vec<u8> {
    let Effect { kind, dedup_key, notice, .. } = dispatch.effect;
    let notice = form.profile.told(notice, &form.leave_out);
    let page = json!({
        "version": 1,
        "id": dispatch.id,
        "dedup_key": dedup_key,
        "effect": kind.as_str(),
        "priority": notice.priority.as_str(),
        "sample": notice.sample,
        "drill": notice.drill,
        "title": notice.subject(*kind),
        "incident": notice.incident,
        "link": notice.head.link.as_deref().unwrap_or_default(),
        "cut": true,
    });
    encode(dispatch, page, form)
}

fn encode(dispatch: &Dispatch<'_>, page: Value, form: &Form) -> Vec<u8> {
    let Effect { kind, dedup_key, notice, .. } = dispatch.effect;
    let body = match form.format {
        Format::Page => page,
        Format::CloudEvents => {
            let mut event = json!({
                "specversion": "1.0",
                "id": dispatch.id,
                "source": "/watchfire",
                "type": format!("watchfire.{}", kind.as_str()),
                "subject": dedup_key,
                "datacontenttype": "application/json",
                "data": page,
            });
            if let Some(at) = notice.at {
                event["time"] = at.to_string().into();
            }
            event
        }
    };
    body.to_string().into_bytes()
}
