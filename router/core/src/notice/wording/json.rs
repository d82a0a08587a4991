//! A page for programs: JSON, into which every value comes as JSON, whatever an event says.

use minijinja::value::{Serde, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::view::{View, Whole, names_of_json};
use super::{ByRoute, Fault, Part, Rendering, Template, Wording, engine, finish};
use crate::ids::DedupKey;
use crate::notice::Notice;
use crate::text::clean;
use crate::value_schema;
use crate::verdict::EffectKind;

/// What is told of JSON that is none.
const REASON_LENGTH: usize = 200;

/// The text of a template of JSON: it may name what a page is known by, too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct JsonTemplate(Template);

value_schema!(JsonTemplate, {
    "type": "string",
    "description": "A template of JSON, without quotes around values: `watchfire templates show --part json` prints the one that ships."
});

impl TryFrom<String> for JsonTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        engine::check(&text, names_of_json()).map(|()| Self(Template(text)))
    }
}

impl JsonTemplate {
    pub(super) fn into_template(self) -> Template {
        self.0
    }
}

/// The template of a channel that writes JSON; as it ships where it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping of json")]
pub struct JsonTemplates {
    /// The whole page.
    pub json: Option<JsonTemplate>,
    /// What goes before it on the way by a route; it is written there.
    #[serde(skip)]
    pub by_route: ByRoute,
}

impl From<JsonTemplates> for Wording {
    fn from(JsonTemplates { json, by_route }: JsonTemplates) -> Self {
        Self::routed([(Part::Json, json.map(JsonTemplate::into_template))], by_route)
    }
}

/// What a page is known by.
#[derive(Clone, Copy, Debug)]
pub struct Ids<'i> {
    /// This page, however often it is sent.
    pub id: &'i str,
    /// What it is about, and all that is sent about that.
    pub dedup_key: &'i DedupKey,
}

/// A page for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordedJson {
    /// All of it.
    pub json: serde_json::Value,
    /// Which templates could not be used.
    pub faults: Vec<Fault>,
}

impl Wording {
    /// The page as JSON.
    pub fn json(&self, notice: &Notice, kind: EffectKind, ids: Ids<'_>) -> WordedJson {
        let whole = Whole {
            id: ids.id.to_owned(),
            dedup_key: ids.dedup_key.to_string(),
            text: Wording::default().words(notice, kind).text(),
        };
        let values = Value::from(Serde(&View::of(notice, kind).with(whole)));
        let mut page =
            Rendering { wording: self.of(&notice.routes), notice, kind, values, faults: Vec::new() };
        let text = page.part(Part::Json);
        let json = serde_json::from_str(&text).or_else(|error| {
            let reason = format!("it does not write JSON: {error}; values bring their own quotes");
            page.faults.push(Fault { part: Part::Json, reason: clean(&reason, REASON_LENGTH) });
            serde_json::from_str(&page.shipped(Part::Json))
        });
        // What ships writes JSON: a test tries every page. The title is better than nothing.
        let title = || finish::line(&notice.subject(kind)).into();
        WordedJson { json: json.unwrap_or_else(|_| title()), faults: page.faults }
    }
}
