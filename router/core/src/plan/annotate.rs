//! Annotate: the pod says on whose account it is being looked at, and the autoscalers leave it where it is.
//!
//! - Role: record. Undone by `release`.
//! - Idempotency: the annotations' values.

use std::collections::BTreeMap;

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire, the_pod};
use crate::act::{Step, StepName, Target};

pub(super) const RECIPE: Recipe = Recipe {
    target: the_pod,
    plan,
    repertoire: |_| Repertoire { steps: &[StepName::Annotate], instead: &[] },
};

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    let pod = input.pod()?;
    let object = pod.reference();
    let mut set = input.incident_annotations();
    set.retain(|name, _| !pod.annotations.contains_key(name) || name == crate::act::INCIDENT_ANNOTATION);
    let before = |name: &String| pod.annotations.get(name).cloned().unwrap_or_default();
    let back: BTreeMap<_, _> = set.keys().map(|name| (name.clone(), before(name))).collect();
    let steps = vec![Step::Annotate { object: object.clone(), set }];
    let undo = vec![Step::Annotate { object: object.clone(), set: back }];
    Ok(Planned { undo, ..Planned::of(Target::Pod(object), steps) })
}
