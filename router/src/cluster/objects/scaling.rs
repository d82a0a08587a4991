//! What changes the number of pods, as the API writes it.

use k8s_openapi::NamespaceResourceScope;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Kind, LabelSelector, null_is_default};

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
    type Status = IgnoredAny;
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
    type Status = IgnoredAny;
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
}

impl TargetRef {
    /// Whether that workload is meant; KEDA leaves the kind out for a Deployment.
    pub(in crate::cluster) fn means(&self, kind: &str, name: &str) -> bool {
        self.kind.as_deref().unwrap_or("Deployment") == kind && self.name.as_deref() == Some(name)
    }
}
