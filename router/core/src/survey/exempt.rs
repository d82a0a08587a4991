//! What is no news: what Watchfire itself has done, and what a rollout does for a while.

use std::collections::BTreeSet;

use super::{Condition, Symptom};
use crate::act::REPLICAS_ANNOTATION;
use crate::context::{Progress, Workload};

/// Why a symptom is no news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempt {
    /// We have contained it, or what makes it.
    Contained,
    /// What makes it is being rolled out, within the time that it gives itself.
    RollingOut,
}

/// Whether a symptom is news, by the workloads that make what it is about, the nearest first, and the UIDs of what is
/// contained. What a bad rollout breaks is news at once; only that it takes time is none.
pub fn exempt(symptom: &Symptom, owners: &[Workload], contained: &BTreeSet<String>) -> Option<Exempt> {
    let is_contained = |uid: &str| contained.contains(uid);
    let by_us = owners
        .iter()
        .any(|owner| is_contained(&owner.uid) || owner.annotations.contains_key(REPLICAS_ANNOTATION));
    if is_contained(&symptom.about.uid) || by_us {
        return Some(Exempt::Contained);
    }
    let rolls_out = owners.iter().any(|owner| owner.progress == Some(Progress::RollingOut));
    let takes_time = match symptom.condition {
        Condition::Pending => true,
        Condition::ApiDown
        | Condition::ApiSlow
        | Condition::NodesNotReady
        | Condition::NodeNotReady
        | Condition::VolumeFull
        | Condition::CrashLoop
        | Condition::Restarting
        | Condition::ImagePull
        | Condition::OomKilled
        | Condition::Evicted
        | Condition::NodePressure
        | Condition::NodeCpu
        | Condition::NodeMemory
        | Condition::JobFailed
        | Condition::ExternalSecret
        | Condition::Certificate
        | Condition::HpaMaxed
        | Condition::KedaMaxed
        | Condition::KedaNotReady
        | Condition::BudgetUnhealthy
        | Condition::BudgetBlocks
        | Condition::QuotaFull
        | Condition::QuotaAlmostFull => false,
    };
    (rolls_out && takes_time).then_some(Exempt::RollingOut)
}
