//! The shape of a rule file, as written in YAML.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::decision::{EffectKind, Role, Verdict, Why};
use crate::priority::Priority;

/// One rule as written; name, family and priority are required, but of several that are missing serde would
/// name one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping of name, family, match, when, priority and more")]
pub(super) struct RuleText {
    pub(super) name: Option<String>,
    pub(super) family: Option<String>,
    #[serde(rename = "match")]
    #[expect(dead_code, reason = "compiled from the file itself: here the spelling of its numbers is lost")]
    pub(super) pattern: Option<IgnoredAny>,
    #[expect(dead_code, reason = "compiled even where another member is wrong")]
    pub(super) when: Option<String>,
    #[serde(default)]
    pub(super) unknown: Option<Unknown>,
    pub(super) priority: Option<Priority>,
    #[serde(default)]
    pub(super) actions: Vec<ActionName>,
    #[serde(default)]
    pub(super) stage: Stage,
    pub(super) runbook: Option<String>,
    pub(super) repeat_after_minutes: Option<u32>,
    #[serde(default)]
    pub(super) examples: Vec<Example>,
}

/// What a condition counts as that asks for something of the cluster which is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// As a match: people are told, and nothing is done to the cluster on the strength of it.
    Page,
    /// As no match: the rules after it are tried.
    NoMatch,
}

/// Whether a rule takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It does.
    #[default]
    Live,
    /// It is decided and recorded, without effect: nobody is told, nothing is done.
    Shadow,
}

/// What a rule may ask for besides telling someone: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionName {
    /// Keep the pod's state, logs and events.
    Evidence,
    /// Isolate the pod.
    Quarantine,
    /// Scale the workload to zero.
    ScaleToZero,
    /// Delete the pod.
    DeletePod,
    /// Keep new pods off the node.
    Cordon,
    /// Move the node's pods away.
    Drain,
    /// Scan the image.
    ImageScan,
    /// Take back the pod's credentials.
    RevokeCredentials,
    /// Mark the objects concerned.
    Annotate,
}

impl ActionName {
    /// All of them.
    pub const ALL: [ActionName; 9] = [
        ActionName::Evidence,
        ActionName::Quarantine,
        ActionName::ScaleToZero,
        ActionName::DeletePod,
        ActionName::Cordon,
        ActionName::Drain,
        ActionName::ImageScan,
        ActionName::RevokeCredentials,
        ActionName::Annotate,
    ];

    /// The word in rule files, pages and the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            ActionName::Evidence => "evidence",
            ActionName::Quarantine => "quarantine",
            ActionName::ScaleToZero => "scale-to-zero",
            ActionName::DeletePod => "delete-pod",
            ActionName::Cordon => "cordon",
            ActionName::Drain => "drain",
            ActionName::ImageScan => "image-scan",
            ActionName::RevokeCredentials => "revoke-credentials",
            ActionName::Annotate => "annotate",
        }
    }

    /// Its place in the safety order.
    pub fn role(self) -> Role {
        match self {
            ActionName::Evidence | ActionName::ImageScan => Role::Capture,
            ActionName::Quarantine
            | ActionName::ScaleToZero
            | ActionName::DeletePod
            | ActionName::Cordon
            | ActionName::Drain
            | ActionName::RevokeCredentials => Role::Contain,
            ActionName::Annotate => Role::Record,
        }
    }

    /// Whether it changes nothing in the cluster.
    pub fn only_looks(self) -> bool {
        self.role() == Role::Capture
    }
}

/// An event file and what the rule is to make of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping of event and expect")]
pub(super) struct Example {
    /// Line in the rule file, from 1.
    #[serde(skip)]
    pub(super) line: u64,
    pub(super) event: String,
    pub(super) expect: Expect,
}

/// `no-match`, or what the decision is to be.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    NoMatch,
    Decision(Expectation),
}

/// What a decision is to be; what is absent is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    pub(super) priority: Option<Priority>,
    pub(super) verdict: Option<Verdict>,
    pub(super) why: Option<Why>,
    pub(super) effects: Option<Vec<EffectKind>>,
    pub(super) withheld: Option<Vec<String>>,
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
