//! What controls pods, as the API writes it.

use k8s_openapi::NamespaceResourceScope;
use serde::Deserialize;
use watchfire_core::context::{Progress, Selector, Workload, WorkloadKind};
use watchfire_core::text::clean;

use super::pod::Condition;
use super::{Kind, LabelSelector, Object, count, owner};
use crate::cluster::keep::Keep;

/// The kinds differ in which of the fields they have, not in what a field means.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Spec {
    replicas: Option<i64>,
    selector: Option<LabelSelector>,
    suspend: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Status {
    observed_generation: Option<i64>,
    replicas: Option<i64>,
    updated_replicas: Option<i64>,
    updated_number_scheduled: Option<i64>,
    desired_number_scheduled: Option<i64>,
    conditions: Option<Vec<Condition>>,
    ready_replicas: Option<i64>,
    number_ready: Option<i64>,
    ready: Option<i64>,
}

macro_rules! workloads {
    ($($marker:ident $group:literal $kind:literal $plural:literal)*) => {$(
        #[derive(Clone, Debug)]
        pub(in crate::cluster) struct $marker;

        impl Kind for $marker {
            const GROUP: &'static str = $group;
            const VERSION: &'static str = "v1";
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;
            type Scope = NamespaceResourceScope;
            type Spec = Spec;
            type Status = Status;
        }
    )*};
}

workloads! {
    ReplicaSets "apps" "ReplicaSet" "replicasets"
    Deployments "apps" "Deployment" "deployments"
    StatefulSets "apps" "StatefulSet" "statefulsets"
    DaemonSets "apps" "DaemonSet" "daemonsets"
    Jobs "batch" "Job" "jobs"
    CronJobs "batch" "CronJob" "cronjobs"
}

impl<K> Object<K>
where
    K: Kind<Spec = Spec, Status = Status>,
{
    /// Whether it is a ReplicaSet that a Deployment keeps for a rollback: it has and wants no pods. There
    /// are ten of them for each one in use.
    pub(in crate::cluster) fn is_at_rest(&self) -> bool {
        let Object { metadata: _, spec, status } = self;
        K::KIND == "ReplicaSet" && spec.replicas == Some(0) && status.replicas.unwrap_or(0) == 0
    }

    /// The few fields that are kept. An object without a name, namespace or UID is none.
    pub(in crate::cluster) fn into_workload(self, keep: &Keep) -> Option<Workload> {
        let Object { mut metadata, spec, status } = self;
        let kind = WorkloadKind::of(K::KIND);
        let progress = progress(&kind, metadata.generation, &spec, &status);
        let owner = owner(&mut metadata);
        let (replicas, suspended) = match kind {
            WorkloadKind::ReplicaSet | WorkloadKind::Deployment | WorkloadKind::StatefulSet => {
                // The API's default.
                (count(spec.replicas).or(Some(1)), None)
            }
            WorkloadKind::Job | WorkloadKind::CronJob => (None, Some(spec.suspend == Some(true))),
            WorkloadKind::DaemonSet | WorkloadKind::Other(_) => (None, None),
        };
        let ready = status.ready_replicas.or(status.number_ready).or(status.ready);
        Some(Workload {
            kind,
            namespace: metadata.namespace?,
            name: metadata.name?,
            uid: metadata.uid?,
            replicas,
            ready: count(ready).unwrap_or_default(),
            selector: spec.selector.map(Selector::from),
            suspended,
            labels: metadata.labels.unwrap_or_default(),
            annotations: keep.workload_annotations(metadata.annotations.unwrap_or_default()),
            owner,
            progress,
        })
    }
}

/// What it is about. A Deployment that has taken longer than it gives itself does not roll out any more: it is stuck.
fn progress(kind: &WorkloadKind, generation: Option<i64>, spec: &Spec, status: &Status) -> Option<Progress> {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let of = |kind: &str, value: &str| conditions.iter().find(|one| one.kind == kind && one.status == value);
    let is_new =
        generation.is_some_and(|generation| status.observed_generation.is_none_or(|seen| seen < generation));
    let [wanted, there, updated] =
        [spec.replicas.or(Some(1)), status.replicas, status.updated_replicas].map(Option::unwrap_or_default);
    let rolls_out = match kind {
        WorkloadKind::Deployment => {
            of("Progressing", "False").is_none() && (is_new || updated < wanted || there > updated)
        }
        WorkloadKind::StatefulSet => is_new || updated < wanted,
        WorkloadKind::DaemonSet => {
            is_new
                || status.updated_number_scheduled.unwrap_or_default()
                    < status.desired_number_scheduled.unwrap_or_default()
        }
        WorkloadKind::Job => {
            let complete = of("Complete", "True").map(|done| Progress::Succeeded { at: done.since() });
            let failed = || {
                let failed = of("Failed", "True")?;
                let reason = clean(failed.reason.as_deref().unwrap_or("no reason given"), 100);
                Some(Progress::Failed { reason, at: failed.since() })
            };
            return complete.or_else(failed);
        }
        WorkloadKind::ReplicaSet | WorkloadKind::CronJob | WorkloadKind::Other(_) => false,
    };
    rolls_out.then_some(Progress::RollingOut)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;

    fn object<K: Kind>(spec: &str, status: &str) -> Object<K> {
        let metadata = r#"{"namespace": "shop", "name": "pay", "uid": "w1"}"#;
        let text = format!(r#"{{"metadata": {metadata}, "spec": {spec}, "status": {status}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn workload(kind: WorkloadKind) -> Workload {
        Workload {
            kind,
            namespace: "shop".into(),
            name: "pay".into(),
            uid: "w1".into(),
            replicas: None,
            ready: 0,
            selector: None,
            suspended: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owner: None,
            progress: None,
        }
    }

    #[test]
    fn each_kind_says_in_its_own_way_how_many_pods_it_has() {
        let keep = Keep::new(&[]);
        let deployment = object::<Deployments>(
            r#"{"replicas": 3, "selector": {}}"#,
            r#"{"replicas": 3, "updatedReplicas": 3, "readyReplicas": 2}"#,
        );
        let expected = Workload {
            replicas: Some(3),
            ready: 2,
            selector: Some(Selector::default()),
            ..workload(WorkloadKind::Deployment)
        };
        assert_eq!(deployment.into_workload(&keep), Some(expected));
        let set = object::<StatefulSets>("{}", r#"{"replicas": 1, "updatedReplicas": 1}"#);
        let expected = Workload { replicas: Some(1), ..workload(WorkloadKind::StatefulSet) };
        assert_eq!(set.into_workload(&keep), Some(expected));
        let daemon = object::<DaemonSets>("{}", r#"{"numberReady": 4}"#);
        let expected = Workload { ready: 4, ..workload(WorkloadKind::DaemonSet) };
        assert_eq!(daemon.into_workload(&keep), Some(expected));
        let cron = object::<CronJobs>(r#"{"suspend": true}"#, "{}");
        let expected = Workload { suspended: Some(true), ..workload(WorkloadKind::CronJob) };
        assert_eq!(cron.into_workload(&keep), Some(expected));
    }

    #[test]
    fn a_workload_says_that_it_rolls_out_until_it_is_through_or_stuck_and_a_job_how_it_ended() {
        let keep = Keep::new(&[]);
        let deployment = |status: &str| {
            object::<Deployments>(r#"{"replicas": 3}"#, status).into_workload(&keep).unwrap().progress
        };
        let rolling = Some(Progress::RollingOut);
        assert_eq!(deployment(r#"{"replicas": 4, "updatedReplicas": 1}"#), rolling);
        assert_eq!(deployment(r#"{"replicas": 4, "updatedReplicas": 3}"#), rolling);
        assert_eq!(deployment(r#"{"replicas": 3, "updatedReplicas": 3}"#), None);
        let stuck = r#"{"replicas": 4, "updatedReplicas": 1, "conditions": [{"type": "Progressing", "status": "False"}]}"#;
        assert_eq!(deployment(stuck), None);
        let job = |status: &str| object::<Jobs>("{}", status).into_workload(&keep).unwrap().progress;
        let at = Some("2026-11-25T10:00:00Z".parse().unwrap());
        let ended = |kind: &str| {
            format!(
                r#"{{"conditions": [{{"type": "{kind}", "status": "True", "reason": "BackoffLimitExceeded",
                "lastTransitionTime": "2026-11-25T10:00:00Z"}}]}}"#
            )
        };
        assert_eq!(job("{}"), None);
        assert_eq!(job(&ended("Complete")), Some(Progress::Succeeded { at }));
        let reason = "BackoffLimitExceeded".to_owned();
        assert_eq!(job(&ended("Failed")), Some(Progress::Failed { reason, at }));
    }

    #[test]
    fn only_a_replica_set_without_pods_is_at_rest() {
        assert!(object::<ReplicaSets>(r#"{"replicas": 0}"#, "{}").is_at_rest());
        assert!(!object::<ReplicaSets>(r#"{"replicas": 0}"#, r#"{"replicas": 1}"#).is_at_rest());
        assert!(!object::<ReplicaSets>("{}", "{}").is_at_rest());
        assert!(!object::<Deployments>(r#"{"replicas": 0}"#, "{}").is_at_rest());
    }
}
