//! Evidence: the pod and what surrounds it, kept before anything is done to it.
//!
//! - Role: capture. Nothing in the cluster is changed.
//! - Idempotency: the bundle's id, made of event and act.

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire};
use crate::act::Target;
use crate::context::{Node, ObjectRef, Place, Pod, Pods};

/// More pods than this are not captured for one event.
const MOST_PODS: usize = 10;

pub(super) const RECIPE: Recipe = Recipe {
    target: |input| Ok(target(input)),
    plan,
    repertoire: |_| Repertoire { steps: &[], instead: &[] },
};

/// The pod, or whatever the event names where it is not one pod.
fn target(input: &PlanInput<'_>) -> Target {
    input.context.pod().map_or(Target::Event, |pod| Target::Pod(pod.reference()))
}

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    if !input.mitigation.keeps_evidence {
        return Err(NoPlan::because("there is no place for evidence in the configuration"));
    }
    if let Place::Foreign(theirs) = &input.context.place {
        return Err(NoPlan::because(format!("it is about another cluster: {theirs}")));
    }
    let pods: Vec<ObjectRef> = match &input.context.pods {
        Pods::Found { pods, .. } => pods.iter().take(MOST_PODS).map(Pod::reference).collect(),
        Pods::NotAsked | Pods::Unknown(_) | Pods::None(_) => Vec::new(),
    };
    let node = input.context.node.as_ref().map(Node::reference);
    let about = pods.into_iter().chain(node).collect();
    Ok(Planned { about, ..Planned::of(target(input), Vec::new()) })
}
