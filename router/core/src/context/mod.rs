//! What the cluster said about an event's subject, and what it could not say.
//!
//! ```text
//! queries(subject)  -> what to ask, the most exact first
//! judge(query, ...) -> whether an answer names the pods and nodes meant, and how surely
//! Context           -> what came of it, with everything that is told and decided upon
//! ```
//!
//! Nothing here asks anyone: whoever holds the cluster's API fills it in.

mod details;
mod gone;
mod identify;
mod node;
mod object;
mod pod;
mod selector;
mod workload;

pub use details::{
    AdminApi, Autoscaler, Budget, ClusterEvent, Deny, Details, Enforcement, GitOps, GitOpsTool, ScaledObject,
    Selecting,
};
pub use gone::Gone;
pub use identify::{Answer, Confidence, Judged, Method, Query, judge, queries};
pub use node::{Node, Room};
pub use object::ObjectRef;
pub use pod::{HostAccess, Owner, Pod, PodContainer, Stumble, Trouble};
pub use selector::{Requirement, Selector, Values};
pub use workload::{Progress, Workload, WorkloadKind};

use serde::{Deserialize, Serialize};

/// Something that was asked of the cluster: an answer, or why there is none. What is unknown is never
/// taken for an empty answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// The answer.
    Is(T),
    /// Why there is none, in a clause: `the API server does not answer`.
    Unknown(String),
}

impl<T> Known<T> {
    /// The answer, if there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Known::Is(answer) => Some(answer),
            Known::Unknown(_) => None,
        }
    }

    /// Why there is no answer.
    pub fn because(&self) -> Option<&str> {
        match self {
            Known::Is(_) => None,
            Known::Unknown(because) => Some(because),
        }
    }
}

/// Our cluster, as configured or read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN. Without it nothing but a UID is certain.
    pub arn: Option<String>,
    /// The VPC that it is in, where that is configured.
    #[serde(default)]
    pub vpc: Option<String>,
}

/// Whether an event is about our cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// No cluster is configured, or the event is about nothing in one.
    #[default]
    None,
    /// It names our cluster, or something that only our cluster has.
    Ours(Cluster),
    /// It names another cluster: nothing of ours is matched.
    Foreign(String),
    /// It does not say which cluster, and nothing in ours fits surely.
    Unsaid,
}

/// Which pods an event is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Pods {
    /// It is about no pod that could be looked for.
    #[default]
    NotAsked,
    /// The cluster could not be asked, or not everything.
    Unknown(String),
    /// The cluster was asked and has none that fits: what was tried.
    None(String),
    /// These; one of them where the finding is about one pod.
    Found {
        /// By what.
        method: Method,
        /// How surely.
        confidence: Confidence,
        /// By namespace and name; at most [`Context::MOST_PODS`].
        pods: Vec<Pod>,
        /// How many there are.
        count: usize,
    },
}

/// What the cluster said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Whose cluster.
    pub place: Place,
    /// Which pods.
    pub pods: Pods,
    /// The node it is about, or the one that the pod runs on.
    pub node: Option<Node>,
    /// How surely the finding's own node is the one that is meant; none for the node that the pod runs on, which
    /// is as sure as the pod.
    pub node_by: Option<(Method, Confidence)>,
    /// What stands in the place of the pod that the finding names by its UID and that is gone.
    pub gone: Option<Gone>,
    /// For a finding about a node: the pods on it.
    pub pods_on_node: Vec<Neighbour>,
    /// Other open incidents on the same node, each in a line.
    pub incidents_on_node: Vec<String>,
    /// What is known about the one pod; none where there is not one pod, or nothing more was asked.
    pub details: Option<Details>,
    /// The annotations and labels of the pod's namespace that the configuration lists.
    pub namespace: Option<Namespace>,
    /// What could not be had, each in a sentence; shown as it is.
    pub unknown: Vec<String>,
    /// Whether it is worth asking again: something did not answer in time.
    pub incomplete: bool,
}

/// A pod on a node that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The kind of its controller.
    pub owner_kind: Option<String>,
    /// Whether it is the mirror of a static pod.
    pub is_static: bool,
}

impl Neighbour {
    /// What a plan names it by.
    pub fn reference(&self) -> ObjectRef {
        let (namespace, name, uid) = (self.namespace.clone(), self.name.clone(), self.uid.clone());
        ObjectRef { kind: "Pod".to_owned(), namespace, name, uid }
    }
}

impl From<&Pod> for Neighbour {
    fn from(pod: &Pod) -> Self {
        let Pod { namespace, name, uid, owner, is_static, .. } = pod;
        Self {
            namespace: namespace.clone(),
            name: name.clone(),
            uid: uid.clone(),
            owner_kind: owner.as_ref().map(|owner| owner.kind.clone()),
            is_static: *is_static,
        }
    }
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Those of its annotations that the configuration lists.
    pub annotations: std::collections::BTreeMap<String, String>,
}

impl Context {
    /// More pods than this are counted, not listed.
    pub const MOST_PODS: usize = 50;

    /// Nothing was asked.
    pub fn none() -> Self {
        Self::default()
    }

    /// The one pod it is about, if it is one.
    pub fn pod(&self) -> Option<&Pod> {
        match &self.pods {
            Pods::Found { pods, count: 1, .. } => pods.first(),
            Pods::Found { .. } | Pods::NotAsked | Pods::Unknown(_) | Pods::None(_) => None,
        }
    }

    /// By what it was found, where that is a hint and no more: a human decides before anything is done.
    pub fn hint(&self) -> Option<Method> {
        let pods = match self.pods {
            Pods::Found { method, confidence, .. } => Some((method, confidence)),
            Pods::NotAsked | Pods::Unknown(_) | Pods::None(_) => None,
        };
        let hint = [pods, self.node_by].into_iter().flatten().find(|(_, sure)| *sure == Confidence::Possible);
        hint.map(|(method, _)| method)
    }

    /// The workload that a human would name: the last of the owner chain.
    pub fn workload(&self) -> Option<&Workload> {
        self.details.as_ref()?.owners.get()?.last()
    }
}
