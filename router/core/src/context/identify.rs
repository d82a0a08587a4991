//! From a finding to pods and nodes: what to ask, in which order, and what an answer is worth.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Cluster, Node, Pod};
use crate::event::{Finding, Subject, Thing, Workload};

/// One question to the cluster, with what it would prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// The pod of that name; the UID of the finding, where it has one.
    PodNamed {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The UID that the finding gives.
        uid: Option<String>,
    },
    /// The pod of that UID, wherever it is.
    PodOfUid(String),
    /// The pods of that workload.
    PodsOf {
        /// As the API spells the resource: `deployments`.
        kind: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The UID that the finding gives.
        uid: Option<String>,
    },
    /// The pod that has, or before its last restart had, that container.
    Container(String),
    /// The pods that have that address, outside the host's network.
    Address(String),
    /// The node of that EC2 instance.
    Instance(String),
    /// The pods of that service account.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The node of that name.
    NodeNamed(String),
    /// The pods whose service account is annotated with a role of that name (IRSA).
    Role(String),
    /// The pod of a Pod Identity session: `eks-<cluster>-<pod>-<uuid>`, the pod's name possibly cut.
    Session(String),
    /// The pods that run an image with that digest.
    Digest(String),
}

/// By what a pod or node was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The finding's UID is the pod's or the workload's.
    Uid,
    /// The container's id.
    ContainerId,
    /// The pod's address, which no other pod had at that time.
    Address,
    /// Namespace and name alone: a later pod may have the same.
    Name,
    /// The instance of the node.
    Instance,
    /// The service account.
    ServiceAccount,
    /// The node's user name.
    NodeUser,
    /// The IAM role.
    Role,
    /// The image's digest.
    Digest,
    /// A human named it, and it was looked up then.
    ByHand,
}

/// What a match is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It may be the one; a human has to decide before anything is done to it.
    Possible,
    /// It is the one.
    Certain,
}

/// What the cluster answered to a query. Pods that are gone are among them as long as they are remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Pods.
    pub pods: Vec<Pod>,
    /// For [`Query::PodsOf`]: the workload's UID.
    pub workload_uid: Option<String>,
    /// Nodes.
    pub nodes: Vec<Node>,
}

/// What an answer is worth.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// These are meant.
    Pods(Method, Confidence, Vec<Pod>),
    /// This node is meant.
    Node(Method, Confidence, Box<Node>),
    /// Nothing that fits: why, in a clause. The next query is asked.
    Nothing(String),
}

impl Method {
    /// The word in the journal and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Uid => "uid",
            Method::ContainerId => "container id",
            Method::Address => "pod address",
            Method::Name => "name alone",
            Method::Instance => "instance id",
            Method::ServiceAccount => "service account",
            Method::NodeUser => "node user",
            Method::Role => "role",
            Method::Digest => "image digest",
            Method::ByHand => "by hand",
        }
    }
}

/// What to ask about a subject, the most exact first: the container, the name, the pod's address, the instance,
/// the service account, the node's user, the role, the image. A UID that is named goes before them all and is
/// the last that is asked of pods: another pod is never meant, whatever else fits it.
pub fn queries(subject: &Subject) -> Vec<Query> {
    match &subject.thing {
        Some(Thing::Other(_)) => return Vec::new(),
        Some(Thing::Identity) => {
            return subject.principal.as_deref().and_then(principal).into_iter().collect();
        }
        Some(Thing::Instance) => {
            // A pod on it is meant at most: what has no instance of ours is none.
            let instance = subject.instance.clone().map(Query::Instance);
            let address = subject.ip.clone().map(Query::Address).filter(|_| instance.is_some());
            return address.into_iter().chain(instance).collect();
        }
        Some(Thing::Container | Thing::Kubernetes | Thing::Unknown(_)) | None => {}
    }
    let instance = subject.instance.clone().map(Query::Instance);
    if let Some(uid) = subject.workload.as_ref().and_then(|workload| workload.uid.clone()) {
        return by_uid(subject, &uid).into_iter().chain(instance).collect();
    }
    let mut queries = Vec::new();
    let container = subject.container.as_ref().and_then(|container| container.id.clone());
    queries.extend(container.map(Query::Container));
    queries.extend(by_name(subject));
    queries.extend(subject.ip.clone().map(Query::Address));
    queries.extend(instance);
    let account = subject.service_account.as_deref().and_then(|account| account.split_once('/'));
    queries.extend(account.map(|(namespace, name)| Query::ServiceAccount {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }));
    queries.extend(subject.node.clone().map(Query::NodeNamed));
    queries.extend(subject.principal.as_deref().and_then(principal));
    let digest = subject.image.as_deref().and_then(|image| image.split_once('@'));
    queries.extend(digest.map(|(_, digest)| Query::Digest(digest.to_owned())));
    queries
}

/// The pod or the workload of that UID; where the kind does not tell which it is, both are asked for.
fn by_uid(subject: &Subject, uid: &str) -> Vec<Query> {
    let Some(workload) = &subject.workload else { return Vec::new() };
    let Some(namespace) = subject.namespace.clone() else { return vec![Query::PodOfUid(uid.to_owned())] };
    let uid = Some(uid.to_owned());
    let pod = subject.pod.clone().unwrap_or_else(|| workload.name.clone());
    let pod = Query::PodNamed { namespace: namespace.clone(), name: pod, uid: uid.clone() };
    let pods_of = Query::PodsOf { kind: workload.kind.clone(), namespace, name: workload.name.clone(), uid };
    match workload.kind.as_str() {
        "pods" => vec![pod],
        kind if crate::event::is_workload(kind) => vec![pods_of],
        _ => vec![pod, pods_of],
    }
}

fn by_name(subject: &Subject) -> Option<Query> {
    let namespace = subject.namespace.clone()?;
    match (&subject.pod, &subject.workload) {
        (Some(name), _) => Some(Query::PodNamed { namespace, name: name.clone(), uid: None }),
        (None, Some(Workload { kind, name, uid: _ })) if kind != "pods" => {
            Some(Query::PodsOf { kind: kind.clone(), namespace, name: name.clone(), uid: None })
        }
        (None, Some(Workload { name, .. })) => {
            Some(Query::PodNamed { namespace, name: name.clone(), uid: None })
        }
        (None, None) => None,
    }
}

/// An IAM principal is a role's name, or a session of one; a Kubernetes user is neither.
fn principal(principal: &str) -> Option<Query> {
    if principal.contains(':') && !principal.starts_with("arn:") {
        return None;
    }
    let last = principal.rsplit('/').next().filter(|last| !last.is_empty())?;
    Some(match last.starts_with("eks-") {
        true => Query::Session(last.to_owned()),
        false => Query::Role(last.to_owned()),
    })
}

/// What an answer is worth, given when the finding last saw its behaviour and which cluster is ours.
///
/// A UID is worth everything. What is no UID is certain only if the finding could not have meant another
/// cluster: `proof` says when. Of a kind of thing that is not known nothing is certain.
pub fn judge(
    query: &Query,
    answer: &Answer,
    finding: Option<&Finding>,
    subject: &Subject,
    ours: &Cluster,
) -> Judged {
    let judged = judged(query, answer, finding, subject, ours);
    let is_known = !matches!(subject.thing, Some(Thing::Unknown(_)));
    match judged {
        Judged::Pods(method, Confidence::Certain, pods)
            if !is_known || !pods.iter().all(|pod| is_named(pod, subject)) =>
        {
            Judged::Pods(method, Confidence::Possible, pods)
        }
        Judged::Node(method, Confidence::Certain, node) if !is_known => {
            Judged::Node(method, Confidence::Possible, node)
        }
        Judged::Pods(..) | Judged::Node(..) | Judged::Nothing(_) => judged,
    }
}

/// Whether the finding, where it names a pod, names this one.
fn is_named(pod: &Pod, subject: &Subject) -> bool {
    let fits = |named: &Option<String>, found: &String| named.as_ref().is_none_or(|named| named == found);
    fits(&subject.pod, &pod.name) && (subject.pod.is_none() || fits(&subject.namespace, &pod.namespace))
}

fn judged(
    query: &Query,
    answer: &Answer,
    finding: Option<&Finding>,
    subject: &Subject,
    ours: &Cluster,
) -> Judged {
    let seen = finding.and_then(|finding| finding.last_seen.or(finding.updated_at));
    let pods = || answer.pods.clone();
    match query {
        Query::PodNamed { namespace, name, uid: Some(uid) } => {
            of_uid(uid, &answer.pods, || match answer.pods.is_empty() {
                true => format!("no pod {namespace}/{name}"),
                false => format!("the pod {namespace}/{name} is another one, by its UID"),
            })
        }
        Query::PodOfUid(uid) => of_uid(uid, &answer.pods, || format!("no pod has the UID {}", short(uid))),
        Query::PodNamed { namespace, name, uid: None } => {
            let by_name = |pods| Judged::Pods(Method::Name, Confidence::Possible, pods);
            let living = answer.pods.iter().find(|pod| pod.gone_at.is_none());
            match living.or_else(|| answer.pods.first()) {
                Some(pod) => by_name(vec![pod.clone()]),
                None => Judged::Nothing(format!("no pod {namespace}/{name}")),
            }
        }
        Query::PodsOf { kind, namespace, name, uid } => {
            let fits = uid.is_none() || *uid == answer.workload_uid;
            match (fits, answer.pods.is_empty()) {
                (true, false) if uid.is_some() => Judged::Pods(Method::Uid, Confidence::Possible, pods()),
                (true, false) => Judged::Pods(Method::Name, Confidence::Possible, pods()),
                (false, _) if answer.workload_uid.is_some() => {
                    Judged::Nothing(format!("{kind} {namespace}/{name} is another one, by its UID"))
                }
                (true | false, _) => Judged::Nothing(format!("no pods of {kind} {namespace}/{name}")),
            }
        }
        Query::Container(id) => match &answer.pods[..] {
            [] => Judged::Nothing(format!("no container {}", short(id))),
            [pod] => Judged::Pods(Method::ContainerId, unrepeated(ours), vec![pod.clone()]),
            [..] => Judged::Nothing(format!("several pods with the container {}", short(id))),
        },
        Query::Address(address) => by_address(address, answer, seen, subject, ours),
        Query::Instance(instance) => match answer.nodes.first() {
            Some(node) => Judged::Node(Method::Instance, unrepeated(ours), Box::new(node.clone())),
            None => Judged::Nothing(format!("no node is the instance {instance}")),
        },
        Query::NodeNamed(name) => match answer.nodes.first() {
            Some(node) => Judged::Node(Method::NodeUser, proof(subject, ours), Box::new(node.clone())),
            None => Judged::Nothing(format!("no node {name}")),
        },
        Query::ServiceAccount { namespace, name } => possible(Method::ServiceAccount, pods(), || {
            format!("no pod of service account {namespace}/{name}")
        }),
        Query::Role(name) => possible(Method::Role, pods(), || format!("no pod with the role {name}")),
        Query::Session(name) => possible(Method::Role, pods(), || format!("no pod of the session {name}")),
        Query::Digest(digest) => {
            possible(Method::Digest, pods(), || format!("no pod runs {}", short(digest)))
        }
    }
}

fn of_uid(uid: &str, pods: &[Pod], nothing: impl FnOnce() -> String) -> Judged {
    match pods.iter().find(|pod| pod.uid == uid) {
        Some(pod) => Judged::Pods(Method::Uid, Confidence::Certain, vec![pod.clone()]),
        None => Judged::Nothing(nothing()),
    }
}

/// What is unique, but not by its nature: an id of a container or an instance. Only who knows which cluster is
/// ours, account and all, is sure not to have been told of another's.
fn unrepeated(ours: &Cluster) -> Confidence {
    match &ours.arn {
        Some(_) => Confidence::Certain,
        None => Confidence::Possible,
    }
}

/// Whether what repeats from cluster to cluster, an address or a node's name, is that of ours: the finding
/// names our cluster by its ARN, or our VPC.
fn proof(subject: &Subject, ours: &Cluster) -> Confidence {
    let same = |named: &Option<String>, own: &Option<String>| named.is_some() && named == own;
    let is_ours = same(&subject.cluster_arn, &ours.arn) || same(&subject.vpc, &ours.vpc);
    match is_ours && ours.arn.is_some() {
        true => Confidence::Certain,
        false => Confidence::Possible,
    }
}

fn possible(method: Method, pods: Vec<Pod>, nothing: impl FnOnce() -> String) -> Judged {
    match pods.is_empty() {
        true => Judged::Nothing(nothing()),
        false => Judged::Pods(method, Confidence::Possible, pods),
    }
}

/// An address is worth something only if exactly one pod had it then: the pod was started before the finding
/// last saw it, and had not gone before. It proves nothing: private ranges repeat, 100.64.0.0/10 in nearly
/// every VPC. A finding that names its instance means a pod on that node; else it has to name our cluster or
/// our VPC for more than a hint.
fn by_address(
    address: &str,
    answer: &Answer,
    seen: Option<Timestamp>,
    subject: &Subject,
    ours: &Cluster,
) -> Judged {
    let Answer { pods, nodes, .. } = answer;
    if let (Some(theirs), Some(own)) = (&subject.vpc, &ours.vpc)
        && theirs != own
    {
        return Judged::Nothing(format!("the address {address} is of another VPC, {theirs}"));
    }
    let had_it = |pod: &&Pod| {
        let began = pod.started_at.or(pod.created_at);
        let before = began.zip(seen).is_some_and(|(began, seen)| began <= seen);
        let until = pod.ended_at.or(pod.gone_at);
        let still = until.zip(seen).is_none_or(|(until, seen)| seen <= until);
        !pod.host.network && before && still
    };
    let on_node = |pod: &&Pod| match &subject.instance {
        None => true,
        Some(instance) => nodes
            .iter()
            .any(|node| node.instance.as_ref() == Some(instance) && pod.node.as_ref() == Some(&node.name)),
    };
    let confidence = match &subject.instance {
        Some(_) => unrepeated(ours),
        None => proof(subject, ours),
    };
    let fitting: Vec<_> = pods.iter().filter(had_it).filter(on_node).collect();
    match fitting[..] {
        [pod] => Judged::Pods(Method::Address, confidence, vec![pod.clone()]),
        [] if pods.is_empty() => Judged::Nothing(format!("no pod has the address {address}")),
        [] => Judged::Nothing(format!("no pod is known to have had the address {address} at that time")),
        [..] => Judged::Nothing(format!("several pods had the address {address}")),
    }
}

fn short(id: &str) -> &str {
    id.char_indices().nth(19).map_or(id, |(at, _)| &id[..at])
}
