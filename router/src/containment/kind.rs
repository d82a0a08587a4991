//! The kinds of objects that steps read and change, as the API spells them.

/// A kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Such as `Pod`.
    pub(super) kind: &'static str,
    /// Such as `apps/v1`.
    pub(super) api_version: &'static str,
    /// Such as `deployments`.
    pub(super) plural: &'static str,
    /// Whether its objects are in namespaces.
    pub(super) scope: Scope,
}

/// Where objects of a kind are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// In a namespace.
    Namespace,
    /// In none.
    Cluster,
}

pub(super) const POD: Kind = namespaced("Pod", "v1", "pods");
pub(super) const CONFIG_MAP: Kind = namespaced("ConfigMap", "v1", "configmaps");
pub(super) const NETWORK_POLICY: Kind =
    namespaced("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies");
pub(super) const ENDPOINT_SLICE: Kind = namespaced("EndpointSlice", "discovery.k8s.io/v1", "endpointslices");
pub(super) const POLICY_ENDPOINT: Kind =
    namespaced("PolicyEndpoint", "networking.k8s.aws/v1alpha1", "policyendpoints");
pub(super) const AWS_CLUSTER_POLICY: Kind =
    cluster("ClusterNetworkPolicy", "networking.k8s.aws/v1alpha1", "clusternetworkpolicies");
pub(super) const ADMIN_POLICY: Kind =
    cluster("AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", "adminnetworkpolicies");
pub(super) const CLUSTER_POLICY: Kind =
    cluster("ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", "clusternetworkpolicies");
pub(super) const ACCESS_REVIEW: Kind =
    cluster("SelfSubjectAccessReview", "authorization.k8s.io/v1", "selfsubjectaccessreviews");
pub(super) const SUBJECT_REVIEW: Kind =
    cluster("SelfSubjectReview", "authentication.k8s.io/v1", "selfsubjectreviews");
pub(super) const RULES_REVIEW: Kind =
    cluster("SelfSubjectRulesReview", "authorization.k8s.io/v1", "selfsubjectrulesreviews");
pub(super) const ADMISSION_POLICY: Kind =
    cluster("ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1", "validatingadmissionpolicies");
pub(super) const ADMISSION_BINDING: Kind = cluster(
    "ValidatingAdmissionPolicyBinding",
    "admissionregistration.k8s.io/v1",
    "validatingadmissionpolicybindings",
);
pub(super) const DEPLOYMENT: Kind = namespaced("Deployment", "apps/v1", "deployments");
pub(super) const REPLICA_SET: Kind = namespaced("ReplicaSet", "apps/v1", "replicasets");
pub(super) const NAMESPACE: Kind = cluster("Namespace", "v1", "namespaces");

/// The kinds that a plan's objects can have.
const PLANNED: [Kind; 9] = [
    POD,
    cluster("Node", "v1", "nodes"),
    DEPLOYMENT,
    namespaced("StatefulSet", "apps/v1", "statefulsets"),
    namespaced("DaemonSet", "apps/v1", "daemonsets"),
    REPLICA_SET,
    namespaced("Job", "batch/v1", "jobs"),
    namespaced("CronJob", "batch/v1", "cronjobs"),
    namespaced("ScaledObject", "keda.sh/v1alpha1", "scaledobjects"),
];

impl Kind {
    /// The kind of a plan's object; none for one that no step knows.
    pub(super) fn planned(kind: &str) -> Option<&'static Kind> {
        PLANNED.iter().find(|planned| planned.kind == kind)
    }

    /// The path of its objects, without a name.
    pub(super) fn path(&self, namespace: &str) -> String {
        let root = match self.api_version.contains('/') {
            true => "/apis",
            false => "/api",
        };
        match (self.scope, namespace.is_empty()) {
            (Scope::Cluster, _) | (Scope::Namespace, true) => {
                format!("{root}/{}/{}", self.api_version, self.plural)
            }
            (Scope::Namespace, false) => {
                format!("{root}/{}/namespaces/{namespace}/{}", self.api_version, self.plural)
            }
        }
    }
}

const fn namespaced(kind: &'static str, api_version: &'static str, plural: &'static str) -> Kind {
    Kind { kind, api_version, plural, scope: Scope::Namespace }
}

const fn cluster(kind: &'static str, api_version: &'static str, plural: &'static str) -> Kind {
    Kind { kind, api_version, plural, scope: Scope::Cluster }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let paths = [
            (POD.path("shop"), "/api/v1/namespaces/shop/pods"),
            (NAMESPACE.path(""), "/api/v1/namespaces"),
            (NETWORK_POLICY.path("shop"), "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"),
            (NETWORK_POLICY.path(""), "/apis/networking.k8s.io/v1/networkpolicies"),
            (AWS_CLUSTER_POLICY.path(""), "/apis/networking.k8s.aws/v1alpha1/clusternetworkpolicies"),
        ];
        for (path, expected) in paths {
            assert_eq!(path, expected);
        }
        assert_eq!(Kind::planned("Secret"), None);
    }
}
