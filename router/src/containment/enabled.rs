//! The steps that may ever be carried out, by the rules and the modes.

use std::collections::BTreeSet;

use watchfire_core::act::StepName;
use watchfire_core::action::ActionName;
use watchfire_core::mitigation::Mode;
use watchfire_core::plan::permissions::{Evidence, reachable};
use watchfire_core::plan::repertoire;
use watchfire_core::policy::Policy;
use watchfire_core::rules::Stage;

/// The steps of the actions that the rules name and the modes allow, and whether evidence is taken.
pub(crate) fn enabled_by(policy: &Policy) -> (BTreeSet<StepName>, Evidence) {
    let mitigation = &policy.mitigation;
    let live = policy.rules.rules().iter().filter(|rule| rule.stage == Stage::Live);
    let named = live.flat_map(|rule| rule.actions.iter().copied());
    let may = |action: &ActionName| {
        let everywhere = mitigation.mode_of(*action, None);
        let somewhere =
            mitigation.namespaces.keys().map(|namespace| mitigation.mode_of(*action, Some(namespace)));
        somewhere.chain([everywhere]).any(|mode| mode != Mode::Observe)
    };
    let actions: BTreeSet<ActionName> = reachable(named, mitigation).into_iter().filter(may).collect();
    let evidence = match actions.contains(&ActionName::Evidence) {
        true => Evidence::Taken,
        false => Evidence::None,
    };
    let steps = actions.into_iter().flat_map(|action| repertoire(action, mitigation).steps);
    (steps.copied().collect(), evidence)
}
