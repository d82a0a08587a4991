//! Drain: the node is cordoned and its pods are moved away, those of DaemonSets and static ones excepted.
//!
//! - Role: contain. Evictions cannot be undone, so a human approves it; the cordon is undone by `release`.
//! - Idempotency: the UID of each pod.

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire, the_node};
use crate::act::{Step, StepName, Target};
use crate::context::{Neighbour, ObjectRef};
use crate::mitigation::Mitigation;

pub(super) const RECIPE: Recipe = Recipe { target: the_node, plan, repertoire };

/// Pods leave in one way or the other.
fn repertoire(mitigation: &Mitigation) -> Repertoire {
    const EVICTS: &[StepName] = &[StepName::Preflight, StepName::Cordon, StepName::Uncordon, StepName::Evict];
    const DELETES: &[StepName] =
        &[StepName::Preflight, StepName::Cordon, StepName::Uncordon, StepName::Delete];
    let steps = if mitigation.drain_respects_budgets { EVICTS } else { DELETES };
    Repertoire { steps, instead: &[] }
}

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    let node = input.node()?;
    let reference = node.reference();
    let mut steps = vec![Step::Preflight(reference.clone()), Step::Cordon { node: reference.clone() }];
    let own = &input.mitigation.protected.own_pod;
    let movable = |pod: &&Neighbour| {
        pod.owner_kind.as_deref() != Some("DaemonSet")
            && !pod.is_static
            && own.as_ref() != Some(&format!("{}/{}", pod.namespace, pod.name))
    };
    let pods: Vec<_> = input.context.pods_on_node.iter().filter(movable).map(Neighbour::reference).collect();
    let respects = input.mitigation.drain_respects_budgets;
    let leave = |pod: &ObjectRef| match respects {
        true => Step::Evict { pod: pod.clone() },
        false => Step::Delete { pod: pod.clone(), grace_seconds: 30 },
    };
    steps.extend(pods.iter().map(leave));
    let budgets = if respects { "keeping PodDisruptionBudgets" } else { "whatever PodDisruptionBudgets say" };
    let notes = vec![format!("{} pods leave, {budgets}", pods.len())];
    let undo = if node.unschedulable { Vec::new() } else { vec![Step::Uncordon { node: reference.clone() }] };
    let ask = Some("moving pods away cannot be undone".to_owned());
    Ok(Planned { undo, ask, notes, ..Planned::of(Target::Node(reference), steps) })
}
