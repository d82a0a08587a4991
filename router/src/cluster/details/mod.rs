//! Everything about the one pod beyond the pod itself: all calls at once, each part known or not by itself.

mod deny;
mod enforcement;
mod events;
mod gitops;
mod owners;
mod scaling;
mod selecting;

use std::sync::Arc;

use kube::core::NamespaceResourceScope;
use watchfire_core::act::QUARANTINE_LABEL;
use watchfire_core::context::{Details, Known, Namespace, Node, Pod, Workload};

use super::Inner;
use super::ask::Ask;
use super::calls::Unheard;
use super::missing::Missing;
use super::objects::{Kind, Object};
use super::shared::Times;

/// What the details are about, and which answers are good.
#[derive(Clone, Copy)]
pub(super) struct About<'c> {
    inner: &'c Inner,
    pod: &'c Pod,
    node: Option<&'c Node>,
    namespace: Option<&'c Namespace>,
    times: Times,
}

impl Inner {
    /// The details of a pod. What could not be had is added to what is missing.
    pub(super) async fn details(
        &self,
        pod: &Pod,
        node: Option<&Node>,
        namespace: Option<&Namespace>,
        times: Times,
        missing: &mut Missing,
    ) -> Details {
        let about = About { inner: self, pod, node, namespace, times };
        let owners = about.owners().await;
        self.details_of(about, owners, missing).await
    }

    /// The details of a workload, by one of its pods.
    pub(super) async fn details_of_workload(
        &self,
        workload: Workload,
        pod: &Pod,
        node: Option<&Node>,
        namespace: Option<&Namespace>,
        times: Times,
        missing: &mut Missing,
    ) -> Details {
        let about = About { inner: self, pod, node, namespace, times };
        let owners = about.owners_from(workload).await;
        self.details_of(about, owners, missing).await
    }

    async fn details_of(
        &self,
        about: About<'_>,
        owners: Result<Vec<Workload>, Unheard>,
        missing: &mut Missing,
    ) -> Details {
        let chain = owners.as_ref().map(Vec::as_slice);
        let (services, policies, admin, enforcement, autoscaler, scaled_object, budgets, events, role) = tokio::join!(
            about.services(),
            about.policies(),
            about.admin_deny(),
            about.enforcement(),
            about.autoscaler(chain),
            about.scaled_object(chain),
            about.budgets(),
            about.events(),
            about.role(),
        );
        let gitops = chain.map(|chain| gitops::kept_by(chain, about.pod)).map_err(Clone::clone);
        if let Err(unheard) = &services {
            let routed = self.index.routed_to(about.pod);
            if !routed.is_empty() {
                let routed = routed.join(", ");
                missing.note(unheard, format!("its endpoint slices say that {routed} lead to it"));
            }
        }
        let deny = policies.as_ref().map_err(Clone::clone).and_then(|policies| {
            let (admin_api, admin) = admin?;
            Ok(watchfire_core::context::Deny { namespaced: policies.deny.clone(), admin, admin_api })
        });
        Details {
            owners: missing.known(owners),
            services: missing.known(services),
            policies: missing.known(policies.map(|policies| policies.others)),
            deny: missing.known(deny),
            enforcement: missing.enforcement(enforcement),
            autoscaler: missing.known(autoscaler),
            scaled_object: missing.known(scaled_object),
            budgets: missing.known(budgets),
            gitops: missing.known(gitops),
            events: missing.known(events),
            role: missing.known(role),
            same_image: self.index.same_image(about.pod),
        }
    }
}

impl<'c> About<'c> {
    fn ask(&self) -> Ask<'c> {
        self.inner.ask(self.times.until)
    }

    /// All objects of its namespace, which findings that come within seconds share.
    async fn list<K>(&self) -> Result<Arc<Vec<Object<K>>>, Unheard>
    where
        K: Kind<Scope = NamespaceResourceScope>,
    {
        let Inner { shared, calls, .. } = self.inner;
        shared.list(calls, &self.pod.namespace, self.times).await
    }

    /// The pod's labels as they are once it is quarantined.
    fn labels_in_quarantine(&self) -> std::collections::BTreeMap<String, String> {
        let mut labels = (*self.pod.labels).clone();
        labels.insert(QUARANTINE_LABEL.to_owned(), "incident".to_owned());
        labels
    }

    /// The IAM role of its service account.
    async fn role(&self) -> Result<Option<String>, Unheard> {
        let (namespace, account) = (&self.pod.namespace, &self.pod.service_account);
        match self.inner.has(&[super::watch::Watched::Accounts]) {
            true => Ok(self.inner.index.role(namespace, account)),
            false => self.ask().role(namespace, account).await,
        }
    }
}

/// All parts are unknown for the same reason.
pub(super) fn unknown(because: &str) -> Details {
    fn part<T>(because: &str) -> Known<T> {
        Known::Unknown(because.to_owned())
    }
    Details {
        owners: part(because),
        services: part(because),
        policies: part(because),
        deny: part(because),
        enforcement: watchfire_core::context::Enforcement::Unknown(because.to_owned()),
        autoscaler: part(because),
        scaled_object: part(because),
        budgets: part(because),
        gitops: part(because),
        events: part(because),
        role: part(because),
        same_image: Vec::new(),
    }
}
