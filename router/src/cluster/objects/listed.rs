//! What only the watch of the cluster lists: quotas, what says whether it is ready, what nodes use.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::ObjectMeta;
use serde::Deserialize;
use serde::de::IgnoredAny;
use watchfire_core::survey::{Quota, Readied, Readiness, Usage, Used, quantity};
use watchfire_core::text::clean;

use super::node::Resources;
use super::pod::Condition;
use super::scaling::Scaled;
use super::{Kind, Object, metadata, null_is_default};

/// Longer words of a controller are cut.
const LONGEST: usize = 300;
/// By which annotations KEDA leaves a ScaledObject alone.
const PAUSED: [&str; 2] = ["autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"];

/// A ResourceQuota.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Quotas;

impl Kind for Quotas {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ResourceQuota";
    const PLURAL: &'static str = "resourcequotas";
    type Scope = NamespaceResourceScope;
    type Spec = IgnoredAny;
    type Status = QuotaStatus;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct QuotaStatus {
    #[serde(deserialize_with = "null_is_default")]
    hard: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_default")]
    used: BTreeMap<String, String>,
}

/// What says of itself whether it is ready.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Conditions {
    #[serde(deserialize_with = "null_is_default")]
    conditions: Vec<Condition>,
}

macro_rules! readied {
    ($($(#[$doc:meta])* $marker:ident $group:literal $version:literal $kind:literal $plural:literal)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(in crate::cluster) struct $marker;

        impl Kind for $marker {
            const GROUP: &'static str = $group;
            const VERSION: &'static str = $version;
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;
            type Scope = NamespaceResourceScope;
            type Spec = IgnoredAny;
            type Status = Conditions;
        }
    )*};
}

readied! {
    /// An ExternalSecret.
    ExternalSecrets "external-secrets.io" "v1" "ExternalSecret" "externalsecrets"
    /// The same, as it was before it was version 1.
    ExternalSecretsBeta "external-secrets.io" "v1beta1" "ExternalSecret" "externalsecrets"
    /// A Certificate of cert-manager.
    Certificates "cert-manager.io" "v1" "Certificate" "certificates"
}

impl Object<Quotas> {
    /// As it is watched. An object without a name, namespace or UID is none.
    pub(in crate::cluster) fn into_quota(self) -> Option<Quota> {
        let Object { metadata, spec: _, status: QuotaStatus { hard, mut used } } = self;
        let limit = |(resource, hard): (String, String)| {
            let (used, hard) = (quantity(&used.remove(&resource)?)?, quantity(&hard)?);
            Some(Used { resource, used, hard })
        };
        let used = hard.into_iter().filter_map(limit).collect();
        Some(Quota { namespace: metadata.namespace?, name: metadata.name?, uid: metadata.uid?, used })
    }
}

impl Object<ExternalSecrets> {
    pub(in crate::cluster) fn into_readiness(self) -> Option<Readiness> {
        read(Readied::ExternalSecret, self.metadata, &self.status)
    }
}

impl Object<ExternalSecretsBeta> {
    pub(in crate::cluster) fn into_readiness(self) -> Option<Readiness> {
        read(Readied::ExternalSecret, self.metadata, &self.status)
    }
}

impl Object<Certificates> {
    pub(in crate::cluster) fn into_readiness(self) -> Option<Readiness> {
        read(Readied::Certificate, self.metadata, &self.status)
    }
}

impl Object<Scaled> {
    pub(in crate::cluster) fn into_readiness(self) -> Option<Readiness> {
        read(Readied::ScaledObject, self.metadata, &self.status)
    }
}

/// An object without a name, namespace or UID is none.
fn read(of: Readied, metadata: ObjectMeta, status: &Conditions) -> Option<Readiness> {
    let ready = status.conditions.iter().find(|condition| condition.kind == "Ready");
    let message = ready.and_then(|ready| ready.message.as_deref().or(ready.reason.as_deref()));
    let annotations = metadata.annotations.unwrap_or_default();
    Some(Readiness {
        of,
        namespace: metadata.namespace?,
        name: metadata.name?,
        uid: metadata.uid?,
        ready: ready.and_then(|ready| match ready.status.as_str() {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        }),
        message: clean(message.unwrap_or_default(), LONGEST),
        since: ready.and_then(Condition::since),
        is_paused: PAUSED.iter().any(|name| annotations.contains_key(*name)),
    })
}

/// What the pods of a node use, by the metrics server.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct NodeUsage {
    #[serde(default, deserialize_with = "metadata")]
    metadata: ObjectMeta,
    #[serde(default)]
    usage: Resources,
}

impl NodeUsage {
    /// None where it does not say whose, or how much.
    pub(in crate::cluster) fn into_usage(self) -> Option<Usage> {
        Some(Usage { node: self.metadata.name?, used: self.usage.room()? })
    }
}

impl kube::Resource for NodeUsage {
    type DynamicType = ();
    type Scope = ClusterResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "NodeMetrics".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "metrics.k8s.io".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1beta1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "nodes".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};
    use watchfire_core::context::Room;

    use super::*;
    use crate::cluster::objects::{Budget, Hpa};
    use watchfire_core::survey::{Guarded, Scaler};

    fn of<T: serde::de::DeserializeOwned>(spec: Value, status: Value, metadata: Value) -> T {
        let mut all = json!({"namespace": "shop", "name": "pay", "uid": "u1"});
        all.as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        serde_json::from_value(json!({"metadata": all, "spec": spec, "status": status})).unwrap()
    }

    #[test]
    fn each_list_is_cut_down_to_what_is_looked_at() {
        let quota: Object<Quotas> = of(
            json!({"hard": {"pods": "10"}}),
            json!({"hard": {"pods": "10", "requests.cpu": "4"}, "used": {"pods": "3", "requests.cpu": "3900m"}}),
            json!({}),
        );
        let used = |resource: &str, used, hard| Used { resource: resource.into(), used, hard };
        let expected = Quota {
            namespace: "shop".into(),
            name: "pay".into(),
            uid: "u1".into(),
            used: vec![used("pods", 3.0, 10.0), used("requests.cpu", 3.9, 4.0)],
        };
        assert_eq!(quota.into_quota(), Some(expected));
        let ready = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError",
            "message": "could not get secret", "lastTransitionTime": "2026-11-25T10:00:00Z"}]});
        let secret: Object<ExternalSecrets> = of(json!({}), ready.clone(), json!({}));
        let expected = Readiness {
            of: Readied::ExternalSecret,
            namespace: "shop".into(),
            name: "pay".into(),
            uid: "u1".into(),
            ready: Some(false),
            message: "could not get secret".into(),
            since: Some("2026-11-25T10:00:00Z".parse().unwrap()),
            is_paused: false,
        };
        assert_eq!(secret.into_readiness(), Some(expected.clone()));
        let paused = json!({"annotations": {"autoscaling.keda.sh/paused-replicas": "0"}});
        let scaled: Object<Scaled> = of(json!({}), ready, paused);
        let expected = Readiness { of: Readied::ScaledObject, is_paused: true, ..expected };
        assert_eq!(scaled.into_readiness(), Some(expected));
        let usage = json!({"metadata": {"name": "n1"}, "timestamp": "x", "usage": {"cpu": "156340125n", "memory": "1024Ki"}});
        let usage: NodeUsage = serde_json::from_value(usage).unwrap();
        let used = Room { cpu_millis: 156, memory: 1_048_576 };
        assert_eq!(usage.into_usage(), Some(Usage { node: "n1".into(), used }));
    }

    #[test]
    fn an_autoscaler_and_a_budget_tell_what_holds_them_back() {
        let limited = json!({"currentReplicas": 10, "conditions": [{"type": "ScalingLimited", "status": "True",
            "reason": "TooManyReplicas", "lastTransitionTime": "2026-11-25T10:00:00Z"}]});
        let owner = json!({"ownerReferences": [{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "name": "queue", "uid": "k1", "controller": true}]});
        let hpa: Object<Hpa> = of(json!({"minReplicas": 2, "maxReplicas": 10}), limited, owner);
        let expected = Scaler {
            namespace: "shop".into(),
            name: "pay".into(),
            uid: "u1".into(),
            keda: Some(("queue".into(), "k1".into())),
            current: 10,
            most: 10,
            least: 2,
            held_back: Some(Some("2026-11-25T10:00:00Z".parse().unwrap())),
        };
        assert_eq!(hpa.into_scaler(), Some(expected));
        let status =
            json!({"disruptionsAllowed": 0, "expectedPods": 3, "currentHealthy": 1, "desiredHealthy": 2});
        let budget: Object<Budget> = of(json!({}), status, json!({}));
        let expected = Guarded {
            namespace: "shop".into(),
            name: "pay".into(),
            uid: "u1".into(),
            allowed: 0,
            expected: 3,
            healthy: 1,
            desired: 2,
        };
        assert_eq!(budget.into_guarded(), Some(expected));
    }
}
