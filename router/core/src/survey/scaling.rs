//! Autoscalers at their maximum, and disruption budgets that allow nothing.

use jiff::Timestamp;

use super::{About, Condition, Settings, Symptom, Thing};

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scaler {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The ScaledObject that KEDA made it for: its name and UID.
    pub keda: Option<(String, String)>,
    /// How many pods there are.
    pub current: u32,
    /// How many there may be.
    pub most: u32,
    /// How many there are at least.
    pub least: u32,
    /// Whether it would make more if it might, by its own word; since when.
    pub held_back: Option<Option<Timestamp>>,
}

/// That an autoscaler wants more than it may.
pub fn scaler(scaler: &Scaler, settings: &Settings) -> Option<Symptom> {
    let Scaler { namespace, name, uid, keda, current, most, least, held_back } = scaler;
    let since = (*held_back)?;
    // One that may not scale at all has a number of pods, and no maximum to come to.
    if current < most || least >= most || !settings.looks_at(namespace) {
        return None;
    }
    let (condition, about) = match keda {
        Some((name, uid)) => (Condition::KedaMaxed, About::object(Thing::ScaledObject, namespace, name, uid)),
        None => (Condition::HpaMaxed, About::object(Thing::Autoscaler, namespace, name, uid)),
    };
    let seen = format!("It has {current} pods, may have {most}, and would make more.");
    settings.looks_for(condition).then(|| Symptom::new(condition, about, since, seen))
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guarded {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// How many pods may be moved now.
    pub allowed: u32,
    /// How many there should be.
    pub expected: u32,
    /// How many are healthy.
    pub healthy: u32,
    /// How many have to be.
    pub desired: u32,
}

/// That a budget lets no node be drained.
pub fn budget(budget: &Guarded, settings: &Settings) -> Option<Symptom> {
    let Guarded { namespace, name, uid, allowed, expected, healthy, desired } = budget;
    if *allowed > 0 || *expected == 0 || !settings.looks_at(namespace) {
        return None;
    }
    let about = About::object(Thing::Budget, namespace, name, uid);
    let (condition, seen) = match healthy < desired {
        true => (
            Condition::BudgetUnhealthy,
            format!("{healthy} of {expected} pods are healthy, and {desired} have to be."),
        ),
        // One that is healed has one to spare, unless it asks for all of them.
        false if healthy >= expected => (
            Condition::BudgetBlocks,
            format!("All {expected} pods are healthy, {desired} have to be, and none may be moved."),
        ),
        false => return None,
    };
    settings.looks_for(condition).then(|| Symptom::new(condition, about, None, seen))
}
