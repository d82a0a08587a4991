//! What changes the number of pods, as the API writes it.

use k8s_openapi::NamespaceResourceScope;
use serde::Deserialize;
use watchfire_core::health::Autoscaling;
use watchfire_core::survey::{Guarded, Scaler};
use watchfire_core::text::clean;

use super::listed::Conditions;
use super::pod::Condition;
use super::{Kind, LabelSelector, Object, count, null_is_default, owner};

/// Longer words of a controller are cut.
const LONGEST: usize = 300;

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Hpa;

impl Kind for Hpa {
    const GROUP: &'static str = "autoscaling";
    const VERSION: &'static str = "v2";
    const KIND: &'static str = "HorizontalPodAutoscaler";
    const PLURAL: &'static str = "horizontalpodautoscalers";
    type Scope = NamespaceResourceScope;
    type Spec = HpaSpec;
    type Status = HpaStatus;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct HpaStatus {
    current_replicas: Option<i64>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct HpaSpec {
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) scale_target_ref: TargetRef,
    pub(in crate::cluster) min_replicas: Option<i64>,
    pub(in crate::cluster) max_replicas: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct TargetRef {
    pub(in crate::cluster) kind: Option<String>,
    pub(in crate::cluster) name: Option<String>,
}

/// A KEDA ScaledObject.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Scaled;

impl Kind for Scaled {
    const GROUP: &'static str = "keda.sh";
    const VERSION: &'static str = "v1alpha1";
    const KIND: &'static str = "ScaledObject";
    const PLURAL: &'static str = "scaledobjects";
    type Scope = NamespaceResourceScope;
    type Spec = ScaledSpec;
    type Status = Conditions;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct ScaledSpec {
    #[serde(deserialize_with = "null_is_default")]
    pub(in crate::cluster) scale_target_ref: TargetRef,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Budget;

impl Kind for Budget {
    const GROUP: &'static str = "policy";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "PodDisruptionBudget";
    const PLURAL: &'static str = "poddisruptionbudgets";
    type Scope = NamespaceResourceScope;
    type Spec = BudgetSpec;
    type Status = BudgetStatus;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct BudgetSpec {
    /// Without one it selects nothing; with an empty one everything.
    pub(in crate::cluster) selector: Option<LabelSelector>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct BudgetStatus {
    pub(in crate::cluster) disruptions_allowed: Option<i64>,
    expected_pods: Option<i64>,
    current_healthy: Option<i64>,
    desired_healthy: Option<i64>,
}

/// By which conditions an autoscaler says that it cannot act.
const ABLE: [&str; 2] = ["AbleToScale", "ScalingActive"];

impl Object<Hpa> {
    /// With what keeps it from acting. One that is switched off by having no replicas to scale is as somebody wants it.
    pub(in crate::cluster) fn into_autoscaling(self) -> Option<Autoscaling> {
        let conditions = self.status.conditions.iter().flatten();
        let mut unable = conditions.filter(|one| {
            let is_off = one.reason.as_deref() == Some("ScalingDisabled");
            ABLE.contains(&one.kind.as_str()) && one.status == "False" && !is_off
        });
        let hindered = unable.next().map(|one| {
            let said = one.message.as_deref().or(one.reason.as_deref()).unwrap_or("no reason given");
            clean(said.trim_end_matches('.'), LONGEST)
        });
        Some(Autoscaling { hindered, scaler: self.into_scaler()? })
    }

    /// As it is watched. An object without a name, namespace or UID is none.
    pub(in crate::cluster) fn into_scaler(self) -> Option<Scaler> {
        let Object { mut metadata, spec, status } = self;
        let conditions = status.conditions.unwrap_or_default();
        let limited = conditions.iter().find(|one| one.kind == "ScalingLimited" && one.status == "True");
        let limited = limited.filter(|one| one.reason.as_deref() == Some("TooManyReplicas"));
        let of_keda = owner(&mut metadata).filter(|owner| owner.kind == "ScaledObject");
        Some(Scaler {
            namespace: metadata.namespace?,
            name: metadata.name?,
            uid: metadata.uid?,
            keda: of_keda.map(|owner| (owner.name, owner.uid)),
            current: count(status.current_replicas).unwrap_or_default(),
            most: count(spec.max_replicas).unwrap_or_default(),
            least: count(spec.min_replicas).unwrap_or(1),
            held_back: limited.map(Condition::since),
        })
    }
}

impl Object<Budget> {
    /// As it is watched. An object without a name, namespace or UID is none.
    pub(in crate::cluster) fn into_guarded(self) -> Option<Guarded> {
        let Object { metadata, spec: _, status } = self;
        let [allowed, expected, healthy, desired] = [
            status.disruptions_allowed,
            status.expected_pods,
            status.current_healthy,
            status.desired_healthy,
        ]
        .map(|number| count(number).unwrap_or_default());
        let (namespace, name, uid) = (metadata.namespace?, metadata.name?, metadata.uid?);
        Some(Guarded { namespace, name, uid, allowed, expected, healthy, desired })
    }
}

impl TargetRef {
    /// Whether that workload is meant; KEDA leaves the kind out for a Deployment.
    pub(in crate::cluster) fn means(&self, kind: &str, name: &str) -> bool {
        self.kind.as_deref().unwrap_or("Deployment") == kind && self.name.as_deref() == Some(name)
    }
}
