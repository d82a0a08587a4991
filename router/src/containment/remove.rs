//! `Evict` and `Delete`: a pod is asked to leave, or made to.

use serde_json::Value;
use watchfire_core::act::StepResult;
use watchfire_core::context::ObjectRef;

use super::api::{Api, Live};
use super::fault::Fault;
use super::kind::POD;
use super::{Outcome, Settled};

/// By the eviction API, which keeps PodDisruptionBudgets. One that does not allow it now may later.
pub(super) async fn evict(api: &Api, pod: &ObjectRef) -> Outcome {
    match api.live(pod).await? {
        Live::Is(_) => {}
        Live::Leaving(_) => return Ok(Settled::new(StepResult::Already, "it is on its way out")),
        // It has come to what was wanted, by an earlier try or by itself.
        Live::Gone(why) => return Ok(Settled::new(StepResult::Already, why)),
    }
    ended(api, api.evict(pod).await, "")
}

/// By its UID, whatever budgets say. One that is leaving more slowly is hurried.
pub(super) async fn delete(api: &Api, pod: &ObjectRef, grace_seconds: u32) -> Outcome {
    match api.live(pod).await? {
        Live::Is(_) => {}
        Live::Leaving(live) if grace(&live) > u64::from(grace_seconds) => {}
        Live::Leaving(_) => return Ok(Settled::new(StepResult::Already, "it is on its way out")),
        Live::Gone(why) => return Ok(Settled::new(StepResult::Already, why)),
    }
    let ObjectRef { kind: _, namespace, name, uid } = pod;
    let deleted = api.delete(&POD, namespace, name, uid, Some(grace_seconds)).await;
    ended(api, deleted, &format!("{grace_seconds} s to end"))
}

fn ended(api: &Api, outcome: Result<(), Fault>, note: &str) -> Outcome {
    match outcome {
        Ok(()) => Ok(Settled::done(api.how(), note)),
        Err(Fault::Absent(why)) => Ok(Settled::new(StepResult::Already, why)),
        // The UID in the precondition is no longer the one that has the name.
        Err(Fault::Conflict(why)) => Ok(Settled::new(StepResult::Already, why)),
        Err(
            other @ (Fault::Passing { .. } | Fault::Unfit(_) | Fault::Forbidden { .. } | Fault::Refused(_)),
        ) => Err(other.into()),
    }
}

fn grace(live: &Value) -> u64 {
    live["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or_default()
}
