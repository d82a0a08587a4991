//! What routes to pods and what cuts them off, as the API writes it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::ObjectMeta;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Kind, LabelSelector, metadata, null_is_default};

#[derive(Clone, Debug)]
pub(in crate::cluster) struct Service;

impl Kind for Service {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Service";
    const PLURAL: &'static str = "services";
    type Scope = NamespaceResourceScope;
    type Spec = ServiceSpec;
    type Status = IgnoredAny;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct ServiceSpec {
    pub(in crate::cluster) selector: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug)]
pub(in crate::cluster) struct NetworkPolicy;

impl Kind for NetworkPolicy {
    const GROUP: &'static str = "networking.k8s.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "NetworkPolicy";
    const PLURAL: &'static str = "networkpolicies";
    type Scope = NamespaceResourceScope;
    type Spec = PolicySpec;
    type Status = IgnoredAny;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct PolicySpec {
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) pod_selector: LabelSelector,
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) policy_types: Vec<String>,
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) ingress: Vec<IgnoredAny>,
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) egress: Vec<IgnoredAny>,
}

/// The policies of the admin tier, whichever kind the API server has: they are alike in what is read.
pub(in crate::cluster) trait AdminPolicy:
    Kind<Spec = AdminSpec, Scope = ClusterResourceScope>
{
}

macro_rules! admin_policies {
    ($($marker:ident $group:literal $version:literal $kind:literal $plural:literal)*) => {$(
        #[derive(Clone, Debug)]
        pub(in crate::cluster) struct $marker;

        impl Kind for $marker {
            const GROUP: &'static str = $group;
            const VERSION: &'static str = $version;
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;
            type Scope = ClusterResourceScope;
            type Spec = AdminSpec;
            type Status = IgnoredAny;
        }

        impl AdminPolicy for $marker {}
    )*};
}

pub(in crate::cluster) mod admin {
    use super::{AdminPolicy, AdminSpec, ClusterResourceScope, IgnoredAny, Kind};

    admin_policies! {
        AwsClusterNetworkPolicies "networking.k8s.aws" "v1alpha1" "ClusterNetworkPolicy" "clusternetworkpolicies"
        AdminNetworkPolicies "policy.networking.k8s.io" "v1alpha1" "AdminNetworkPolicy" "adminnetworkpolicies"
        ClusterNetworkPolicies "policy.networking.k8s.io" "v1alpha2" "ClusterNetworkPolicy" "clusternetworkpolicies"
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct AdminSpec {
    /// An AdminNetworkPolicy has none: it is always above what a namespace says.
    pub(in crate::cluster) tier: Option<String>,
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) subject: Subject,
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) ingress: Vec<Rule>,
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) egress: Vec<Rule>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Subject {
    pub(in crate::cluster) pods: Option<SubjectPods>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct SubjectPods {
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) namespace_selector: LabelSelector,
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) pod_selector: LabelSelector,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Rule {
    pub(in crate::cluster) action: String,
}

/// To which pods a Service leads; a Service has several where it has many.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct EndpointSlice {
    #[serde(default, deserialize_with = "metadata")]
    pub(in crate::cluster) metadata: ObjectMeta,
    #[serde(default, deserialize_with = "null_is_default")]
    endpoints: Vec<Endpoint>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoint {
    target_ref: Option<TargetObject>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TargetObject {
    kind: Option<String>,
    uid: Option<String>,
}

impl EndpointSlice {
    /// The Service, and the UIDs of its pods.
    pub(in crate::cluster) fn into_route(self) -> Option<(String, Vec<Box<str>>)> {
        let EndpointSlice { metadata, endpoints } = self;
        let service = metadata.labels?.remove("kubernetes.io/service-name")?;
        let pods = endpoints.into_iter().filter_map(|endpoint| endpoint.target_ref);
        let pods = pods.filter(|target| target.kind.as_deref() == Some("Pod"));
        Some((service, pods.filter_map(|pod| pod.uid).map(String::into_boxed_str).collect()))
    }
}

impl kube::Resource for EndpointSlice {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "EndpointSlice".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "discovery.k8s.io".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "endpointslices".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
