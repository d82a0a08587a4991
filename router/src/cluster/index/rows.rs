//! By which keys pods, nodes and workloads are found.

use jiff::Timestamp;
use watchfire_core::context::{Node, Pod, Workload};

use super::table::Keyed;

pub(super) mod pods {
    pub(in crate::cluster::index) const NAME: usize = 0;
    pub(in crate::cluster::index) const CONTAINER: usize = 1;
    pub(in crate::cluster::index) const ADDRESS: usize = 2;
    pub(in crate::cluster::index) const NODE: usize = 3;
    pub(in crate::cluster::index) const ACCOUNT: usize = 4;
    pub(in crate::cluster::index) const OWNER: usize = 5;
    pub(in crate::cluster::index) const DIGEST: usize = 6;
    pub(in crate::cluster::index) const KEYS: usize = 7;
}

pub(super) mod nodes {
    pub(in crate::cluster::index) const NAME: usize = 0;
    pub(in crate::cluster::index) const INSTANCE: usize = 1;
    pub(in crate::cluster::index) const KEYS: usize = 2;
}

pub(super) mod workloads {
    pub(in crate::cluster::index) const NAME: usize = 0;
    pub(in crate::cluster::index) const OWNER: usize = 1;
    pub(in crate::cluster::index) const KEYS: usize = 2;
}

/// A workload, which is remembered like a pod although its type does not say so.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) workload: Workload,
    gone_at: Option<Timestamp>,
}

impl From<Workload> for Remembered {
    fn from(workload: Workload) -> Self {
        Self { workload, gone_at: None }
    }
}

/// `namespace/name`, as one key.
pub(super) fn full_name(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// `deployments/namespace/name`, as one key.
pub(super) fn workload_name(plural: &str, namespace: &str, name: &str) -> String {
    format!("{plural}/{namespace}/{name}")
}

impl Keyed<{ pods::KEYS }> for Pod {
    fn uid(&self) -> &str {
        &self.uid
    }

    fn each_key(&self, say: &mut dyn FnMut(usize, &str)) {
        say(pods::NAME, &self.full_name());
        say(pods::ACCOUNT, &full_name(&self.namespace, &self.service_account));
        for container in &self.containers {
            for id in container.id.iter().chain(&container.previous_id) {
                say(pods::CONTAINER, id);
            }
            if let Some(digest) = &container.digest {
                say(pods::DIGEST, digest);
            }
        }
        // The address of a pod in the host's network is the node's.
        for ip in self.ips.iter().filter(|_| !self.host.network) {
            say(pods::ADDRESS, ip);
        }
        if let Some(node) = &self.node {
            say(pods::NODE, node);
        }
        if let Some(owner) = &self.owner {
            say(pods::OWNER, &owner.uid);
        }
    }

    fn gone_at(&self) -> Option<Timestamp> {
        self.gone_at
    }

    fn set_gone_at(&mut self, at: Timestamp) {
        self.gone_at = Some(at);
    }
}

impl Keyed<{ nodes::KEYS }> for Node {
    fn uid(&self) -> &str {
        &self.uid
    }

    fn each_key(&self, say: &mut dyn FnMut(usize, &str)) {
        say(nodes::NAME, &self.name);
        if let Some(instance) = &self.instance {
            say(nodes::INSTANCE, instance);
        }
    }

    fn gone_at(&self) -> Option<Timestamp> {
        self.gone_at
    }

    fn set_gone_at(&mut self, at: Timestamp) {
        self.gone_at = Some(at);
    }
}

impl Keyed<{ workloads::KEYS }> for Remembered {
    fn uid(&self) -> &str {
        &self.workload.uid
    }

    fn each_key(&self, say: &mut dyn FnMut(usize, &str)) {
        let Workload { kind, namespace, name, owner, .. } = &self.workload;
        if let Some(plural) = kind.plural() {
            say(workloads::NAME, &workload_name(plural, namespace, name));
        }
        if let Some(owner) = owner {
            say(workloads::OWNER, &owner.uid);
        }
    }

    fn gone_at(&self) -> Option<Timestamp> {
        self.gone_at
    }

    fn set_gone_at(&mut self, at: Timestamp) {
        self.gone_at = Some(at);
    }
}
