//! Acting on the cluster: what an action is made of, decided here and only carried out elsewhere.
//!
//! An act is a list of [`Step`]s with names, UIDs and values in them: whoever performs it has no choice.
//! One file per action says what its steps are, and which pods and workloads it refuses.

mod hash;
mod step;
mod words;

pub use hash::PlanHash;
pub use step::{Step, StepName, StepRecord, StepResult};
pub use words::summary;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{ActionName, Role};
use crate::context::ObjectRef;
use crate::ids::{EffectId, IncidentKey};

/// The label that the standing policies select; its value is the incident.
pub const QUARANTINE_LABEL: &str = "watchfire.dev/quarantine";
/// The incident on whose account an object was changed.
pub const INCIDENT_ANNOTATION: &str = "watchfire.dev/incident";
/// The labels that were taken away, as a JSON object: what a human needs to undo it without Watchfire.
pub const LABELS_ANNOTATION: &str = "watchfire.dev/original-labels";
/// How many replicas there were before.
pub const REPLICAS_ANNOTATION: &str = "watchfire.dev/original-replicas";
/// The name of the namespaced policy that Watchfire expects or installs.
pub const DENY_POLICY: &str = "watchfire-quarantine";
/// The field manager of everything that Watchfire applies, and the value of `managed-by`.
pub const FIELD_MANAGER: &str = "watchfire";

/// One thing to do to the cluster, wholly planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ActRecord")]
pub struct Act {
    /// Unique within the decision, such as `quarantine:pod/shop/pay-1`.
    pub id: EffectId,
    /// Which action.
    pub action: ActionKind,
    /// Its place in the safety order.
    pub role: Role,
    /// What it is done to.
    pub target: Target,
    /// On whose account.
    pub incident: IncidentKey,
    /// What evidence is taken of: pods, and a node.
    pub about: Vec<ObjectRef>,
    /// What is done, in this order; none for an action that is not a matter of steps, such as evidence.
    pub steps: Vec<Step>,
    /// Its steps and target, hashed: what an approval is bound to.
    pub hash: PlanHash,
    /// On what condition.
    pub when: ActWhen,
    /// When it is given up and said to have failed.
    pub give_up_at: Timestamp,
    /// Who approved it, for one that needed it.
    pub approved_by: Option<String>,
}

/// What an act does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// An action that rules can name.
    Rule(ActionName),
    /// What was done is undone.
    Release,
    /// A workload makes its pods anew once its suspects are out of its hands.
    Restart,
    /// What could not be had in time is asked for again, and the page completed.
    Complete,
}

/// What an act is done to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A pod.
    Pod(ObjectRef),
    /// A workload.
    Workload(ObjectRef),
    /// A node.
    Node(ObjectRef),
    /// An image, by reference with digest.
    Image(String),
    /// The pods and node of the event; nothing is done to them.
    Event,
}

/// On what condition an act is performed. All acts wait for the captures of their decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActWhen {
    /// As soon as every act before it that it must not overtake is done.
    Now,
    /// Only if that other act of the same decision has failed.
    IfFailed(EffectId),
    /// Not before that time: the end of a quarantine.
    NotBefore(Timestamp),
}

impl ActionKind {
    /// The word in pages and the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            ActionKind::Rule(action) => action.as_str(),
            ActionKind::Release => "release",
            ActionKind::Restart => "restart",
            ActionKind::Complete => "complete",
        }
    }
}

impl Target {
    /// What a human calls it.
    pub fn named(&self) -> String {
        match self {
            Target::Pod(object) | Target::Workload(object) | Target::Node(object) => object.named(),
            Target::Image(image) => format!("image {image}"),
            Target::Event => "the event".to_owned(),
        }
    }
}
