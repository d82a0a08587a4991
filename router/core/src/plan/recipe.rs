//! What each action's file says of it: what it is done to, its plan, and what that may be made of.
//!
//! Beside `mod.rs` the one place that knows every action's file. Permissions follow from the steps.

use super::input::{NoPlan, PlanInput, Planned};
use super::{
    annotate, cordon, delete_pod, drain, evidence, image_scan, quarantine, revoke_credentials, scale_to_zero,
};
use crate::act::{StepName, Target};
use crate::action::ActionName;
use crate::mitigation::Mitigation;

/// What an action's file says of it.
pub(super) struct Recipe {
    /// What it is done to, known before anything else is: whose records have to be read.
    pub(super) target: fn(&PlanInput<'_>) -> Result<Target, NoPlan>,
    /// Its plan, or why there is none.
    pub(super) plan: fn(&PlanInput<'_>) -> Result<Planned, NoPlan>,
    /// What its plans may be made of, as configured.
    pub(super) repertoire: fn(&Mitigation) -> Repertoire,
}

/// What the plans of an action may be made of, at most: said beside each plan, held to it by a property, and
/// what permissions are printed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repertoire {
    /// Its steps, and those that undo them; none for what only looks.
    pub steps: &'static [StepName],
    /// What may take its place where it cannot be had, or cannot be verified.
    pub instead: &'static [ActionName],
}

/// What the plans of an action may be made of, as configured.
pub fn repertoire(action: ActionName, mitigation: &Mitigation) -> Repertoire {
    (Recipe::of(action).repertoire)(mitigation)
}

impl Recipe {
    fn of(action: ActionName) -> Self {
        match action {
            ActionName::Evidence => evidence::RECIPE,
            ActionName::Quarantine => quarantine::RECIPE,
            ActionName::ScaleToZero => scale_to_zero::RECIPE,
            ActionName::DeletePod => delete_pod::RECIPE,
            ActionName::Cordon => cordon::RECIPE,
            ActionName::Drain => drain::RECIPE,
            ActionName::ImageScan => image_scan::RECIPE,
            ActionName::RevokeCredentials => revoke_credentials::RECIPE,
            ActionName::Annotate => annotate::RECIPE,
        }
    }
}

impl PlanInput<'_> {
    /// The plan of an action.
    ///
    /// # Errors
    /// Why there is none.
    pub fn plan(&self, action: ActionName) -> Result<Planned, NoPlan> {
        (Recipe::of(action).plan)(self)
    }

    /// What an action is done to, known before anything else is: whose records have to be read.
    ///
    /// # Errors
    /// Why there is nothing that it could be done to.
    pub fn target(&self, action: ActionName) -> Result<Target, NoPlan> {
        (Recipe::of(action).target)(self)
    }
}

/// The one pod.
pub(super) fn the_pod(input: &PlanInput<'_>) -> Result<Target, NoPlan> {
    Ok(Target::Pod(input.pod()?.reference()))
}

/// The pod's node, or the node that the event names.
pub(super) fn the_node(input: &PlanInput<'_>) -> Result<Target, NoPlan> {
    Ok(Target::Node(input.node()?.reference()))
}
