//! Cordon: no new pods on the node.
//!
//! - Role: contain. Undone by `release`, unless the node had been cordoned before.
//! - Idempotency: `spec.unschedulable`.

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire, the_node};
use crate::act::{Step, StepName, Target};

pub(super) const RECIPE: Recipe = Recipe {
    target: the_node,
    plan,
    repertoire: |_| Repertoire {
        steps: &[StepName::Preflight, StepName::Cordon, StepName::Uncordon],
        instead: &[],
    },
};

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    let node = input.node()?;
    let reference = node.reference();
    if node.unschedulable {
        return Err(NoPlan::because(format!("{} is cordoned already", reference.named())));
    }
    let steps = vec![Step::Preflight(reference.clone()), Step::Cordon { node: reference.clone() }];
    let undo = vec![Step::Uncordon { node: reference.clone() }];
    Ok(Planned { undo, ..Planned::of(Target::Node(reference), steps) })
}
