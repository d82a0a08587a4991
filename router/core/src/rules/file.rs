//! The shape of a rule file, as written in YAML.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::threshold::AfterText;
use crate::action::ActionName;
use crate::priority::Priority;
use crate::verdict::{EffectKind, Verdict, Why};

/// One rule as written; name, family and priority are required, but of several that are missing serde would
/// name one.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Rule")]
#[serde(deny_unknown_fields, expecting = "a mapping of name, family, match, when, priority and more")]
pub(super) struct RuleText {
    /// Unique over all files: lower-case words joined by hyphens.
    #[schemars(required, length(min = 1, max = 64), regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub(super) name: Option<String>,
    /// What happened, whoever says so: part of the incident's identity.
    #[schemars(required, length(min = 1, max = 64), regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub(super) family: Option<String>,
    /// An event pattern, as EventBridge has them; left out, every event matches.
    #[serde(rename = "match", default)]
    #[schemars(schema_with = "crate::schema::pattern")]
    #[expect(dead_code, reason = "compiled from the file itself: here the spelling of its numbers is lost")]
    pub(super) pattern: Option<IgnoredAny>,
    /// A condition in CEL over the event, its finding, subject, pod, node and namespace.
    #[expect(dead_code, reason = "compiled even where another member is wrong")]
    pub(super) when: Option<String>,
    /// What the condition counts as where the cluster does not say what it asks for.
    #[serde(default)]
    pub(super) unknown: Option<Unknown>,
    /// How soon a human has to respond.
    #[schemars(required)]
    pub(crate) priority: Option<Priority>,
    /// What is to be done besides telling someone.
    #[serde(default)]
    pub(super) actions: Vec<ActionName>,
    /// How many there have to be before anybody hears of them; never of P0.
    #[serde(default)]
    pub(super) after: Option<AfterText>,
    /// Whether it takes effect.
    #[serde(default)]
    pub(super) stage: Stage,
    /// Where a responder reads on.
    pub(super) runbook: Option<String>,
    /// How long its incidents stay quiet after they were said, unless they get worse.
    pub(super) repeat_after_minutes: Option<u32>,
    /// Events that must match, and that must not.
    #[serde(default)]
    pub(super) examples: Vec<Example>,
}

/// What a condition counts as that asks for something of the cluster which is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// As a match: people are told, and nothing is done to the cluster on the strength of it.
    Page,
    /// As no match: the rules after it are tried.
    NoMatch,
}

/// Whether a rule takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It does.
    #[default]
    Live,
    /// It is decided and recorded, without effect: nobody is told, nothing is done.
    Shadow,
}

/// An event file and what the rule is to make of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping of event and expect")]
pub(crate) struct Example {
    /// Line in the rule file, from 1.
    #[serde(skip)]
    pub(crate) line: u64,
    /// The name of an event file, from the folder of the rule files on.
    pub(crate) event: String,
    /// What the rule is to make of it.
    pub(crate) expect: Expect,
}

/// `no-match`, or what the decision is to be.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Expect {
    /// It does not match.
    #[schemars(schema_with = "no_match")]
    NoMatch,
    /// What is decided.
    Decision(Expectation),
}

fn no_match(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"const": "no-match", "description": "The rule does not match it."})
}

/// A rule file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "A rule file of Watchfire", rename = "RuleFile")]
pub(super) struct FileText {
    /// The rules, in the order they are tried.
    #[expect(dead_code, reason = "the schema of a file, which is read by its own hand")]
    rules: Vec<RuleText>,
}

/// What a decision is to be; what is absent is not compared.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Expectation")]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    /// How urgent.
    pub(crate) priority: Option<Priority>,
    /// Whether a human hears of it.
    pub(crate) verdict: Option<Verdict>,
    /// Why, or why not.
    pub(crate) why: Option<Why>,
    /// What is sent.
    pub(crate) effects: Option<Vec<EffectKind>>,
    /// What is not done, although the rule asks for it.
    pub(crate) withheld: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Expect;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("`no-match`, or a mapping of priority, verdict, why, effects, withheld")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Expect, E> {
                match text {
                    "no-match" => Ok(Expect::NoMatch),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, access: A) -> Result<Expect, A::Error> {
                let fields = serde::de::value::MapAccessDeserializer::new(access);
                Expectation::deserialize(fields).map(Expect::Decision)
            }
        }

        deserializer.deserialize_any(Either)
    }
}
