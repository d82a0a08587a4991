//! What an event is about: as much as it tells, from the account down to the container.
//!
//! A part is one entry below: rules, silences, groups and matchers have it from there. What a page shows of it stands in
//! `compose/facts.rs`, to which the compiler points.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Thing;
use super::part::subject;

subject! {
    /// Every part that the event names; empty text never occurs, it is `None`.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub struct Subject;

    /// The account the problem is in (not the administrator account that relays it).
    account: Option<String>, Everywhere ["account"];
    /// The region the problem is in.
    region: Option<String>, Everywhere ["region"];
    /// The EKS cluster's name.
    cluster: Option<String>, Within ["cluster"];
    /// The EKS cluster's ARN, where the event has one that is an ARN.
    cluster_arn: Option<String>, Everywhere ["cluster_arn"];
    /// The Kubernetes namespace.
    namespace: Option<String>, Within ["namespace"];
    /// The workload as the event names it, a pod included.
    workload: Option<Workload>, Within ["workload.kind", "workload.name"];
    /// The pod's name, where the workload is a pod or the event names one.
    pod: Option<String>, Within ["pod"];
    /// The container.
    container: Option<Container>, Within ["container.name"];
    /// The image reference, with digest where known.
    image: Option<String>, Everywhere ["image"];
    /// The node's Kubernetes name.
    node: Option<String>, Within ["node"];
    /// The EC2 instance's id, `i-…`.
    instance: Option<String>, Within ["instance"];
    /// `namespace/name` of the Kubernetes service account that acted.
    service_account: Option<String>, Within ["service_account"];
    /// Who acted: an IAM or Kubernetes user name.
    principal: Option<String>, Everywhere ["principal"];
    /// The address that the pod or instance used, for finding the pod by it.
    ip: Option<String>, Everywhere ["ip"];
    /// Whatever else it is about: an ARN or id of a bucket, a repository, an alarm. Of several the first.
    resource: Option<String>, Within ["resource"];
    /// Where it is about several of them: all, that one too, at most [`Subject::MOST_RESOURCES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>, Unseen [];
    /// The VPC that it happens in, `vpc-…`.
    #[serde(default)]
    vpc: Option<String>, Unseen [];
    /// What kind of thing it is; none where the event does not say.
    #[serde(default)]
    thing: Option<Thing>, Unseen [];
}

/// A Kubernetes workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Workload {
    /// Lower-case plural, as the API spells resources: `pods`, `deployments`.
    pub kind: String,
    /// Its name; its UID where the event has nothing else.
    pub name: String,
    /// Its UID, where the event has it.
    pub uid: Option<String>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// Its name in the pod.
    pub name: Option<String>,
    /// Its id, without `containerd://`.
    pub id: Option<String>,
}

impl Subject {
    /// More resources than this are not told apart.
    pub const MOST_RESOURCES: usize = 32;

    /// It is about that resource, too.
    pub(super) fn is_about(&mut self, resource: String) {
        let Some(first) = &self.resource else {
            self.resource = Some(resource);
            return;
        };
        if *first == resource || self.resources.contains(&resource) {
            return;
        }
        if self.resources.is_empty() {
            self.resources.push(first.clone());
        }
        if self.resources.len() < Self::MOST_RESOURCES {
            self.resources.push(resource);
        }
    }

    /// Every resource that it is about.
    pub fn all_resources(&self) -> impl Iterator<Item = &String> {
        let only = self.resource.iter().filter(|_| self.resources.is_empty());
        only.chain(&self.resources)
    }

    /// What makes this subject one and not another, the most exact part first; `None` where the event
    /// names nothing but account, region and cluster, or not even those.
    ///
    /// A pod is told apart by namespace and name, not UID: the audit-log and the runtime report of one
    /// problem do not both carry the UID.
    pub fn primary(&self) -> Option<String> {
        let namespace = self.namespace.as_deref().unwrap_or("-");
        if let Some(pod) = &self.pod {
            return Some(format!("pods/{namespace}/{pod}"));
        }
        if let Some(Workload { kind, name, uid: _ }) = &self.workload {
            return Some(format!("{kind}/{namespace}/{name}"));
        }
        if let Some(id) = self.container.as_ref().and_then(|container| container.id.as_ref()) {
            return Some(format!("container/{id}"));
        }
        let others = [
            ("instance", &self.instance),
            ("node", &self.node),
            ("serviceaccount", &self.service_account),
            ("principal", &self.principal),
            ("image", &self.image),
            ("resource", &self.resource),
        ];
        others.into_iter().find_map(|(kind, part)| part.as_ref().map(|part| format!("{kind}/{part}")))
    }

    /// One readable line: the cluster and the most exact part, else what there is.
    pub fn line(&self) -> String {
        let place = self.cluster.as_ref().or(self.account.as_ref());
        match (place, self.primary()) {
            (Some(place), Some(part)) => format!("{place} {part}"),
            (Some(place), None) => place.clone(),
            (None, Some(part)) => part,
            (None, None) => "-".to_owned(),
        }
    }
}
