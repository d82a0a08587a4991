//! What controls pods.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Owner, Selector};

/// A workload as last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// What it is.
    pub kind: WorkloadKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// How many pods it wants; none where that is not its way of saying.
    pub replicas: Option<u32>,
    /// How many of its pods are ready.
    pub ready: u32,
    /// Which pods are its own; none where it has no selector.
    pub selector: Option<Selector>,
    /// Whether it is suspended; none where it cannot be.
    pub suspended: Option<bool>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Those of its annotations that the configuration lists, and those of GitOps tools.
    pub annotations: BTreeMap<String, String>,
    /// Its own controller.
    pub owner: Option<Owner>,
    /// What it is about; none of one that has come to where it was to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

/// What a workload is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Its pods are being replaced or made, within the time that it gives itself.
    RollingOut,
    /// A Job that has done its work.
    Succeeded {
        /// When.
        at: Option<Timestamp>,
    },
    /// A Job that was given up.
    Failed {
        /// Such as `BackoffLimitExceeded`.
        reason: String,
        /// When.
        at: Option<Timestamp>,
    },
}

/// What a workload is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WorkloadKind {
    /// Keeps a number of pods.
    ReplicaSet,
    /// Keeps ReplicaSets.
    Deployment,
    /// Keeps pods with names of their own.
    StatefulSet,
    /// Keeps one pod on each node.
    DaemonSet,
    /// Runs pods to their end.
    Job,
    /// Makes Jobs.
    CronJob,
    /// Anything else, such as an operator's own kind.
    Other(String),
}

impl WorkloadKind {
    /// From an owner reference.
    pub fn of(kind: &str) -> Self {
        match kind {
            "ReplicaSet" => WorkloadKind::ReplicaSet,
            "Deployment" => WorkloadKind::Deployment,
            "StatefulSet" => WorkloadKind::StatefulSet,
            "DaemonSet" => WorkloadKind::DaemonSet,
            "Job" => WorkloadKind::Job,
            "CronJob" => WorkloadKind::CronJob,
            other => WorkloadKind::Other(other.to_owned()),
        }
    }

    /// As the API spells the kind.
    pub fn as_str(&self) -> &str {
        match self {
            WorkloadKind::ReplicaSet => "ReplicaSet",
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::Job => "Job",
            WorkloadKind::CronJob => "CronJob",
            WorkloadKind::Other(kind) => kind,
        }
    }

    /// As the API spells the resource, for the kinds that it has by itself: `deployments`.
    pub fn plural(&self) -> Option<&'static str> {
        match self {
            WorkloadKind::ReplicaSet => Some("replicasets"),
            WorkloadKind::Deployment => Some("deployments"),
            WorkloadKind::StatefulSet => Some("statefulsets"),
            WorkloadKind::DaemonSet => Some("daemonsets"),
            WorkloadKind::Job => Some("jobs"),
            WorkloadKind::CronJob => Some("cronjobs"),
            WorkloadKind::Other(_) => None,
        }
    }
}

impl Workload {
    /// `Deployment checkout`.
    pub fn named(&self) -> String {
        format!("{} {}", self.kind.as_str(), self.name)
    }
}
