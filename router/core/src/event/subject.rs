//! What an event is about: as much as it tells, from the account down to the container.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Thing;

/// Every part that the event names; empty text never occurs, it is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// The account the problem is in (not the administrator account that relays it).
    pub account: Option<String>,
    /// The region the problem is in.
    pub region: Option<String>,
    /// The EKS cluster's name.
    pub cluster: Option<String>,
    /// The EKS cluster's ARN, where the event has one that is an ARN.
    pub cluster_arn: Option<String>,
    /// The Kubernetes namespace.
    pub namespace: Option<String>,
    /// The workload as the event names it, a pod included.
    pub workload: Option<Workload>,
    /// The pod's name, where the workload is a pod or the event names one.
    pub pod: Option<String>,
    /// The container.
    pub container: Option<Container>,
    /// The image reference, with digest where known.
    pub image: Option<String>,
    /// The node's Kubernetes name.
    pub node: Option<String>,
    /// The EC2 instance's id, `i-…`.
    pub instance: Option<String>,
    /// `namespace/name` of the Kubernetes service account that acted.
    pub service_account: Option<String>,
    /// Who acted: an IAM or Kubernetes user name.
    pub principal: Option<String>,
    /// The address that the pod or instance used, for finding the pod by it.
    pub ip: Option<String>,
    /// Whatever else it is about: an ARN or id of a bucket, a repository, an alarm. Of several the first.
    pub resource: Option<String>,
    /// Where it is about several of them: all, that one too, at most [`Subject::MOST_RESOURCES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The VPC that it happens in, `vpc-…`.
    #[serde(default)]
    pub vpc: Option<String>,
    /// What kind of thing it is; none where the event does not say.
    #[serde(default)]
    pub thing: Option<Thing>,
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

    /// It, and where it names nothing, what the other names.
    pub(crate) fn or(self, other: &Subject) -> Subject {
        let or = |own: Option<String>, other: &Option<String>| own.or_else(|| other.clone());
        Subject {
            account: or(self.account, &other.account),
            region: or(self.region, &other.region),
            cluster: or(self.cluster, &other.cluster),
            cluster_arn: or(self.cluster_arn, &other.cluster_arn),
            namespace: or(self.namespace, &other.namespace),
            workload: self.workload.or_else(|| other.workload.clone()),
            pod: or(self.pod, &other.pod),
            container: self.container.or_else(|| other.container.clone()),
            image: or(self.image, &other.image),
            node: or(self.node, &other.node),
            instance: or(self.instance, &other.instance),
            service_account: or(self.service_account, &other.service_account),
            principal: or(self.principal, &other.principal),
            ip: or(self.ip, &other.ip),
            resource: or(self.resource, &other.resource),
            resources: match self.resources.is_empty() {
                true => other.resources.clone(),
                false => self.resources,
            },
            vpc: or(self.vpc, &other.vpc),
            thing: self.thing.or_else(|| other.thing.clone()),
        }
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
