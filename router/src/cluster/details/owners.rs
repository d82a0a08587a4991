//! Who controls a pod, and who controls that one.

use watchfire_core::context::{Owner, Workload, WorkloadKind};

use super::About;
use crate::cluster::calls::Unheard;

/// A chain is two or three long; a ring, which nothing forbids, must end.
const MOST: usize = 6;

impl About<'_> {
    /// The pod's controller first.
    pub(super) async fn owners(&self) -> Result<Vec<Workload>, Unheard> {
        self.chain(Vec::new(), self.pod.owner.clone()).await
    }

    /// The workload first.
    pub(super) async fn owners_from(&self, workload: Workload) -> Result<Vec<Workload>, Unheard> {
        let next = workload.owner.clone();
        self.chain(vec![workload], next).await
    }

    async fn chain(
        &self,
        mut chain: Vec<Workload>,
        mut next: Option<Owner>,
    ) -> Result<Vec<Workload>, Unheard> {
        while let Some(owner) = next.filter(|_| chain.len() < MOST) {
            let workload = self.workload(&owner).await?;
            next = workload.owner.clone();
            chain.push(workload);
        }
        Ok(chain)
    }

    async fn workload(&self, owner: &Owner) -> Result<Workload, Unheard> {
        let kind = kind_of(owner);
        // Asked, not looked up: how many of its pods are ready decides whether one of them may be contained.
        let asked = self.ask().workload(&kind, &self.pod.namespace, &owner.name).await;
        let found = match asked {
            Ok(found) => found,
            Err(unheard) => Some(self.inner.index.workload(&owner.uid).ok_or(unheard)?),
        };
        // Gone, made anew under its name, or a kind of an operator's: it has that name and UID, no more.
        Ok(found.filter(|found| found.uid == owner.uid).unwrap_or_else(|| Workload {
            kind,
            namespace: self.pod.namespace.clone(),
            name: owner.name.clone(),
            uid: owner.uid.clone(),
            replicas: None,
            ready: 0,
            selector: None,
            suspended: None,
            labels: std::collections::BTreeMap::new(),
            annotations: std::collections::BTreeMap::new(),
            owner: None,
            progress: None,
        }))
    }
}

/// An operator may call a kind of its own Deployment, too.
fn kind_of(owner: &Owner) -> WorkloadKind {
    let kind = WorkloadKind::of(&owner.kind);
    let group = match &kind {
        WorkloadKind::ReplicaSet
        | WorkloadKind::Deployment
        | WorkloadKind::StatefulSet
        | WorkloadKind::DaemonSet => "apps/",
        WorkloadKind::Job | WorkloadKind::CronJob => "batch/",
        WorkloadKind::Other(_) => return kind,
    };
    if owner.api_version.starts_with(group) { kind } else { WorkloadKind::Other(owner.kind.clone()) }
}
