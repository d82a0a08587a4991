//! The policy of the admin tier that cuts off a pod with the quarantine label, of whichever kind the API server
//! has.

use std::collections::BTreeMap;

use kube::api::ListParams;
use watchfire_core::act::QUARANTINE_LABEL;
use watchfire_core::context::{AdminApi, Selector};

use super::About;
use crate::cluster::calls::Unheard;
use crate::cluster::objects::admin::{
    AdminNetworkPolicies, AwsClusterNetworkPolicies, ClusterNetworkPolicies,
};
use crate::cluster::objects::{AdminPolicy, Object, Rule};

const AWS: &str = "networking.k8s.aws/v1alpha1";
const UPSTREAM_OLD: &str = "policy.networking.k8s.io/v1alpha1";
const UPSTREAM: &str = "policy.networking.k8s.io/v1alpha2";

impl About<'_> {
    /// The kind of policies that there is, and the name of the one that cuts the pod off.
    pub(super) async fn admin_deny(&self) -> Result<(Option<AdminApi>, Option<String>), Unheard> {
        let (discovery, calls) = (&self.inner.discovery, &self.inner.calls);
        Ok(if discovery.has(calls, AWS, "clusternetworkpolicies", self.times.until).await? {
            let name = self.cuts_off::<AwsClusterNetworkPolicies>().await?;
            (Some(AdminApi::AwsClusterNetworkPolicy), name)
        } else if discovery.has(calls, UPSTREAM, "clusternetworkpolicies", self.times.until).await? {
            let name = self.cuts_off::<ClusterNetworkPolicies>().await?;
            (Some(AdminApi::ClusterNetworkPolicy), name)
        } else if discovery.has(calls, UPSTREAM_OLD, "adminnetworkpolicies", self.times.until).await? {
            let name = self.cuts_off::<AdminNetworkPolicies>().await?;
            (Some(AdminApi::AdminNetworkPolicy), name)
        } else {
            (None, None)
        })
    }

    async fn cuts_off<K: AdminPolicy>(&self) -> Result<Option<String>, Unheard> {
        let policies = self.inner.calls.list_all::<K>(ListParams::default(), self.times.until).await?;
        let quarantined = self.labels_in_quarantine();
        let namespace = self.namespace.map(|namespace| &namespace.labels);
        let cutting = policies.into_iter().find(|policy| cuts_off(policy, &quarantined, namespace));
        Ok(cutting.and_then(|policy| policy.metadata.name))
    }
}

/// Whether it selects by the quarantine label, in the pod's namespace, and denies in both directions.
fn cuts_off<K: AdminPolicy>(
    policy: &Object<K>,
    quarantined: &BTreeMap<String, String>,
    namespace: Option<&BTreeMap<String, String>>,
) -> bool {
    let spec = &policy.spec;
    // What the tier Baseline denies, a namespace may allow again.
    let is_above = spec.tier.as_deref().is_none_or(|tier| tier == "Admin");
    let denies = |rules: &[Rule]| rules.iter().any(|rule| rule.action == "Deny");
    let selects = spec.subject.pods.as_ref().is_some_and(|subject| {
        let pods = Selector::from(subject.pod_selector.clone());
        let namespaces = Selector::from(subject.namespace_selector.clone());
        let in_namespace =
            namespaces.0.is_empty() || namespace.is_some_and(|labels| namespaces.selects(labels));
        pods.positive_keys().any(|key| key == QUARANTINE_LABEL) && pods.selects(quarantined) && in_namespace
    });
    is_above && selects && denies(&spec.ingress) && denies(&spec.egress)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn judged(tier: &str, subject: &str, ingress: &str, egress: &str) -> bool {
        let text = format!(
            r#"{{"metadata": {{"name": "q"}}, "spec": {{"tier": {tier}, "subject": {subject},
                "ingress": {ingress}, "egress": {egress}}}}}"#
        );
        let policy: Object<AwsClusterNetworkPolicies> = serde_json::from_str(&text).unwrap();
        let labels = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        cuts_off(&policy, &labels(QUARANTINE_LABEL, "i1"), Some(&labels("env", "prod")))
    }

    #[test]
    fn only_a_policy_of_the_admin_tier_that_denies_both_ways_cuts_off() {
        let deny = r#"[{"action": "Deny"}]"#;
        let label = r#"{"matchExpressions": [{"key": "watchfire.dev/quarantine", "operator": "Exists"}]}"#;
        let subject = |namespaces: &str| {
            format!(r#"{{"pods": {{"namespaceSelector": {namespaces}, "podSelector": {label}}}}}"#)
        };
        let everywhere = subject("{}");
        let cases = [
            ("\"Admin\"", everywhere.clone(), deny, deny, true),
            ("null", everywhere.clone(), deny, deny, true),
            ("\"Baseline\"", everywhere.clone(), deny, deny, false),
            ("\"Admin\"", everywhere.clone(), "[]", deny, false),
            ("\"Admin\"", everywhere, deny, r#"[{"action": "Pass"}]"#, false),
            ("\"Admin\"", subject(r#"{"matchLabels": {"env": "prod"}}"#), deny, deny, true),
            ("\"Admin\"", subject(r#"{"matchLabels": {"env": "test"}}"#), deny, deny, false),
            ("\"Admin\"", r#"{"namespaces": {}}"#.to_owned(), deny, deny, false),
            ("\"Admin\"", r#"{"pods": {"podSelector": {}}}"#.to_owned(), deny, deny, false),
        ];
        for (tier, subject, ingress, egress, expected) in cases {
            assert_eq!(
                judged(tier, &subject, ingress, egress),
                expected,
                "{tier} {subject} {ingress} {egress}"
            );
        }
    }
}
