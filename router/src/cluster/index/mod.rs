//! What the cluster was last seen to hold, found by anything that a finding may say.
//!
//! A reader takes a lock for microseconds and never across an await; a list that begins anew replaces rows
//! one by one, so that a reader never finds the index empty.

mod answer;
mod rows;
mod table;
#[cfg(test)]
mod tests;

pub use answer::Found;
pub use table::{MOST_REMEMBERED, REMEMBERED};

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use watchfire_core::context::{Namespace, Node, Pod, Workload};

use crate::clock::Clock;
use rows::{Remembered, nodes, pods, workloads};
use table::Table;

/// The index.
#[derive(Debug)]
pub struct Index {
    clock: Clock,
    pods: RwLock<Table<Pod, { pods::KEYS }>>,
    nodes: RwLock<Table<Node, { nodes::KEYS }>>,
    workloads: RwLock<Table<Remembered, { workloads::KEYS }>>,
    namespaces: RwLock<HashMap<String, (String, Namespace)>>,
    /// By UID: `namespace/name` and the role.
    roles: RwLock<HashMap<String, (String, String)>>,
    /// By UID of their slices.
    routes: RwLock<HashMap<String, Route>>,
}

/// A Service as `namespace/name`, and its pods' UIDs.
type Route = (String, Vec<Box<str>>);

impl Index {
    /// An empty index that remembers what is gone by this clock.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            pods: RwLock::new(Table::new()),
            nodes: RwLock::new(Table::new()),
            workloads: RwLock::new(Table::new()),
            namespaces: RwLock::default(),
            roles: RwLock::default(),
            routes: RwLock::default(),
        }
    }

    /// A pod as it is now.
    pub fn put_pod(&self, mut pod: Pod) {
        let now = self.clock.now();
        let mut pods = write(&self.pods);
        // The pods of one controller have the same labels, and hold them together.
        let owner = pod.owner.as_ref().map(|owner| &owner.uid);
        let sibling = owner.and_then(|owner| pods.of_key(pods::OWNER, owner, now).next());
        if let Some(labels) = sibling.map(|sibling| sibling.labels.clone()).filter(|own| *own == pod.labels) {
            pod.labels = labels;
        }
        pods.put(pod, now);
    }

    /// The pod of that UID is gone.
    pub fn pod_gone(&self, uid: &str) {
        write(&self.pods).gone(uid, self.clock.now());
    }

    /// These are all pods that there are.
    pub fn only_pods(&self, uids: &HashSet<String>) {
        write(&self.pods).only(uids, self.clock.now());
    }

    /// How many pods there are.
    pub fn pods(&self) -> usize {
        read(&self.pods).living()
    }

    /// A node as it is now.
    pub fn put_node(&self, node: Node) {
        write(&self.nodes).put(node, self.clock.now());
    }

    /// The node of that UID is gone.
    pub fn node_gone(&self, uid: &str) {
        write(&self.nodes).gone(uid, self.clock.now());
    }

    /// These are all nodes that there are.
    pub fn only_nodes(&self, uids: &HashSet<String>) {
        write(&self.nodes).only(uids, self.clock.now());
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        read(&self.nodes).living()
    }

    /// A workload as it is now.
    pub fn put_workload(&self, workload: Workload) {
        write(&self.workloads).put(workload.into(), self.clock.now());
    }

    /// The workload of that UID is gone.
    pub fn workload_gone(&self, uid: &str) {
        write(&self.workloads).gone(uid, self.clock.now());
    }

    /// How many workloads there are.
    pub fn workloads(&self) -> usize {
        read(&self.workloads).living()
    }

    /// A namespace as it is now.
    pub fn put_namespace(&self, uid: &str, namespace: Namespace) {
        write(&self.namespaces).insert(namespace.name.clone(), (uid.to_owned(), namespace));
    }

    /// The role of the service account of that UID, `namespace/name`; none where it has none.
    pub fn put_role(&self, uid: &str, account: String, role: Option<String>) {
        let mut roles = write(&self.roles);
        match role {
            Some(role) => roles.insert(uid.to_owned(), (account, role)),
            None => roles.remove(uid),
        };
    }

    /// The Service, `namespace/name`, that the slice of that UID belongs to, and its pods' UIDs.
    pub fn put_route(&self, uid: &str, service: String, pods: Vec<Box<str>>) {
        write(&self.routes).insert(uid.to_owned(), (service, pods));
    }

    pub(super) fn namespace_gone(&self, uid: &str) {
        write(&self.namespaces).retain(|_, (of, _)| of != uid);
    }

    pub(super) fn only_namespaces(&self, uids: &HashSet<String>) {
        write(&self.namespaces).retain(|_, (uid, _)| uids.contains(uid));
    }

    pub(super) fn role_gone(&self, uid: &str) {
        write(&self.roles).remove(uid);
    }

    pub(super) fn only_roles(&self, uids: &HashSet<String>) {
        write(&self.roles).retain(|uid, _| uids.contains(uid));
    }

    pub(super) fn route_gone(&self, uid: &str) {
        write(&self.routes).remove(uid);
    }

    pub(super) fn only_routes(&self, uids: &HashSet<String>) {
        write(&self.routes).retain(|uid, _| uids.contains(uid));
    }

    /// The UIDs of all workloads of that kind: each kind has a list of its own.
    pub(super) fn only_workloads(&self, kind: &str, uids: &HashSet<String>) {
        let now = self.clock.now();
        let mut workloads = write(&self.workloads);
        let all = workloads.all(now).map(|row| &row.workload);
        let missing: Vec<_> = all
            .filter(|workload| workload.kind.as_str() == kind && !uids.contains(&workload.uid))
            .map(|workload| workload.uid.clone())
            .collect();
        for uid in missing {
            workloads.gone(&uid, now);
        }
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
