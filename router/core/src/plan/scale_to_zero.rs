//! Scale to zero: the workload runs no pods until someone says otherwise.
//!
//! - Role: contain. Undone by `release`, which gives it the replicas that it had.
//! - Idempotency: the number of replicas, remembered in an annotation.

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire};
use crate::act::{Step, StepName, Target};
use crate::context::{Known, ObjectRef};

pub(super) const RECIPE: Recipe = Recipe {
    target: |input| Ok(Target::Workload(input.scalable()?.reference())),
    plan,
    repertoire: |_| Repertoire {
        steps: &[
            StepName::Preflight,
            StepName::PauseScaler,
            StepName::ResumeScaler,
            StepName::Scale,
            StepName::VerifyScaled,
        ],
        instead: &[],
    },
};

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    let workload = input.scalable()?;
    let reference = workload.reference();
    let from = workload.replicas.unwrap_or(1);
    let mut steps = vec![Step::Preflight(reference.clone())];
    let mut undo = Vec::new();
    let mut notes = Vec::new();
    if let Some(details) = &input.context.details {
        match &details.scaled_object {
            Known::Is(Some(scaled)) => {
                let object = ObjectRef {
                    kind: "ScaledObject".to_owned(),
                    namespace: workload.namespace.clone(),
                    name: scaled.name.clone(),
                    uid: scaled.uid.clone(),
                };
                let before = scaled.paused_replicas.clone().unwrap_or_default();
                steps.push(Step::PauseScaler { object: object.clone() });
                undo.push(Step::ResumeScaler { object, before });
            }
            Known::Is(None) => {}
            Known::Unknown(because) => notes.push(format!("whether KEDA scales it is not known: {because}")),
        }
        if let Some(scaler) = details.autoscaler.get().and_then(Option::as_ref) {
            notes.push(format!("the autoscaler {} rests while there are no replicas", scaler.name));
        }
        if let Some(gitops) = details.gitops.get().and_then(Option::as_ref) {
            notes.push(format!("{} may put the replicas back: suspend it", gitops.named()));
        }
    }
    steps.push(Step::Scale { workload: reference.clone(), from, to: 0 });
    undo.insert(0, Step::Scale { workload: reference.clone(), from: 0, to: from });
    let within_seconds = input.mitigation.verify_within_seconds.max(60);
    steps.push(Step::VerifyScaled { workload: reference.clone(), within_seconds });
    Ok(Planned { undo, notes, ..Planned::of(Target::Workload(reference), steps) })
}
