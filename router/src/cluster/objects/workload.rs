//! What controls pods, as the API writes it.

use k8s_openapi::NamespaceResourceScope;
use serde::Deserialize;
use watchfire_core::context::{Selector, Workload, WorkloadKind};

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
    replicas: Option<i64>,
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
        })
    }
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
        }
    }

    #[test]
    fn each_kind_says_in_its_own_way_how_many_pods_it_has() {
        let keep = Keep::new(&[]);
        let deployment =
            object::<Deployments>(r#"{"replicas": 3, "selector": {}}"#, r#"{"readyReplicas": 2}"#);
        let expected = Workload {
            replicas: Some(3),
            ready: 2,
            selector: Some(Selector::default()),
            ..workload(WorkloadKind::Deployment)
        };
        assert_eq!(deployment.into_workload(&keep), Some(expected));
        let set = object::<StatefulSets>("{}", "{}");
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
    fn only_a_replica_set_without_pods_is_at_rest() {
        assert!(object::<ReplicaSets>(r#"{"replicas": 0}"#, "{}").is_at_rest());
        assert!(!object::<ReplicaSets>(r#"{"replicas": 0}"#, r#"{"replicas": 1}"#).is_at_rest());
        assert!(!object::<ReplicaSets>("{}", "{}").is_at_rest());
        assert!(!object::<Deployments>(r#"{"replicas": 0}"#, "{}").is_at_rest());
    }
}
