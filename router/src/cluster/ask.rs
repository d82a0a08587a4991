//! The same questions put to the API server, one by one: by name and by selector where it can select, else by
//! looking through a list.

use kube::api::ListParams;
use tokio::time::Instant;
use watchfire_core::context::{Answer, Gone, Namespace, Neighbour, Node, Pod, Query, Workload, WorkloadKind};

use super::calls::{Calls, Unheard};
use super::index::Found;
use super::keep::Keep;
use super::objects::{
    Account, CronJobs, DaemonSets, Deployments, Jobs, Nodes, Object, Pods, ReplicaSets, Space, StatefulSets,
};
use super::session;

/// Asks until a point in time.
#[derive(Clone, Copy)]
pub(super) struct Ask<'c> {
    pub(super) calls: &'c Calls,
    pub(super) keep: &'c Keep,
    pub(super) until: Instant,
}

impl Ask<'_> {
    /// What the cluster answers to a query. A namespace, where the event names one, narrows what is looked
    /// through.
    pub(super) async fn answer(
        &self,
        query: &Query,
        cluster: &str,
        namespace: Option<&str>,
    ) -> Result<Found, Unheard> {
        Ok(match query {
            Query::PodNamed { namespace, name, uid: _ } => {
                Found::every(self.pod(namespace, name).await?.into_iter().collect())
            }
            Query::PodOfUid(uid) => {
                let is_it = |pod: &Pod| pod.uid == *uid;
                Found::every(self.pods_where(namespace, ListParams::default(), is_it).await?)
            }
            Query::PodsOf { kind, namespace, name, uid: _ } => self.pods_of(kind, namespace, name).await?,
            Query::Container(id) => {
                let has = |pod: &Pod| {
                    let mut ids = pod.containers.iter().flat_map(|one| one.id.iter().chain(&one.previous_id));
                    ids.any(|known| known == id)
                };
                Found::every(self.pods_where(namespace, ListParams::default(), has).await?)
            }
            Query::Address(address) => self.with_address(address).await?,
            Query::Instance(instance) => self.instance(instance).await?,
            Query::NodeNamed(name) => nodes(self.node(name).await?.into_iter().collect()),
            Query::ServiceAccount { namespace, name } => {
                let params = ListParams::default().fields(&format!("spec.serviceAccountName={name}"));
                first(&self.pods_where(Some(namespace), params, |_| true).await?)
            }
            Query::Role(name) => self.with_role(name).await?,
            Query::Session(name) => {
                let Some(begins) = session::pod(name, cluster) else { return Ok(Found::default()) };
                let begin = |pod: &Pod| pod.name.starts_with(begins);
                let pods = self.pods_where(None, ListParams::default(), begin).await?;
                Found::first(session::exact_if_any(pods.iter().collect(), begins))
            }
            Query::Digest(digest) => {
                let runs = |pod: &Pod| {
                    pod.containers.iter().any(|container| container.digest.as_ref() == Some(digest))
                };
                first(&self.pods_where(None, ListParams::default(), runs).await?)
            }
        })
    }

    pub(super) async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>, Unheard> {
        let pod = self.calls.get::<Pods>(namespace, name, self.until).await?;
        Ok(pod.and_then(|pod| pod.into_pod(self.keep)))
    }

    /// What stands in the place of a pod that is gone.
    pub(super) async fn in_place_of(&self, namespace: &str, name: &str, uid: &str) -> Result<Gone, Unheard> {
        let pods = self.pods_where(Some(namespace), ListParams::default(), |_| true).await?;
        Ok(Gone::among(name, uid, None, &pods))
    }

    pub(super) async fn node(&self, name: &str) -> Result<Option<Node>, Unheard> {
        let node = self.calls.get_of_cluster::<Nodes>(name, self.until).await?;
        Ok(node.and_then(Object::into_node))
    }

    pub(super) async fn namespace(&self, name: &str) -> Result<Option<Namespace>, Unheard> {
        let namespace = self.calls.get_of_cluster::<Space>(name, self.until).await?;
        Ok(namespace.and_then(|namespace| namespace.into_namespace(self.keep)))
    }

    /// The role that a service account is annotated with.
    pub(super) async fn role(&self, namespace: &str, account: &str) -> Result<Option<String>, Unheard> {
        let account = self.calls.get::<Account>(namespace, account, self.until).await?;
        Ok(account.and_then(Object::into_role))
    }

    /// A workload by its kind and name; none of a kind that is not the API's own.
    pub(super) async fn workload(
        &self,
        kind: &WorkloadKind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Workload>, Unheard> {
        let Self { calls, keep, until } = *self;
        macro_rules! get {
            ($kind:ty) => {{
                let object = calls.get::<$kind>(namespace, name, until).await?;
                object.and_then(|object| object.into_workload(keep))
            }};
        }
        Ok(match kind {
            WorkloadKind::ReplicaSet => get!(ReplicaSets),
            WorkloadKind::Deployment => get!(Deployments),
            WorkloadKind::StatefulSet => get!(StatefulSets),
            WorkloadKind::DaemonSet => get!(DaemonSets),
            WorkloadKind::Job => get!(Jobs),
            WorkloadKind::CronJob => get!(CronJobs),
            WorkloadKind::Other(_) => None,
        })
    }

    /// The pods on a node, by namespace and name.
    pub(super) async fn on_node(&self, node: &str) -> Result<Vec<Neighbour>, Unheard> {
        let params = ListParams::default().fields(&format!("spec.nodeName={node}"));
        let mut pods: Vec<_> =
            self.pods_where(None, params, |_| true).await?.iter().map(Neighbour::from).collect();
        pods.sort_unstable_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
        Ok(pods)
    }

    async fn pods_of(&self, plural: &str, namespace: &str, name: &str) -> Result<Found, Unheard> {
        let kinds = ["ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];
        let kind = kinds.into_iter().map(WorkloadKind::of).find(|kind| kind.plural() == Some(plural));
        let Some(kind) = kind else { return Ok(Found::default()) };
        let Some(workload) = self.workload(&kind, namespace, name).await? else {
            return Ok(Found::default());
        };
        let mut owners = vec![workload.uid.clone()];
        owners.extend(self.below(&kind, &workload).await?);
        let of_it = |pod: &Pod| pod.owner.as_ref().is_some_and(|owner| owners.contains(&owner.uid));
        let mut found = first(&self.pods_where(Some(namespace), ListParams::default(), of_it).await?);
        found.answer.workload_uid = Some(workload.uid);
        Ok(found)
    }

    /// The UIDs of the workloads that a workload controls.
    async fn below(&self, kind: &WorkloadKind, workload: &Workload) -> Result<Vec<String>, Unheard> {
        let Self { calls, keep, until } = *self;
        let namespace = workload.namespace.as_str();
        let below: Vec<Workload> = match kind {
            WorkloadKind::Deployment => {
                let sets = calls.list::<ReplicaSets>(namespace, ListParams::default(), until).await?;
                sets.into_iter().filter_map(|set| set.into_workload(keep)).collect()
            }
            WorkloadKind::CronJob => {
                let jobs = calls.list::<Jobs>(namespace, ListParams::default(), until).await?;
                jobs.into_iter().filter_map(|job| job.into_workload(keep)).collect()
            }
            WorkloadKind::ReplicaSet
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::Job
            | WorkloadKind::Other(_) => Vec::new(),
        };
        let its =
            below.into_iter().filter(|one| one.owner.as_ref().is_some_and(|owner| owner.uid == workload.uid));
        Ok(its.map(|one| one.uid).collect())
    }

    async fn with_address(&self, address: &str) -> Result<Found, Unheard> {
        let params = ListParams::default().fields(&format!("status.podIP={address}"));
        let own = |pod: &Pod| !pod.host.network && pod.ips.iter().any(|ip| ip == address);
        let mut found = Found::every(self.pods_where(None, params, own).await?);
        for pod in &found.answer.pods {
            if let Some(node) = &pod.node {
                found.answer.nodes.extend(self.node(node).await?);
            }
        }
        found.answer.nodes.sort_by(|one, other| one.name.cmp(&other.name));
        found.answer.nodes.dedup();
        Ok(found)
    }

    async fn instance(&self, instance: &str) -> Result<Found, Unheard> {
        let is_it = |node: &Node| node.instance.as_deref() == Some(instance);
        // In Auto Mode a node is called as its instance.
        if let Some(node) = self.node(instance).await?.filter(is_it) {
            return Ok(nodes(vec![node]));
        }
        let all = self.calls.list_all::<Nodes>(ListParams::default(), self.until).await?;
        Ok(nodes(all.into_iter().filter_map(Object::into_node).filter(is_it).collect()))
    }

    async fn with_role(&self, name: &str) -> Result<Found, Unheard> {
        let accounts = self.calls.list_all::<Account>(ListParams::default(), self.until).await?;
        let accounts = accounts.into_iter().filter_map(|account| {
            let named = account.metadata.namespace.clone().zip(account.metadata.name.clone());
            let role = account.into_role()?;
            named.filter(|_| role.rsplit('/').next() == Some(name))
        });
        let mut pods = Vec::new();
        for (namespace, account) in accounts {
            let params = ListParams::default().fields(&format!("spec.serviceAccountName={account}"));
            pods.extend(self.pods_where(Some(&namespace), params, |_| true).await?);
        }
        Ok(first(&pods))
    }

    async fn pods_where(
        &self,
        namespace: Option<&str>,
        params: ListParams,
        fits: impl Fn(&Pod) -> bool,
    ) -> Result<Vec<Pod>, Unheard> {
        let objects = match namespace {
            Some(namespace) => self.calls.list::<Pods>(namespace, params, self.until).await?,
            None => self.calls.list_all::<Pods>(params, self.until).await?,
        };
        Ok(objects.into_iter().filter_map(|pod| pod.into_pod(self.keep)).filter(fits).collect())
    }
}

fn first(pods: &[Pod]) -> Found {
    Found::first(pods.iter().collect())
}

fn nodes(nodes: Vec<Node>) -> Found {
    Found { answer: Answer { nodes, ..Answer::default() }, count: 0 }
}
