//! Nodes, namespaces and service accounts as the API writes them.

use k8s_openapi::ClusterResourceScope;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Deserialize;
use serde::de::IgnoredAny;
use watchfire_core::context::{Namespace, Node, Room};
use watchfire_core::survey::quantity;
use watchfire_core::text::clean;

use super::pod::{Condition, is_true};
use super::{Kind, Object};
use crate::cluster::keep::Keep;

#[derive(Clone, Debug)]
pub(in crate::cluster) struct Nodes;

impl Kind for Nodes {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Node";
    const PLURAL: &'static str = "nodes";
    type Scope = ClusterResourceScope;
    type Spec = Spec;
    type Status = Status;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Spec {
    #[serde(rename = "providerID")]
    provider_id: Option<String>,
    unschedulable: Option<bool>,
    taints: Option<Vec<Taint>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Taint {
    key: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Status {
    conditions: Option<Vec<Condition>>,
    addresses: Option<Vec<Address>>,
    allocatable: Option<Resources>,
    node_info: Option<Info>,
}

/// How much there is of it, or is used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Resources {
    cpu: Option<String>,
    memory: Option<String>,
}

impl Resources {
    /// None where one of them is not said.
    pub(in crate::cluster) fn room(&self) -> Option<Room> {
        let number =
            |text: &Option<String>| text.as_deref().and_then(quantity).filter(|number| *number >= 0.0);
        // `as` saturates.
        let cpu_millis = (number(&self.cpu)? * 1_000.0).round() as u64;
        Some(Room { cpu_millis, memory: number(&self.memory)? as u64 })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Info {
    kubelet_version: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    address: String,
}

/// A namespace.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Space;

impl Kind for Space {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Namespace";
    const PLURAL: &'static str = "namespaces";
    const METADATA_ONLY: bool = true;
    type Scope = ClusterResourceScope;
    type Spec = IgnoredAny;
    type Status = IgnoredAny;
}

/// A service account.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Account;

impl Kind for Account {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ServiceAccount";
    const PLURAL: &'static str = "serviceaccounts";
    const METADATA_ONLY: bool = true;
    type Scope = NamespaceResourceScope;
    type Spec = IgnoredAny;
    type Status = IgnoredAny;
}

/// In which labels a node's maker tells where the node belongs, the first that is there.
const POOLS: [&str; 4] =
    ["karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup", "alpha.eksctl.io/nodegroup-name", "node-pool"];

/// What of a node should not be true.
const PRESSURES: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];
/// By which taints a node is on its way out, given up by whoever made it.
const LEAVING: [&str; 4] = [
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
    "ToBeDeletedByClusterAutoscaler",
    "node.cloudprovider.kubernetes.io/shutdown",
];

impl Object<Nodes> {
    /// The few fields that are kept. An object without a name or UID is none.
    pub(in crate::cluster) fn into_node(self) -> Option<Node> {
        let Object { metadata, spec, status } = self;
        let mut labels = metadata.labels.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition.kind == "Ready");
        let is = |kind: &&str| is_true(Some(&conditions), kind);
        let is_given_up = spec.taints.iter().flatten().any(|taint| LEAVING.contains(&&*taint.key));
        let provider = spec.provider_id.unwrap_or_default();
        let instance = provider.rsplit('/').next().filter(|id| id.starts_with("i-"));
        Some(Node {
            name: metadata.name?,
            uid: metadata.uid?,
            instance: instance.map(str::to_owned),
            zone: labels.remove("topology.kubernetes.io/zone"),
            instance_type: labels.remove("node.kubernetes.io/instance-type"),
            pool: POOLS.iter().find_map(|label| labels.remove(*label)),
            auto_mode: labels.get("eks.amazonaws.com/compute-type").is_some_and(|kind| kind == "auto"),
            ready: is(&"Ready"),
            ready_since: ready.and_then(Condition::since),
            pressures: PRESSURES.into_iter().filter(is).map(str::to_owned).collect(),
            is_leaving: is_given_up || metadata.deletion_timestamp.is_some(),
            room: status.allocatable.and_then(|resources| resources.room()),
            kubelet: status
                .node_info
                .and_then(|info| info.kubelet_version)
                .map(|version| clean(&version, 60)),
            unschedulable: spec.unschedulable == Some(true),
            created_at: metadata.creation_timestamp.map(|Time(at)| at),
            addresses: status.addresses.into_iter().flatten().map(|one| one.address).collect(),
            gone_at: None,
        })
    }
}

impl Object<Space> {
    pub(in crate::cluster) fn into_namespace(self, keep: &Keep) -> Option<Namespace> {
        let metadata = self.metadata;
        Some(Namespace {
            name: metadata.name?,
            labels: metadata.labels.unwrap_or_default(),
            annotations: keep.annotations(metadata.annotations.unwrap_or_default()),
        })
    }
}

impl Object<Account> {
    /// The role's ARN, of one that has a role by IRSA.
    pub(in crate::cluster) fn into_role(self) -> Option<String> {
        self.metadata.annotations?.remove("eks.amazonaws.com/role-arn").filter(|role| !role.is_empty())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_node_of_auto_mode_tells_its_instance_zone_and_pool() {
        let object: Object<Nodes> = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "i-0a", "uid": "n1", "labels": {
                "topology.kubernetes.io/zone": "us-gov-west-1a", "node.kubernetes.io/instance-type": "m7i.large",
                "karpenter.sh/nodepool": "general", "eks.amazonaws.com/compute-type": "auto"}},
            "spec": {"providerID": "aws:///us-gov-west-1a/i-0a", "unschedulable": true,
                     "taints": [{"key": "karpenter.sh/disrupted", "effect": "NoSchedule"}]},
            "status": {"conditions": [
                           {"type": "MemoryPressure", "status": "True"}, {"type": "DiskPressure", "status": "False"},
                           {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-25T10:00:00Z"}],
                       "allocatable": {"cpu": "1930m", "memory": "7291656Ki"},
                       "nodeInfo": {"kubeletVersion": "v1.33.1-eks-1a2b3c4"},
                       "addresses": [{"type": "InternalIP", "address": "10.0.0.4"}]}
        }))
        .unwrap();
        let expected = Node {
            name: "i-0a".into(),
            uid: "n1".into(),
            instance: Some("i-0a".into()),
            zone: Some("us-gov-west-1a".into()),
            instance_type: Some("m7i.large".into()),
            pool: Some("general".into()),
            auto_mode: true,
            ready: true,
            unschedulable: true,
            ready_since: Some("2026-11-25T10:00:00Z".parse().unwrap()),
            pressures: vec!["MemoryPressure".into()],
            is_leaving: true,
            room: Some(Room { cpu_millis: 1_930, memory: 7_291_656 * 1_024 }),
            kubelet: Some("v1.33.1-eks-1a2b3c4".into()),
            addresses: vec!["10.0.0.4".into()],
            ..Node::default()
        };
        assert_eq!(object.into_node(), Some(expected));
    }
}
