//! Delete pod: at once, whatever budgets say. What it held in memory is gone.
//!
//! - Role: contain. It cannot be undone, so a human approves it.
//! - Idempotency: the pod's UID, as a precondition of the deletion.

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire, the_pod};
use crate::act::{Step, StepName, Target};
use crate::action::ActionName;

pub(super) const RECIPE: Recipe = Recipe {
    target: the_pod,
    plan,
    repertoire: |_| Repertoire {
        steps: &[StepName::Preflight, StepName::Delete, StepName::VerifyGone],
        instead: &[ActionName::Cordon],
    },
};

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    let pod = input.pod()?;
    if pod.is_static {
        let reason = "it is a static pod: its node starts it again whatever the API says";
        return Err(NoPlan::rather(ActionName::Cordon, reason));
    }
    let reference = pod.reference();
    let steps = vec![
        Step::Preflight(reference.clone()),
        Step::Delete { pod: reference.clone(), grace_seconds: 0 },
        Step::VerifyGone { pod: reference.clone(), within_seconds: input.mitigation.verify_within_seconds },
    ];
    let ask = Some("it cannot be undone".to_owned());
    Ok(Planned { ask, ..Planned::of(Target::Pod(reference), steps) })
}
