//! What Watchfire can do about an incident besides telling someone, and in which order it is safe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::word;

/// What a rule may ask for besides telling someone: a closed list.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, VariantArray,
)]
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
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The word in rule files, pages and the journal.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
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

/// An action's part in the safety order: notify beside capture, capture before contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Tells someone.
    Notify,
    /// Keeps evidence.
    Capture,
    /// Changes the cluster.
    Contain,
    /// Writes down.
    Record,
}
