//! What the detectors of the watch find in what was seen, as lines: a condition a line.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::line::Lines;
use super::seen::by_uid;
use super::{ClusterSeen, Colour, Item, Items, Settings, What};
use crate::context::Workload;
use crate::survey::{
    Condition, Finished, Symptom, budget, exempt, jobs, node, nodes, quota, readiness, scaler, server, usage,
};

/// Owners are followed so far.
const GENERATIONS: usize = 4;

/// Says each condition that holds for as long as it must where the cluster says since when, and is not ours.
pub(super) fn look(
    seen: &ClusterSeen,
    contained: &BTreeSet<String>,
    settings: &Settings,
    at: Timestamp,
    lines: &mut Lines,
) {
    let owners = seen.workloads.as_deref().map(by_uid).unwrap_or_default();
    let mut by_condition: BTreeMap<Condition, Items> = BTreeMap::new();
    for symptom in all(seen, contained, settings, at) {
        let holds = symptom.since.is_none_or(|since| at.duration_since(since) >= symptom.condition.hold());
        if !holds || exempt(&symptom, &owners_of(&symptom, &owners), contained).is_some() {
            continue;
        }
        let place = settings.survey.place(symptom.about.namespace.as_deref());
        let colour = Colour::from(symptom.condition.level(place));
        by_condition.entry(symptom.condition).or_default().push(Item::about(
            &symptom.about,
            &symptom.seen,
            colour,
        ));
    }
    for (condition, items) in by_condition {
        lines.items(What::Condition(condition), items);
    }
}

fn all(seen: &ClusterSeen, contained: &BTreeSet<String>, settings: &Settings, at: Timestamp) -> Vec<Symptom> {
    let by = &settings.survey;
    let mut found: Vec<Symptom> = server(&seen.probe, by).into_iter().collect();
    let mut say = |symptom| found.push(symptom);
    if let Ok(all) = &seen.nodes {
        let ours = || all.iter().filter(|node| !contained.contains(&node.uid));
        ours().for_each(|one| node(one, by, at, &mut say));
        nodes(ours(), by, at).into_iter().for_each(&mut say);
        for used in seen.usage.iter().flatten() {
            if let Some(one) = ours().find(|one| one.name == used.node) {
                usage(one, used, by, at, &mut say);
            }
        }
    }
    if let Ok(pods) = &seen.pods {
        pods.symptoms().iter().cloned().for_each(&mut say);
    }
    if let Ok(workloads) = &seen.workloads {
        jobs(workloads.iter().filter_map(Finished::of), by, at, &mut say);
    }
    seen.volumes.iter().flatten().cloned().for_each(&mut say);
    seen.quotas.iter().flatten().filter_map(|one| quota(one, by)).for_each(&mut say);
    seen.autoscalers.iter().flatten().filter_map(|one| scaler(&one.scaler, by)).for_each(&mut say);
    seen.budgets.iter().flatten().filter_map(|one| budget(one, by)).for_each(&mut say);
    let readied = [&seen.scaled_objects, &seen.external_secrets, &seen.certificates];
    let readied = readied.into_iter().flat_map(|list| list.iter().flatten());
    readied.filter_map(|one| readiness(one, by)).for_each(&mut say);
    found
}

/// The nearest first.
fn owners_of(symptom: &Symptom, workloads: &BTreeMap<&str, &Workload>) -> Vec<Workload> {
    let mut found = Vec::new();
    let mut next = symptom.about.owner.clone();
    while let Some(owner) = next.as_deref().and_then(|uid| workloads.get(uid)) {
        if found.len() == GENERATIONS {
            break;
        }
        next = owner.owner.as_ref().map(|owner| owner.uid.clone());
        found.push((*owner).clone());
    }
    found
}
