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

    /// The action of that word.
    pub fn named(word: &str) -> Option<Self> {
        word::read(word)
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

    /// Whether it takes one pod out of its workload, which then has one less until that is replaced.
    pub(crate) fn takes_a_pod(self) -> bool {
        match self {
            ActionName::Quarantine | ActionName::DeletePod => true,
            ActionName::Evidence
            | ActionName::ScaleToZero
            | ActionName::Cordon
            | ActionName::Drain
            | ActionName::ImageScan
            | ActionName::RevokeCredentials
            | ActionName::Annotate => false,
        }
    }

    /// Whether those who were paged hear that it was done. That it failed they hear of all.
    pub(crate) fn is_told_when_done(self) -> bool {
        match self {
            ActionName::Evidence | ActionName::Annotate => false,
            ActionName::Quarantine
            | ActionName::ScaleToZero
            | ActionName::DeletePod
            | ActionName::Cordon
            | ActionName::Drain
            | ActionName::ImageScan
            | ActionName::RevokeCredentials => true,
        }
    }

    /// What its target is when it is done.
    pub(crate) fn done(self) -> &'static str {
        match self {
            ActionName::Evidence => "captured",
            ActionName::Quarantine => "quarantined",
            ActionName::ScaleToZero => "scaled to zero",
            ActionName::DeletePod => "deleted",
            ActionName::Cordon => "cordoned",
            ActionName::Drain => "drained",
            ActionName::ImageScan => "scanned",
            ActionName::RevokeCredentials => "without credentials",
            ActionName::Annotate => "annotated",
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
