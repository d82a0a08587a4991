//! What selects a pod: Services, network policies, PodDisruptionBudgets.

use kube::api::ListParams;
use watchfire_core::act::{DENY_POLICY, QUARANTINE_LABEL};
use watchfire_core::context::{Budget, Selecting, Selector};

use super::About;
use crate::cluster::calls::Unheard;
use crate::cluster::objects::{Budget as BudgetKind, NetworkPolicy, Object, Service, count};

/// The network policies of a pod's namespace.
pub(super) struct Policies {
    /// Those that select the pod as it is, but for those that are there to quarantine.
    pub(super) others: Vec<Selecting>,
    /// The one that denies everything to and from a pod with the quarantine label.
    pub(super) deny: Option<String>,
}

impl About<'_> {
    pub(super) async fn services(&self) -> Result<Vec<Selecting>, Unheard> {
        let services = self.list::<Service>().await?;
        let selecting = services.iter().filter_map(|service| {
            // A Service without a selector selects nothing: its endpoints are someone else's work.
            let labels = service.spec.selector.as_ref().filter(|labels| !labels.is_empty())?;
            let selector = Selector::equal(labels);
            let name = service.metadata.name.clone()?;
            selector.selects(&self.pod.labels).then_some(Selecting { name, selector, allows: true })
        });
        Ok(selecting.collect())
    }

    pub(super) async fn policies(&self) -> Result<Policies, Unheard> {
        // Not shared: what was installed a moment ago is not to be planned again.
        let (namespace, params) = (&self.pod.namespace, ListParams::default());
        let found = self.inner.calls.list::<NetworkPolicy>(namespace, params, self.times.until).await?;
        let mut policies = Policies { others: Vec::new(), deny: None };
        for policy in found {
            let denies = denies_everything(&policy);
            // What has no rules lets nothing through, whatever it is for.
            let allows = !policy.spec.ingress.is_empty() || !policy.spec.egress.is_empty();
            let Some(name) = policy.metadata.name else { continue };
            let selector = Selector::from(policy.spec.pod_selector);
            if selector.positive_keys().any(|key| key == QUARANTINE_LABEL) {
                if name == DENY_POLICY && denies && selector.selects(&self.labels_in_quarantine()) {
                    policies.deny = Some(name);
                }
            } else if selector.selects(&self.pod.labels) {
                policies.others.push(Selecting { name, selector, allows });
            }
        }
        Ok(policies)
    }

    pub(super) async fn budgets(&self) -> Result<Vec<Budget>, Unheard> {
        let found = self.list::<BudgetKind>().await?;
        let selecting = found.iter().filter_map(|budget| {
            let selector = Selector::from(budget.spec.selector.clone()?);
            let allowed = count(budget.status.disruptions_allowed).unwrap_or_default();
            let name = budget.metadata.name.clone()?;
            selector.selects(&self.pod.labels).then_some(Budget { name, allowed })
        });
        Ok(selecting.collect())
    }
}

/// Both directions, and nothing let through. Without types given it is for ingress alone.
fn denies_everything(policy: &Object<NetworkPolicy>) -> bool {
    let spec = &policy.spec;
    let is_for = |direction: &str| spec.policy_types.iter().any(|one| one == direction);
    is_for("Ingress") && is_for("Egress") && spec.ingress.is_empty() && spec.egress.is_empty()
}
