//! Nodes, namespaces and service accounts as the API writes them.

use k8s_openapi::ClusterResourceScope;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Deserialize;
use serde::de::IgnoredAny;
use watchfire_core::context::{Namespace, Node};

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
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Status {
    conditions: Option<Vec<Condition>>,
    addresses: Option<Vec<Address>>,
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

impl Object<Nodes> {
    /// The few fields that are kept. An object without a name or UID is none.
    pub(in crate::cluster) fn into_node(self) -> Option<Node> {
        let Object { metadata, spec, status } = self;
        let mut labels = metadata.labels.unwrap_or_default();
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
            ready: is_true(status.conditions.as_deref(), "Ready"),
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
            "spec": {"providerID": "aws:///us-gov-west-1a/i-0a", "unschedulable": true},
            "status": {"conditions": [{"type": "Ready", "status": "True"}],
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
            addresses: vec!["10.0.0.4".into()],
            ..Node::default()
        };
        assert_eq!(object.into_node(), Some(expected));
    }
}
