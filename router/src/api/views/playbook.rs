//! What people do about each kind of incident.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::action::ActionName;
use watchfire_core::ids::PlaybookName;
use watchfire_core::rules;

/// A playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Playbook {
    /// Its name.
    pub name: PlaybookName,
    /// What it is about, in a few words.
    pub title: String,
    /// What that mostly is, in a paragraph; may be empty.
    pub about: String,
    /// What is done, in order.
    pub steps: Vec<PlaybookStep>,
    /// The rules whose incidents it is for,
    pub rules: Vec<String>,
    /// the alerts of Prometheus and conditions of the watch,
    pub alerts: Vec<String>,
    /// and the families of rules.
    pub families: Vec<String>,
    /// The file it stands in.
    pub file: String,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaybookStep {
    /// What, in a sentence or two.
    pub text: String,
    /// The actions any of which does it; none where it is left to people.
    pub by: Vec<ActionName>,
}

impl Playbook {
    /// As it is shown.
    pub(crate) fn of(playbook: &rules::Playbook) -> Self {
        let rules::Playbook { name, title, about, steps, rules, alerts, families, file } = playbook.clone();
        let step = |rules::PlaybookStep { text, by }| PlaybookStep { text, by };
        let steps = steps.into_iter().map(step).collect();
        Self { name, title, about, steps, rules, alerts, families, file }
    }
}
