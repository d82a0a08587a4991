//! Revoke credentials: the AWS sessions that the pod has, or may have given away, are worth nothing any more.
//!
//! - Role: contain. With EKS Pod Identity only this pod's sessions; with IRSA every session of the role, so
//!   a human approves that. Undone by `release`.
//! - Idempotency: the name of the inline policy.

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire, the_pod};
use crate::act::{Step, StepName, Target};

pub(super) const RECIPE: Recipe = Recipe {
    target: the_pod,
    plan,
    repertoire: |_| Repertoire {
        steps: &[StepName::RevokePod, StepName::RevokeRole, StepName::RestoreRole],
        instead: &[],
    },
};

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    let pod = input.pod()?;
    let reference = pod.reference();
    let account = format!("{}/{}", pod.namespace, pod.service_account);
    if let Some(role) = input.mitigation.pod_identity_roles.get(&account) {
        let steps = vec![Step::RevokePod { pod: reference.clone(), role: role.clone() }];
        let undo = vec![Step::RestoreRole { role: role.clone(), pod: Some(reference.clone()) }];
        return Ok(Planned { undo, ..Planned::of(Target::Pod(reference), steps) });
    }
    let details = input.context.details.as_ref();
    let role = details.map(|details| &details.role);
    match role.map(|role| (role.get(), role.because())) {
        Some((Some(Some(role)), _)) => {
            let before = input.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let steps = vec![Step::RevokeRole { role: role.clone(), before }];
            let undo = vec![Step::RestoreRole { role: role.clone(), pod: None }];
            let ask = Some(format!("it ends the sessions of everyone who has {role}"));
            let notes = vec![format!(
                "breaks every pod of service account {account} until it asks for credentials anew, and every \
                 other user of the role; a stolen web identity token can still assume the role until it expires"
            )];
            Ok(Planned { undo, ask, notes, ..Planned::of(Target::Pod(reference), steps) })
        }
        Some((_, Some(because))) => Err(NoPlan::because(format!("its role is not known: {because}"))),
        Some((Some(None) | None, None)) | None => {
            Err(NoPlan::because(format!("no IAM role is known for service account {account}")))
        }
    }
}
