//! What plans are made from, and what a plan is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::act::{Step, Target};
use crate::action::ActionName;
use crate::context::{Context, Node, ObjectRef, Place, Pod, Workload};
use crate::event::{Subject, Thing};
use crate::ids::IncidentKey;
use crate::mitigation::Mitigation;

/// Why nothing is known of what the event names.
const NO_CLUSTER: &str = "no cluster is configured";

/// What plans are made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'o> {
    /// What the event is about, in its own words.
    pub subject: &'o Subject,
    /// What the cluster says.
    pub context: &'o Context,
    /// What was configured.
    pub mitigation: &'o Mitigation,
    /// On whose account.
    pub incident: &'o IncidentKey,
    /// All that the rule asks for: some actions leave things to others.
    pub wanted: &'o [ActionName],
    /// The time.
    pub now: Timestamp,
}

/// A plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What it is done to.
    pub target: Target,
    /// What evidence is to be taken of.
    pub about: Vec<ObjectRef>,
    /// What is done.
    pub steps: Vec<Step>,
    /// What undoes it, in this order; nothing for what cannot be undone.
    pub undo: Vec<Step>,
    /// Why a human has to approve it, whatever the mode.
    pub ask: Option<String>,
    /// What a human should know of it: who will fight back, what it breaks.
    pub notes: Vec<String>,
}

/// Why there is no plan: a sentence, and what could be done instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPlan {
    /// Why.
    pub reason: String,
    /// The action that contains it where this one cannot.
    pub instead: Option<ActionName>,
}

impl NoPlan {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), instead: None }
    }

    pub(super) fn rather(instead: ActionName, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), instead: Some(instead) }
    }
}

impl Planned {
    pub(super) fn of(target: Target, steps: Vec<Step>) -> Self {
        Self { target, about: Vec::new(), steps, undo: Vec::new(), ask: None, notes: Vec::new() }
    }
}

impl PlanInput<'_> {
    /// What the finding says to be about no pod and no node is about none, whatever the cluster has.
    fn is_about_the_cluster(&self) -> Result<(), NoPlan> {
        match &self.subject.thing {
            Some(Thing::Other(what)) => Err(NoPlan::because(format!(
                "the finding is about {what}, not about a pod or a node: name what is meant by hand"
            ))),
            Some(
                Thing::Identity | Thing::Instance | Thing::Container | Thing::Kubernetes | Thing::Unknown(_),
            )
            | None => Ok(()),
        }
    }

    /// The one pod.
    pub(super) fn pod(&self) -> Result<&Pod, NoPlan> {
        use crate::context::Pods;
        self.is_about_the_cluster()?;
        if let Some(pod) = self.context.pod() {
            return match pod.gone_at {
                None => Ok(pod),
                Some(_) => Err(NoPlan::because(format!("the pod is gone already{}", self.in_its_place()))),
            };
        }
        if let Place::Foreign(theirs) = &self.context.place {
            return Err(NoPlan::because(format!("it is about another cluster: {theirs}")));
        }
        if self.mitigation.cluster.is_none() {
            return Err(NoPlan::because(NO_CLUSTER));
        }
        Err(NoPlan::because(match &self.context.pods {
            Pods::NotAsked => "the event names no pod".to_owned(),
            Pods::Unknown(because) => format!("the pod is not known: {because}"),
            Pods::None(tried) if self.context.gone.is_some() => {
                format!("the pod is gone: {tried}{}", self.in_its_place())
            }
            Pods::None(tried) => format!("the pod is not in the cluster: {tried}"),
            Pods::Found { count, .. } => {
                format!("{count} pods fit; name the one that is meant: watchfire quarantine NAMESPACE/NAME")
            }
        }))
    }

    fn in_its_place(&self) -> String {
        let in_its_place = self.context.gone.iter().flat_map(|gone| gone.in_its_place.iter().take(3));
        let named: Vec<_> = in_its_place.map(String::as_str).collect();
        match named.is_empty() {
            true => String::new(),
            false => format!("; in its place: {}", named.join(", ")),
        }
    }

    pub(super) fn node(&self) -> Result<&Node, NoPlan> {
        self.is_about_the_cluster()?;
        match &self.context.node {
            Some(node) if node.gone_at.is_none() => Ok(node),
            Some(_) => Err(NoPlan::because("the node is gone already")),
            None if self.mitigation.cluster.is_none() => Err(NoPlan::because(NO_CLUSTER)),
            None => Err(NoPlan::because("the node is not known")),
        }
    }

    /// The owner chain of the pod, its controller first.
    pub(super) fn owners(&self) -> Result<&[Workload], NoPlan> {
        let details = self.context.details.as_ref();
        let details = details.ok_or_else(|| NoPlan::because("what surrounds the pod is not known"))?;
        match details.owners.because() {
            Some(because) => Err(NoPlan::because(format!("its owners are not known: {because}"))),
            None => Ok(details.owners.get().map_or(&[], Vec::as_slice)),
        }
    }

    /// The last of the owner chain that has a number of replicas.
    pub(crate) fn scalable(&self) -> Result<&Workload, NoPlan> {
        use crate::context::WorkloadKind::{Deployment, ReplicaSet, StatefulSet};
        if self.context.details.is_none() {
            // Why it is not one pod is why nothing is known about it.
            self.pod()?;
        }
        let owners = self.owners()?;
        let last = owners.last().ok_or_else(|| NoPlan::because("nothing controls the pod"))?;
        match last.kind {
            Deployment | ReplicaSet | StatefulSet => Ok(last),
            _ => Err(NoPlan::because(format!("a {} is not scaled by its replicas", last.kind.as_str()))),
        }
    }

    /// The annotations that everything contained gets.
    pub(super) fn incident_annotations(&self) -> std::collections::BTreeMap<String, String> {
        let pairs = [
            ("karpenter.sh/do-not-disrupt", "true"),
            ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
            (crate::act::INCIDENT_ANNOTATION, self.incident.as_str()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(super) fn wants(&self, action: ActionName) -> bool {
        self.wanted.contains(&action)
    }
}

impl Pod {
    /// What a plan names it by.
    pub fn reference(&self) -> ObjectRef {
        let (namespace, name, uid) = (self.namespace.clone(), self.name.clone(), self.uid.clone());
        ObjectRef { kind: "Pod".to_owned(), namespace, name, uid }
    }
}

impl Node {
    /// What a plan names it by.
    pub fn reference(&self) -> ObjectRef {
        let (name, uid) = (self.name.clone(), self.uid.clone());
        ObjectRef { kind: "Node".to_owned(), namespace: String::new(), name, uid }
    }
}

impl Workload {
    /// What a plan names it by.
    pub fn reference(&self) -> ObjectRef {
        let (namespace, name, uid) = (self.namespace.clone(), self.name.clone(), self.uid.clone());
        ObjectRef { kind: self.kind.as_str().to_owned(), namespace, name, uid }
    }
}

/// Which of these labels the pod has, with their values.
pub(super) fn present(pod: &Pod, keys: &BTreeSet<&str>) -> std::collections::BTreeMap<String, String> {
    pod.labels
        .iter()
        .filter(|(key, _)| keys.contains(key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}
