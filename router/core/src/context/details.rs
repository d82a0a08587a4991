//! What is known about the one pod that an event is about, beyond the pod itself.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, Selector, Workload};

/// What surrounds a pod. Each part is known or not by itself: a guard that needs one that is not known
/// refuses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// Its controller first, then that one's controller and so on; empty for a pod without one.
    pub owners: Known<Vec<Workload>>,
    /// The Services whose selector selects it.
    pub services: Known<Vec<Selecting>>,
    /// The NetworkPolicies that select it, except those that quarantine it.
    pub policies: Known<Vec<Selecting>>,
    /// What would cut it off once it carries the quarantine label.
    pub deny: Known<Deny>,
    /// Whether network policies have any effect.
    pub enforcement: Enforcement,
    /// The HorizontalPodAutoscaler of its workload.
    pub autoscaler: Known<Option<Autoscaler>>,
    /// The KEDA ScaledObject of its workload.
    pub scaled_object: Known<Option<ScaledObject>>,
    /// The PodDisruptionBudgets that select it.
    pub budgets: Known<Vec<Budget>>,
    /// Who keeps its workload as a repository says.
    pub gitops: Known<Option<GitOps>>,
    /// What the cluster recently said about it, the newest first, at most 10.
    pub events: Known<Vec<ClusterEvent>>,
    /// The IAM role of its service account: by the IRSA annotation.
    pub role: Known<Option<String>>,
    /// Other running pods with the same image digest, as `namespace/name`, at most 50.
    pub same_image: Vec<String>,
}

/// An object that selects the pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selecting {
    /// Its name.
    pub name: String,
    /// How it selects.
    pub selector: Selector,
    /// Whether it lets any traffic through; a policy without rules does not. True for a Service.
    pub allows: bool,
}

/// The policies that select the quarantine label, installed beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deny {
    /// The namespaced policy that denies everything to and from a pod with the label.
    pub namespaced: Option<String>,
    /// The policy of the admin tier that does.
    pub admin: Option<String>,
    /// The kind of admin policies that the API server has.
    pub admin_api: Option<AdminApi>,
}

/// A kind of policy that no namespace can overrule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminApi {
    /// `ClusterNetworkPolicy` of `networking.k8s.aws/v1alpha1`.
    AwsClusterNetworkPolicy,
    /// `AdminNetworkPolicy` of `policy.networking.k8s.io/v1alpha1`.
    AdminNetworkPolicy,
    /// `ClusterNetworkPolicy` of `policy.networking.k8s.io/v1alpha2`.
    ClusterNetworkPolicy,
}

/// Whether network policies have any effect in this cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Something shows that they have, in a clause.
    On(String),
    /// They are accepted and ignored: why.
    Off(String),
    /// It cannot be said: why.
    Unknown(String),
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autoscaler {
    /// Its name.
    pub name: String,
    /// At least so many.
    pub min: u32,
    /// At most so many.
    pub max: u32,
}

/// A KEDA ScaledObject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaledObject {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The value of `autoscaling.keda.sh/paused-replicas`, where it has one.
    pub paused_replicas: Option<String>,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// How many pods may be disrupted now.
    pub allowed: u32,
}

/// What keeps a workload as a repository says, and puts back what is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitOps {
    /// Which tool.
    pub tool: GitOpsTool,
    /// The namespace of its object; none where the workload does not say.
    pub namespace: Option<String>,
    /// The name of its object: the Application, Kustomization or HelmRelease.
    pub name: String,
}

/// A GitOps tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GitOpsTool {
    /// Argo CD.
    ArgoCd,
    /// Flux, by a Kustomization.
    FluxKustomization,
    /// Flux, by a HelmRelease.
    FluxHelm,
}

/// Something that the cluster said about an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterEvent {
    /// When last.
    pub at: Option<Timestamp>,
    /// Its reason, such as `BackOff`.
    pub reason: String,
    /// Its message, cleaned. Hostile text.
    pub message: String,
    /// How often.
    pub count: u32,
}

impl GitOps {
    /// `Argo CD application argocd/shop`.
    pub fn named(&self) -> String {
        let Self { tool, namespace, name } = self;
        let what = match tool {
            GitOpsTool::ArgoCd => "Argo CD application",
            GitOpsTool::FluxKustomization => "Flux Kustomization",
            GitOpsTool::FluxHelm => "Flux HelmRelease",
        };
        match namespace {
            Some(namespace) => format!("{what} {namespace}/{name}"),
            None => format!("{what} {name}"),
        }
    }
}
