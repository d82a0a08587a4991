//! The body: the page as JSON, by itself or within a CloudEvent.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use watchfire_core::decision::Effect;

use super::Form;
use crate::channel::Dispatch;
use crate::channel::payload::page;

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
    let body = encode(dispatch, page::whole(dispatch, &form.page), form);
    if body.len() > form.format.most_bytes() { bare(dispatch, form) } else { body }
}

/// What it is about and how urgent it is.
pub(super) fn bare(dispatch: &Dispatch<'_>, form: &Form) -> Vec<u8> {
    encode(dispatch, page::bare(dispatch, &form.page), form)
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
