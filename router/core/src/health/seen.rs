//! What a look at the API server has shown.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::PodsSeen;
use crate::context::{Namespace, Node, Workload};
use crate::survey::{Guarded, Probe, Quota, Readiness, Scaler, Symptom, Usage};

/// Why something was not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// The API server has no such resource: what it is of is not installed.
    NotInstalled,
    /// It was not asked for; why.
    NotAsked(String),
    /// Whoever asks may not: which permission is missing.
    Refused(String),
    /// Another reason, in a clause.
    Because(String),
}

/// What was seen, or why nothing was.
pub type Seen<T> = Result<T, Unseen>;

/// All that a look has shown.
#[derive(Clone, Debug)]
pub struct ClusterSeen {
    /// Whether the API server says that it is ready, and how long that took.
    pub probe: Probe,
    /// Its version as it says it: `v1.36.2-eks-1a2b3c4`.
    pub version: Seen<String>,
    /// Nodes.
    pub nodes: Seen<Vec<Node>>,
    /// What pods use of them.
    pub usage: Seen<Vec<Usage>>,
    /// Namespaces.
    pub namespaces: Seen<Vec<Namespace>>,
    /// Pods.
    pub pods: Seen<PodsSeen>,
    /// Deployments, StatefulSets, DaemonSets, ReplicaSets with pods, Jobs, CronJobs.
    pub workloads: Seen<Vec<Workload>>,
    /// Claims of volumes.
    pub claims: Seen<Vec<Claim>>,
    /// Volumes that are too full, by Prometheus.
    pub volumes: Seen<Vec<Symptom>>,
    /// Quotas.
    pub quotas: Seen<Vec<Quota>>,
    /// HorizontalPodAutoscalers.
    pub autoscalers: Seen<Vec<Autoscaling>>,
    /// ScaledObjects of KEDA.
    pub scaled_objects: Seen<Vec<Readiness>>,
    /// PodDisruptionBudgets.
    pub budgets: Seen<Vec<Guarded>>,
    /// ExternalSecrets.
    pub external_secrets: Seen<Vec<Readiness>>,
    /// Certificates of cert-manager.
    pub certificates: Seen<Vec<Readiness>>,
    /// Deprecated APIs that were asked since the API server was started.
    pub deprecated: Seen<Vec<Deprecated>>,
    /// Backups of Velero.
    pub backups: Seen<Vec<Backup>>,
    /// Its schedules.
    pub schedules: Seen<Vec<Schedule>>,
    /// Where it keeps them.
    pub places: Seen<Vec<BackupPlace>>,
    /// How long all that took.
    pub took: Duration,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `Pending`, `Bound` or `Lost`.
    pub phase: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// An autoscaler, and what keeps it from acting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Autoscaling {
    /// The autoscaler.
    pub scaler: Scaler,
    /// Why it cannot act, in its controller's words; none where it can.
    pub hindered: Option<String>,
}

/// A deprecated API that somebody asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deprecated {
    /// `group/version`, or the version of the core's.
    pub version: String,
    /// The resource.
    pub resource: String,
    /// The Kubernetes version that does not have it any more; none where that is not said.
    pub removed_in: Option<String>,
}

/// A backup of Velero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Which schedule made it; none of one that was made by hand.
    pub schedule: Option<String>,
    /// `Completed`, `Failed`, `PartiallyFailed` and so on.
    pub phase: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// A schedule of Velero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether somebody has paused it.
    pub is_paused: bool,
}

/// A place where Velero keeps backups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupPlace {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `Available` or `Unavailable`; empty where that was not looked at.
    pub phase: String,
    /// Why it is not.
    pub message: String,
}

/// Nothing was seen, because of that.
impl ClusterSeen {
    /// A look that has shown nothing.
    pub fn nothing(probe: Probe, why: &Unseen) -> Self {
        macro_rules! nothing {
            ($($of:ident)*) => { Self { probe, took: Duration::ZERO, $($of: Err(why.clone())),* } };
        }
        nothing! {
            version nodes usage namespaces pods workloads claims volumes quotas autoscalers scaled_objects budgets
            external_secrets certificates deprecated backups schedules places
        }
    }
}

/// The UIDs of workloads, for who looks for owners.
pub(super) fn by_uid(workloads: &[Workload]) -> BTreeMap<&str, &Workload> {
    workloads.iter().map(|workload| (workload.uid.as_str(), workload)).collect()
}
