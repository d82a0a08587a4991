//! Pods as the API writes them.

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::ObjectMeta;
use serde::Deserialize;
use watchfire_core::context::{HostAccess, Pod, PodContainer, Stumble, Trouble};
use watchfire_core::text::clean;

use super::{Kind, Object, count, owner};
use crate::cluster::keep::Keep;

#[derive(Clone, Debug)]
pub(in crate::cluster) struct Pods;

impl Kind for Pods {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Pod";
    const PLURAL: &'static str = "pods";
    type Scope = NamespaceResourceScope;
    type Spec = Spec;
    type Status = Status;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Spec {
    node_name: Option<String>,
    service_account_name: Option<String>,
    host_network: Option<bool>,
    #[serde(rename = "hostPID")]
    host_pid: Option<bool>,
    #[serde(rename = "hostIPC")]
    host_ipc: Option<bool>,
    init_containers: Option<Vec<Container>>,
    containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
    volumes: Option<Vec<Volume>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: String,
    image: Option<String>,
    security_context: Option<SecurityContext>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct SecurityContext {
    privileged: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Volume {
    host_path: Option<HostPath>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct HostPath {
    path: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Status {
    phase: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    #[serde(rename = "podIPs")]
    pod_ips: Option<Vec<PodIp>>,
    start_time: Option<Time>,
    conditions: Option<Vec<Condition>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    container_statuses: Option<Vec<ContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PodIp {
    ip: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Condition {
    #[serde(rename = "type")]
    pub(in crate::cluster) kind: String,
    pub(in crate::cluster) status: String,
    pub(in crate::cluster) reason: Option<String>,
    pub(in crate::cluster) message: Option<String>,
    pub(in crate::cluster) last_transition_time: Option<Time>,
}

impl Condition {
    /// When it became what it is.
    pub(in crate::cluster) fn since(&self) -> Option<Timestamp> {
        self.last_transition_time.as_ref().map(|Time(at)| *at)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: String,
    #[serde(rename = "imageID")]
    image_id: Option<String>,
    #[serde(rename = "containerID")]
    container_id: Option<String>,
    restart_count: Option<i64>,
    state: Option<State>,
    last_state: Option<State>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
    terminated: Option<Terminated>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    reason: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    #[serde(rename = "containerID")]
    container_id: Option<String>,
    reason: Option<String>,
    exit_code: Option<i64>,
    finished_at: Option<Time>,
}

impl Object<Pods> {
    /// The few fields that are kept. An object without a name, namespace or UID is none.
    pub(in crate::cluster) fn into_pod(self, keep: &Keep) -> Option<Pod> {
        let Object { mut metadata, spec, status } = self;
        let annotations = metadata.annotations.take().unwrap_or_default();
        let is_static = annotations.contains_key("kubernetes.io/config.mirror");
        let owner = owner(&mut metadata);
        let trouble = trouble(&metadata, &status);
        let phase = status.phase.unwrap_or_else(|| "Unknown".to_owned());
        let ready = is_true(status.conditions.as_deref(), "Ready");
        let statuses =
            [status.init_container_statuses, status.container_statuses, status.ephemeral_container_statuses];
        let statuses: Vec<_> = statuses.into_iter().flatten().flatten().collect();
        let ended_at = match phase.as_str() {
            "Succeeded" | "Failed" => ended_at(&statuses),
            _ => None,
        };
        let mut ips: Vec<_> = status.pod_ips.into_iter().flatten().filter_map(|address| address.ip).collect();
        if ips.is_empty() {
            ips.extend(status.pod_ip);
        }
        // Nobody can say whose the address is by now.
        if matches!(phase.as_str(), "Succeeded" | "Failed") && ended_at.is_none() {
            ips.clear();
        }
        let written = [spec.init_containers, spec.containers, spec.ephemeral_containers];
        let written: Vec<_> = written.into_iter().flatten().flatten().collect();
        let privileged = written.iter().any(|container| {
            container.security_context.as_ref().is_some_and(|context| context.privileged == Some(true))
        });
        let mounts = spec.volumes.into_iter().flatten().filter_map(|volume| volume.host_path);
        Some(Pod {
            namespace: metadata.namespace?,
            name: metadata.name?,
            uid: metadata.uid?,
            labels: metadata.labels.unwrap_or_default().into(),
            annotations: keep.annotations(annotations),
            owner,
            node: spec.node_name.filter(|node| !node.is_empty()),
            ips,
            phase,
            ready,
            created_at: metadata.creation_timestamp.map(|Time(at)| at),
            started_at: status.start_time.map(|Time(at)| at),
            ended_at,
            service_account: spec.service_account_name.unwrap_or_else(|| "default".to_owned()),
            containers: containers(written, statuses),
            host: HostAccess {
                network: spec.host_network == Some(true),
                pid: spec.host_pid == Some(true),
                ipc: spec.host_ipc == Some(true),
                privileged,
                mounts: mounts.map(|mount| mount.path).collect(),
            },
            is_static,
            trouble: trouble.map(Box::new),
            gone_at: None,
        })
    }
}

/// Longer words of the cluster are cut.
const LONGEST: usize = 300;

/// What is the matter with the pod as a whole; none of one that is as it should be.
fn trouble(metadata: &ObjectMeta, status: &Status) -> Option<Trouble> {
    let of = |kind: &str, value: &str| {
        let conditions = status.conditions.as_deref().unwrap_or_default();
        conditions.iter().find(|one| one.kind == kind && one.status == value)
    };
    let unplaced = of("PodScheduled", "False");
    let put_out = of("DisruptionTarget", "True").filter(|_| status.reason.is_some());
    let message = status.message.as_deref().or(unplaced.and_then(|condition| condition.message.as_deref()));
    let trouble = Trouble {
        reason: status.reason.as_deref().map(|reason| clean(reason, LONGEST)),
        message: message.map(|message| clean(message, LONGEST)),
        unplaced_since: unplaced.and_then(Condition::since),
        evicted_at: put_out.and_then(Condition::since),
        is_leaving: metadata.deletion_timestamp.is_some(),
    };
    (trouble != Trouble::default()).then_some(trouble)
}

/// Whether a condition of that kind is true.
pub(super) fn is_true(conditions: Option<&[Condition]>, kind: &str) -> bool {
    conditions.unwrap_or_default().iter().any(|one| one.kind == kind && one.status == "True")
}

/// When the last of its containers ended.
fn ended_at(statuses: &[ContainerStatus]) -> Option<Timestamp> {
    let terminated = statuses.iter().filter_map(|status| status.state.as_ref()?.terminated.as_ref());
    terminated.filter_map(|ended| ended.finished_at.as_ref().map(|Time(at)| *at)).max()
}

fn containers(written: Vec<Container>, mut statuses: Vec<ContainerStatus>) -> Vec<PodContainer> {
    let one = |Container { name, image, security_context: _ }| {
        let at = statuses.iter().position(|status| status.name == name);
        let status = at.map(|at| statuses.swap_remove(at)).unwrap_or_default();
        let stumble = stumble(&status);
        let before = status.last_state.and_then(|state| state.terminated).and_then(|one| one.container_id);
        PodContainer {
            name,
            image: image.unwrap_or_default(),
            digest: status.image_id.as_deref().and_then(digest),
            id: status.container_id.as_deref().and_then(bare_id),
            previous_id: before.as_deref().and_then(bare_id),
            restarts: count(status.restart_count).unwrap_or_default(),
            stumble: stumble.map(Box::new),
        }
    };
    written.into_iter().map(one).collect()
}

/// Why a container waits, and how it ended: now, or else before it was started again.
fn stumble(status: &ContainerStatus) -> Option<Stumble> {
    let waits = status.state.as_ref().and_then(|state| state.waiting.as_ref()?.reason.as_deref());
    // While a pod is made, its containers wait for that and nothing is amiss.
    let waits = waits.filter(|reason| !["ContainerCreating", "PodInitializing"].contains(reason));
    let states = [&status.state, &status.last_state];
    let ended = states.into_iter().find_map(|state| state.as_ref()?.terminated.as_ref());
    // What has done its work has not stumbled.
    let ended = ended.filter(|ended| ended.exit_code != Some(0) || status.restart_count > Some(0));
    if waits.is_none() && ended.is_none() {
        return None;
    }
    Some(Stumble {
        waits: waits.map(|reason| clean(reason, LONGEST)),
        ended: ended.and_then(|ended| ended.reason.as_deref()).map(|reason| clean(reason, LONGEST)),
        code: ended.and_then(|ended| i32::try_from(ended.exit_code?).ok()).unwrap_or_default(),
        ended_at: ended.and_then(|ended| ended.finished_at.as_ref()).map(|Time(at)| *at),
    })
}

/// `containerd://abc` is `abc`.
fn bare_id(id: &str) -> Option<String> {
    let bare = id.split_once("://").map_or(id, |(_, bare)| bare);
    Some(bare.to_owned()).filter(|id| !id.is_empty())
}

/// The manifest's digest. An image id that is a digest alone is the configuration's, which no registry and
/// no finding knows the image by.
fn digest(image_id: &str) -> Option<String> {
    image_id.split_once('@').map(|(_, digest)| digest.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use watchfire_core::context::Owner;

    use super::*;

    fn pod(json: serde_json::Value) -> Pod {
        let object: Object<Pods> = serde_json::from_value(json).unwrap();
        object.into_pod(&Keep::new(&["team".to_owned()])).unwrap()
    }

    #[test]
    fn a_whole_pod_is_cut_down_to_what_is_used() {
        let written = serde_json::json!({
            "metadata": {
                "namespace": "shop", "name": "pay-1", "uid": "u1", "resourceVersion": "7",
                "labels": {"app": "pay"}, "annotations": {"team": "payments", "huge": "x"},
                "creationTimestamp": "2026-11-25T10:00:00Z", "managedFields": [{"manager": 7}],
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Other", "name": "o", "uid": "o1"},
                    {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "pay", "uid": "r1", "controller": true}
                ]
            },
            "spec": {
                "nodeName": "n1", "serviceAccountName": "pay", "hostPID": true,
                "initContainers": [{"name": "init", "image": "init:1"}],
                "containers": [{"name": "app", "image": "app:1", "securityContext": {"privileged": true}}],
                "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/etc"}}]
            },
            "status": {
                "phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
                "startTime": "2026-11-25T10:00:01Z", "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{
                    "name": "app", "imageID": "reg/app@sha256:aa", "containerID": "containerd://c2",
                    "restartCount": 1, "lastState": {"terminated": {"containerID": "containerd://c1"}}
                }]
            }
        });
        let container = |name: &str| PodContainer {
            name: name.to_owned(),
            image: format!("{name}:1"),
            ..PodContainer::default()
        };
        let expected = Pod {
            namespace: "shop".into(),
            name: "pay-1".into(),
            uid: "u1".into(),
            labels: BTreeMap::from([("app".into(), "pay".into())]).into(),
            annotations: BTreeMap::from([("team".into(), "payments".into())]),
            owner: Some(Owner {
                api_version: "apps/v1".into(),
                kind: "ReplicaSet".into(),
                name: "pay".into(),
                uid: "r1".into(),
            }),
            node: Some("n1".into()),
            ips: vec!["10.0.0.1".into(), "fd00::1".into()],
            phase: "Running".into(),
            ready: true,
            created_at: Some("2026-11-25T10:00:00Z".parse().unwrap()),
            started_at: Some("2026-11-25T10:00:01Z".parse().unwrap()),
            service_account: "pay".into(),
            containers: vec![
                container("init"),
                PodContainer {
                    digest: Some("sha256:aa".into()),
                    id: Some("c2".into()),
                    previous_id: Some("c1".into()),
                    restarts: 1,
                    stumble: Some(Box::default()),
                    ..container("app")
                },
            ],
            host: HostAccess {
                pid: true,
                privileged: true,
                mounts: vec!["/etc".into()],
                ..HostAccess::default()
            },
            ..Pod::default()
        };
        assert_eq!(pod(written), expected);
    }

    #[test]
    fn what_is_missing_or_null_costs_nothing_else() {
        let bare = serde_json::json!({
            "metadata": {"namespace": "a", "name": "b", "uid": "c", "labels": null},
            "spec": null, "status": {"containerStatuses": null, "podIP": "10.0.0.9"}
        });
        let expected = Pod {
            namespace: "a".into(),
            name: "b".into(),
            uid: "c".into(),
            ips: vec!["10.0.0.9".into()],
            phase: "Unknown".into(),
            service_account: "default".into(),
            ..Pod::default()
        };
        assert_eq!(pod(bare), expected);
    }

    #[test]
    fn what_keeps_a_pod_from_running_is_kept_and_nothing_of_one_that_runs() {
        let metadata = || serde_json::json!({"namespace": "a", "name": "b", "uid": "c"});
        let looping = pod(serde_json::json!({
            "metadata": metadata(), "spec": {"containers": [{"name": "app"}]},
            "status": {"phase": "Running", "containerStatuses": [{
                "name": "app", "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-25T10:00:00Z"}}
            }]}
        }));
        let stumble = Stumble {
            waits: Some("CrashLoopBackOff".into()),
            ended: Some("OOMKilled".into()),
            code: 137,
            ended_at: Some("2026-11-25T10:00:00Z".parse().unwrap()),
        };
        assert_eq!((looping.containers[0].stumble.as_deref(), looping.trouble), (Some(&stumble), None));
        let evicted = pod(serde_json::json!({
            "metadata": metadata(), "status": {"phase": "Failed", "reason": "Evicted", "message": "low on memory",
                "conditions": [{"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "2026-11-25T10:00:00Z"}]}
        }));
        let trouble = Trouble {
            reason: Some("Evicted".into()),
            message: Some("low on memory".into()),
            evicted_at: Some("2026-11-25T10:00:00Z".parse().unwrap()),
            ..Trouble::default()
        };
        assert_eq!(evicted.trouble.as_deref(), Some(&trouble));
        let calm = pod(serde_json::json!({
            "metadata": metadata(), "spec": {"containers": [{"name": "app"}], "initContainers": [{"name": "init"}]},
            "status": {"phase": "Running", "conditions": [{"type": "PodScheduled", "status": "True"}],
                "initContainerStatuses": [{"name": "init", "restartCount": 0, "state": {"terminated": {"exitCode": 0}}}],
                "containerStatuses": [{"name": "app", "state": {"running": {}}}]}
        }));
        assert!(
            calm.trouble.is_none() && calm.containers.iter().all(|one| one.stumble.is_none()),
            "{calm:?}"
        );
    }

    #[test]
    fn a_pod_that_ended_says_when_so_that_its_address_is_not_taken_for_its_own() {
        let ended = |phase: &str| {
            pod(serde_json::json!({
                "metadata": {"namespace": "a", "name": "b", "uid": "c"},
                "status": {"phase": phase, "containerStatuses": [
                    {"name": "x", "state": {"terminated": {"finishedAt": "2026-11-25T10:00:00Z"}}},
                    {"name": "y", "state": {"terminated": {"finishedAt": "2026-11-25T11:00:00Z"}}}]}
            }))
            .ended_at
        };
        let last = Some("2026-11-25T11:00:00Z".parse().unwrap());
        assert_eq!((ended("Succeeded"), ended("Failed"), ended("Running")), (last, last, None));
    }
}
