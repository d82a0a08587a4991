//! A pod: the few of its fields that finding it, telling about it and acting on it need.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A pod as last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: another pod of the same name has another.
    pub uid: String,
    /// All of its labels, which pods of one controller may share.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Those of its annotations that the configuration lists, and Watchfire's own.
    pub annotations: BTreeMap<String, String>,
    /// Its controller.
    pub owner: Option<Owner>,
    /// The node it runs on.
    pub node: Option<String>,
    /// Its addresses; those of the node for one in the host's network.
    pub ips: Vec<String>,
    /// `Running`, `Pending` and so on.
    pub phase: String,
    /// Whether its `Ready` condition is true.
    pub ready: bool,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When the kubelet took it up.
    pub started_at: Option<Timestamp>,
    /// When the last of its containers ended, for a pod that ran to its end: from then on its addresses may
    /// be another's, although the API goes on naming them.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Its service account's name.
    pub service_account: String,
    /// All containers: init, ephemeral and ordinary ones.
    pub containers: Vec<PodContainer>,
    /// What of the host it can reach.
    pub host: HostAccess,
    /// Whether it is the mirror of a static pod: the API cannot change or remove such a pod.
    pub is_static: bool,
    /// What keeps it from running, or put it out; none of a pod that is as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Box<Trouble>>,
    /// When it was seen to be gone; it is remembered for a while.
    pub gone_at: Option<Timestamp>,
}

/// What is the matter with a pod as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The reason that its status gives, such as `Evicted`.
    pub reason: Option<String>,
    /// Why, in the words of the cluster: what the kubelet says of an eviction, the scheduler of a pod without a place.
    pub message: Option<String>,
    /// Since when no node takes it.
    pub unplaced_since: Option<Timestamp>,
    /// When it was put out.
    pub evicted_at: Option<Timestamp>,
    /// Whether somebody has deleted it.
    pub is_leaving: bool,
}

/// A container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodContainer {
    /// Its name.
    pub name: String,
    /// The image as the pod's specification names it.
    pub image: String,
    /// The digest of what runs, `sha256:…`.
    pub digest: Option<String>,
    /// The runtime's id, without its scheme.
    pub id: Option<String>,
    /// The id of the one before the last restart.
    pub previous_id: Option<String>,
    /// How often it was started again.
    pub restarts: u32,
    /// Why it waits, and how it ended before; none of one that runs and never ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stumble: Option<Box<Stumble>>,
}

/// Why a container does not run, and how it ended the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stumble {
    /// Why it waits, such as `CrashLoopBackOff`; none of one that does not wait.
    pub waits: Option<String>,
    /// The reason of its last end, such as `OOMKilled`.
    pub ended: Option<String>,
    /// Its exit code then.
    pub code: i32,
    /// When that was.
    pub ended_at: Option<Timestamp>,
}

/// What of its host a pod can reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAccess {
    /// It has the host's network: network policies do nothing for it.
    pub network: bool,
    /// It sees the host's processes.
    pub pid: bool,
    /// It shares the host's IPC namespace.
    pub ipc: bool,
    /// Some container is privileged.
    pub privileged: bool,
    /// Host paths it mounts.
    pub mounts: Vec<String>,
}

/// An object that controls another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Such as `apps/v1`.
    pub api_version: String,
    /// Such as `ReplicaSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

impl Pod {
    /// `namespace/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Restarts of all containers.
    pub fn restarts(&self) -> u32 {
        self.containers.iter().map(|container| container.restarts).sum()
    }
}

impl HostAccess {
    /// Whether who holds the pod may hold the node: its network or processes, privileges, or a mount that
    /// leads out.
    pub fn reaches_the_node(&self) -> bool {
        let Self { network: _, pid, ipc: _, privileged, mounts } = self;
        let leads_out = |path: &String| {
            path == "/"
                || ["/var/run", "/run", "/etc", "/proc", "/root", "/var/lib/kubelet", "/var/lib/containerd"]
                    .iter()
                    .any(|root| path.starts_with(root))
        };
        *pid || *privileged || mounts.iter().any(leads_out)
    }
}
