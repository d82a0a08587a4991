//! `Deny` and `LiftDeny`: the namespaced policy that cuts off whatever carries the quarantine label.

use serde_json::Value;
use watchfire_core::act::{DENY_POLICY, QUARANTINE_LABEL, StepResult};

use super::api::Api;
use super::fault::Fault;
use super::kind::{Kind, NETWORK_POLICY, POD};
use super::{How, Outcome, Settled, object, policy};
use crate::failure::Failure;

/// It is there and denies, by ours or someone else's doing.
pub(super) async fn deny(api: &Api, namespace: &str) -> Outcome {
    let wanted = policy::namespaced(namespace);
    applied(api, &NETWORK_POLICY, namespace, &wanted, policy::denies).await
}

/// Our policy is taken away where no pod needs it.
pub(super) async fn lift(api: &Api, namespace: &str) -> Outcome {
    let Some(live) = api.get(&NETWORK_POLICY, namespace, DENY_POLICY).await? else {
        return Ok(Settled::new(StepResult::Already, ""));
    };
    if !policy::is_ours(&live) {
        return Ok(Settled::new(StepResult::Left, "it was installed by someone else"));
    }
    let needed = quarantined(api, namespace).await?;
    match (api.how(), needed.first()) {
        (How::ForReal, Some(pod)) => {
            return Ok(Settled::new(StepResult::Left, format!("pod {namespace}/{pod} still needs it")));
        }
        // In a rehearsal the pod that is to be released still has its label.
        (How::ForReal, None) | (How::Rehearse, _) => {}
    }
    match api.delete(&NETWORK_POLICY, namespace, DENY_POLICY, object::uid(&live), None).await {
        Ok(()) => {}
        Err(Fault::Absent(_)) => return Ok(Settled::new(StepResult::Already, "")),
        // Another one has its name by now: whoever made it needs it.
        Err(Fault::Conflict(_)) => return Ok(Settled::new(StepResult::Left, "it was made anew meanwhile")),
        Err(other) => return Err(other.into()),
    }
    match api.how() {
        How::ForReal => unless_needed_again(api, namespace).await,
        How::Rehearse => {
            let note = format!("if no pod has the label then; {} have it now", needed.len());
            Ok(Settled::new(StepResult::WouldDo, note))
        }
    }
}

/// A quarantine that began between our look and our deletion has found the policy in place.
async fn unless_needed_again(api: &Api, namespace: &str) -> Outcome {
    match quarantined(api, namespace).await?.first() {
        None => Ok(Settled::new(StepResult::Done, "")),
        Some(pod) => {
            deny(api, namespace).await?;
            let note = format!("put back: pod {namespace}/{pod} was quarantined meanwhile");
            Ok(Settled::new(StepResult::Left, note))
        }
    }
}

/// Names of the pods that carry the quarantine label.
async fn quarantined(api: &Api, namespace: &str) -> Result<Vec<String>, Fault> {
    let pods = api.list(&POD, namespace, Some(QUARANTINE_LABEL)).await?.unwrap_or_default();
    Ok(pods.iter().map(|pod| object::name(pod).to_owned()).collect())
}

/// A policy of ours or of someone else that is as it should be by `right`, applied where it is missing.
pub(super) async fn applied(
    api: &Api,
    kind: &Kind,
    namespace: &str,
    wanted: &Value,
    right: impl Fn(&Value) -> Result<(), &'static str>,
) -> Outcome {
    let named = format!("{} {DENY_POLICY}", kind.kind);
    if let Some(live) = api.get(kind, namespace, DENY_POLICY).await? {
        match (right(&live), policy::is_ours(&live)) {
            (Ok(()), true) => return Ok(Settled::new(StepResult::Already, "")),
            (Ok(()), false) => {
                return Ok(Settled::new(StepResult::Already, "installed by someone else, and it denies"));
            }
            (Err(wrong), false) => {
                let reason = format!("{named} was installed by someone else and does not deny: {wrong}");
                return Err(Failure::permanent(reason));
            }
            (Err(_), true) => {}
        }
    }
    let applied = match api.apply(kind, namespace, wanted).await {
        Ok(applied) => applied,
        Err(Fault::Conflict(reason)) => {
            return Err(Failure::permanent(format!("{named} has another manager: {reason}")));
        }
        Err(other) => return Err(other.into()),
    };
    // Rules that someone else added are not ours to take away, and may let something through.
    match right(&applied) {
        Ok(()) => Ok(Settled::done(api.how(), "")),
        Err(wrong) => Err(Failure::permanent(format!("{named} was applied and does not deny: {wrong}"))),
    }
}
