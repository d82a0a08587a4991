//! What the index answers.

use watchfire_core::context::{Answer, Context, Gone, Namespace, Neighbour, Node, Pod, Query, Workload};

use super::rows::{full_name, nodes, pods, workload_name, workloads};
use super::table::Keyed as _;
use super::{Index, read};
use crate::cluster::session;

/// So many pods of one image are looked at for examples of it: each event is told some, and nobody is told all.
const ENOUGH: usize = 1_000;

/// An answer, and how many pods there are. Where any number may fit, only as many as are shown are copied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The pods by namespace and name, the nodes.
    pub answer: Answer,
    /// How many pods fit.
    pub count: usize,
}

impl Found {
    /// All of them matter.
    pub(in crate::cluster) fn every(mut pods: Vec<Pod>) -> Self {
        pods.sort_by(|one, other| key(one).cmp(&key(other)));
        let count = pods.len();
        Found { answer: Answer { pods, ..Answer::default() }, count }
    }

    /// The first of any number; those that are there before those that are gone.
    pub(in crate::cluster) fn first(mut pods: Vec<&Pod>) -> Self {
        let count = pods.len();
        // A side-car's image is in every pod: sorting them all would take longer than anything else.
        if count > Context::MOST_PODS {
            pods.select_nth_unstable_by(Context::MOST_PODS, |one, other| key(one).cmp(&key(other)));
            pods.truncate(Context::MOST_PODS);
        }
        pods.sort_by(|one, other| key(one).cmp(&key(other)));
        let pods = pods.into_iter().cloned().collect();
        Found { answer: Answer { pods, ..Answer::default() }, count }
    }
}

/// Those that are there first, then by name, the younger first.
fn key(pod: &Pod) -> impl Ord + '_ {
    (pod.gone_at.is_some(), &pod.namespace, &pod.name, std::cmp::Reverse(pod.created_at), &pod.uid)
}

impl Index {
    /// What the cluster answers to a query, by what was last seen. `cluster` is our cluster's name.
    pub fn answer(&self, query: &Query, cluster: &str) -> Found {
        let now = self.clock.now();
        let table = read(&self.pods);
        let by = |map, key: &str| table.of_key(map, key, now);
        match query {
            Query::PodNamed { namespace, name, uid } => {
                let of_uid = uid.as_deref().and_then(|uid| table.of_uid(uid, now));
                let named = by(pods::NAME, &full_name(namespace, name));
                let others = named.filter(|pod| Some(&pod.uid) != uid.as_ref());
                Found::every(of_uid.into_iter().chain(others).cloned().collect())
            }
            Query::PodOfUid(uid) => Found::every(table.of_uid(uid, now).into_iter().cloned().collect()),
            Query::PodsOf { kind, namespace, name, uid } => {
                drop(table);
                self.pods_of(kind, namespace, name, uid.as_deref())
            }
            Query::Container(id) => Found::every(by(pods::CONTAINER, id).cloned().collect()),
            Query::Address(address) => {
                let mut found = Found::every(by(pods::ADDRESS, address).cloned().collect());
                let nodes = read(&self.nodes);
                let of_pods = found.answer.pods.iter().filter_map(|pod| pod.node.as_ref());
                let of_pods = of_pods.flat_map(|node| nodes.of_key(nodes::NAME, node, now));
                found.answer.nodes = of_pods.cloned().collect();
                found.answer.nodes.sort_by(|one, other| one.name.cmp(&other.name));
                found.answer.nodes.dedup();
                found
            }
            Query::Instance(instance) => self.node_of(nodes::INSTANCE, instance),
            Query::NodeNamed(name) => self.node_of(nodes::NAME, name),
            Query::ServiceAccount { namespace, name } => {
                Found::first(by(pods::ACCOUNT, &full_name(namespace, name)).collect())
            }
            Query::Role(name) => {
                let roles = read(&self.roles);
                let is_it = |role: &str| role.rsplit('/').next() == Some(name);
                let accounts = roles.values().filter(|(_, role)| is_it(role));
                Found::first(accounts.flat_map(|(account, _)| by(pods::ACCOUNT, account)).collect())
            }
            Query::Session(name) => {
                let Some(begins) = session::pod(name, cluster) else { return Found::default() };
                let all = table.all(now).filter(|pod| pod.name.starts_with(begins));
                Found::first(session::exact_if_any(all.collect(), begins))
            }
            Query::Digest(digest) => Found::first(by(pods::DIGEST, digest).collect()),
        }
    }

    /// The pod of that UID.
    pub fn pod(&self, uid: &str) -> Option<Pod> {
        read(&self.pods).of_uid(uid, self.clock.now()).cloned()
    }

    /// The node of that name; one that is there before one that is gone.
    pub fn node(&self, name: &str) -> Option<Node> {
        self.node_of(nodes::NAME, name).answer.nodes.into_iter().next()
    }

    /// What stands in the place of a pod that is gone.
    pub fn in_place_of(&self, namespace: &str, name: &str, uid: &str) -> Gone {
        let (table, now) = (read(&self.pods), self.clock.now());
        let pods = table.all(now).filter(|pod| pod.namespace == namespace);
        Gone::among(name, uid, table.of_uid(uid, now), pods)
    }

    /// The pods on a node that are there, by namespace and name.
    pub fn on_node(&self, name: &str) -> Vec<Neighbour> {
        let table = read(&self.pods);
        let there = table.of_key(pods::NODE, name, self.clock.now()).filter(|pod| pod.gone_at.is_none());
        let mut pods: Vec<_> = there.map(Neighbour::from).collect();
        pods.sort_unstable_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
        pods
    }

    /// Other running pods with one of the pod's images, as `namespace/name`: those of its rarest image first,
    /// because a side-car's is in every pod, and of that any will do. At most [`Context::MOST_PODS`].
    pub fn same_image(&self, pod: &Pod) -> Vec<String> {
        let now = self.clock.now();
        let table = read(&self.pods);
        let is_other =
            |other: &&Pod| other.gone_at.is_none() && other.phase == "Running" && other.uid != pod.uid;
        let digests = pod.containers.iter().filter_map(|container| container.digest.as_deref());
        let mut images: Vec<Vec<&Pod>> = digests
            .map(|digest| table.of_key(pods::DIGEST, digest, now).filter(is_other).take(ENOUGH).collect())
            .collect();
        images.sort_by_key(Vec::len);
        let mut names = Vec::new();
        for image in images {
            let mut of_image: Vec<_> = Found::first(image).answer.pods.iter().map(Pod::full_name).collect();
            of_image.retain(|name| !names.contains(name));
            names.extend(of_image);
        }
        names.truncate(Context::MOST_PODS);
        names
    }

    /// Shows each pod that is there.
    pub(in crate::cluster) fn each_pod(&self, mut show: impl FnMut(&Pod)) {
        let table = read(&self.pods);
        table.all(self.clock.now()).filter(|pod| pod.gone_at.is_none()).for_each(&mut show);
    }

    /// Shows all nodes that are there.
    pub(in crate::cluster) fn with_nodes<T>(&self, show: impl FnOnce(&[&Node]) -> T) -> T {
        let table = read(&self.nodes);
        let there: Vec<_> = table.all(self.clock.now()).filter(|node| node.gone_at.is_none()).collect();
        show(&there)
    }

    /// Shows all workloads that are there.
    pub(in crate::cluster) fn with_workloads<T>(
        &self,
        show: impl FnOnce(&mut dyn Iterator<Item = &Workload>) -> T,
    ) -> T {
        let table = read(&self.workloads);
        let there = table.all(self.clock.now()).filter(|row| row.gone_at().is_none());
        show(&mut there.map(|row| &row.workload))
    }

    /// The workload of that UID and those above it, the nearest first.
    pub(in crate::cluster) fn owners(&self, uid: &str) -> Vec<Workload> {
        const MOST: usize = 4;
        let mut owners: Vec<Workload> = Vec::new();
        let mut next = Some(uid.to_owned());
        while let Some(uid) = next.filter(|_| owners.len() < MOST) {
            let Some(owner) = self.workload(&uid) else { break };
            next = owner.owner.as_ref().map(|owner| owner.uid.clone());
            owners.push(owner);
        }
        owners
    }

    /// The workload of that UID.
    pub fn workload(&self, uid: &str) -> Option<Workload> {
        read(&self.workloads).of_uid(uid, self.clock.now()).map(|row| row.workload.clone())
    }

    /// The namespace of that name.
    pub fn namespace(&self, name: &str) -> Option<Namespace> {
        read(&self.namespaces).get(name).map(|(_, namespace)| namespace.clone())
    }

    /// The ARN of the role that a service account is annotated with.
    pub fn role(&self, namespace: &str, account: &str) -> Option<String> {
        let account = full_name(namespace, account);
        let roles = read(&self.roles);
        roles.values().find(|(of, _)| *of == account).map(|(_, role)| role.clone())
    }

    /// The Services whose endpoint slices list a pod, by name.
    pub fn routed_to(&self, pod: &Pod) -> Vec<String> {
        let routes = read(&self.routes);
        let of_pod = routes.values().filter(|(_, pods)| pods.iter().any(|uid| **uid == *pod.uid));
        let mut services: Vec<_> = of_pod.map(|(service, _)| service.clone()).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    fn node_of(&self, map: usize, key: &str) -> Found {
        let table = read(&self.nodes);
        let mut nodes: Vec<_> = table.of_key(map, key, self.clock.now()).cloned().collect();
        nodes.sort_by_key(|node| (node.gone_at.is_some(), std::cmp::Reverse(node.created_at)));
        Found { answer: Answer { nodes, ..Answer::default() }, count: 0 }
    }

    /// The pods that a workload controls, by itself or through what it controls.
    fn pods_of(&self, kind: &str, namespace: &str, name: &str, uid: Option<&str>) -> Found {
        let now = self.clock.now();
        let table = read(&self.workloads);
        let key = workload_name(kind, namespace, name);
        let mut named: Vec<_> = table.of_key(workloads::NAME, &key, now).map(|row| &row.workload).collect();
        // The one that is meant, else the one that is there.
        named.sort_by_key(|workload| uid != Some(&workload.uid));
        let Some(workload) = named.first() else { return Found::default() };
        let below = table.of_key(workloads::OWNER, &workload.uid, now).map(|row| row.workload.uid.as_str());
        let owners: Vec<_> = std::iter::once(workload.uid.as_str()).chain(below).collect();
        let pods = read(&self.pods);
        let of_it = owners.iter().flat_map(|owner| pods.of_key(pods::OWNER, owner, now));
        let mut found = Found::first(of_it.collect());
        found.answer.workload_uid = Some(workload.uid.clone());
        found
    }
}
