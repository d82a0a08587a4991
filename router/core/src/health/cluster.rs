//! What a look at the API server comes to: section by section.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::line::Lines;
use super::{
    Check, ClusterSeen, Colour, Item, Seen, Settings, Version, What, mesh, symptoms, versions, workloads,
};
use crate::survey::{Probe, Readiness};

pub(super) fn look(
    seen: &ClusterSeen,
    contained: &BTreeSet<String>,
    settings: &Settings,
    at: Timestamp,
    lines: &mut Lines,
) {
    symptoms::look(seen, contained, settings, at, lines);
    if let Probe::NotReady(why) = &seen.probe {
        // Of a cluster that does not answer nothing else can be said.
        return lines.sentence(Check::Nodes, Colour::Yellow, format!("not looked at: {why}"));
    }
    versions::look(seen, at, lines);
    nodes(seen, contained, lines);
    system(seen, settings, lines);
    pods(seen, lines);
    workloads::short(seen, contained, settings, lines);
    workloads::claims(seen, settings, at, lines);
    quotas(seen, lines);
    scaling(seen, lines);
    deprecated(seen, lines);
    mesh::look(seen, lines);
    readied(Check::ExternalSecrets, &seen.external_secrets, lines);
    readied(Check::Certificates, &seen.certificates, lines);
    workloads::backups(seen, settings, at, lines);
}

fn nodes(seen: &ClusterSeen, contained: &BTreeSet<String>, lines: &mut Lines) {
    if let Some(all) = lines.seen(Check::Nodes, &seen.nodes) {
        let ready = all.iter().filter(|node| node.ready).count();
        lines.sentence(Check::Nodes, Colour::Green, well(ready, all.len(), "ready"));
        let cordoned = all
            .iter()
            .filter(|node| node.unschedulable && !node.is_leaving && !contained.contains(&node.uid));
        let said = "It takes no new pods, and nobody has given it up.";
        lines.found(
            Check::NodeCordoned,
            cordoned.map(|node| Item::new(None, &node.name, said, Colour::Yellow)),
        );
    }
    if let Some(used) = lines.seen(Check::NodeUsage, &seen.usage) {
        lines.sentence(Check::NodeUsage, Colour::Green, format!("known of {} nodes", used.len()));
    }
}

/// Each namespace of the system that is there: how many of its pods are ready.
fn system(seen: &ClusterSeen, settings: &Settings, lines: &mut Lines) {
    let Some(pods) = lines.seen(Check::SystemPods, &seen.pods) else { return };
    let mut whole = Vec::new();
    let mut amiss = Vec::new();
    for name in &settings.system {
        let Some((ready, all)) = pods.of_namespace(name) else { continue };
        match all - ready {
            0 => whole.push(format!("{name} {ready}/{all}")),
            missing => {
                let colour = if ready == 0 { Colour::Red } else { Colour::Yellow };
                let said = format!("{missing} of {all} pods are not ready.");
                amiss.push(Item::new(Some(name), "pods", said, colour));
            }
        }
    }
    lines.found(Check::SystemPods, amiss);
    if !whole.is_empty() {
        lines.sentence(Check::SystemPods, Colour::Green, format!("none in {}", whole.join(", ")));
    }
}

fn pods(seen: &ClusterSeen, lines: &mut Lines) {
    // Why there are none is said above.
    let Ok(pods) = &seen.pods else { return };
    lines.sentence(Check::Pods, Colour::Green, pods.in_words());
    lines.items(What::Check(Check::PodNotReady), pods.not_ready());
    lines.items(What::Check(Check::PodFailed), pods.failed());
    lines.items(What::Check(Check::Restarts), pods.restarted());
}

fn quotas(seen: &ClusterSeen, lines: &mut Lines) {
    if let Some(all) = lines.seen(Check::Quotas, &seen.quotas) {
        lines.sentence(Check::Quotas, Colour::Green, format!("{} looked at", all.len()));
    }
}

fn scaling(seen: &ClusterSeen, lines: &mut Lines) {
    if let Some(all) = lines.seen(Check::Autoscalers, &seen.autoscalers) {
        lines.sentence(Check::Autoscalers, Colour::Green, format!("{} looked at", all.len()));
        let hindered = all.iter().filter_map(|one| {
            let why = one.hindered.as_deref()?;
            Some(Item::new(
                Some(&one.scaler.namespace),
                &one.scaler.name,
                format!("It says: {why}."),
                Colour::Yellow,
            ))
        });
        lines.found(Check::ScalerCannotAct, hindered);
    }
    readied(Check::ScaledObjects, &seen.scaled_objects, lines);
    if let Some(all) = lines.seen(Check::Budgets, &seen.budgets) {
        lines.sentence(Check::Budgets, Colour::Green, format!("{} looked at", all.len()));
    }
}

fn deprecated(seen: &ClusterSeen, lines: &mut Lines) {
    let check = Check::DeprecatedApis;
    let Some(all) = lines.seen(check, &seen.deprecated) else { return };
    if all.is_empty() {
        let said = "none, since the API server was started";
        return lines.sentence(check, Colour::Green, said);
    }
    let running = seen.version.as_ref().ok().and_then(|text| Version::of(text));
    let items = all.iter().map(|one| {
        let removed = one.removed_in.as_deref();
        // The next update breaks whoever asks for it.
        let is_next = removed
            .and_then(Version::of)
            .zip(running)
            .is_some_and(|(removed, running)| running.behind(removed).is_some_and(|behind| behind <= 1));
        let said = match removed {
            Some(removed) => format!("Kubernetes {removed} does not have it any more."),
            None => "It is not said which version does not have it any more.".to_owned(),
        };
        let name = format!("{} {}", one.version, one.resource);
        Item::new(None, &name, said, if is_next { Colour::Red } else { Colour::Yellow })
    });
    lines.found(check, items);
}

fn readied(check: Check, seen: &Seen<Vec<Readiness>>, lines: &mut Lines) {
    if let Some(all) = lines.seen(check, seen) {
        let ready = all.iter().filter(|one| one.ready == Some(true)).count();
        let paused = all.iter().filter(|one| one.is_paused).count();
        let paused = if paused > 0 { format!(", {paused} paused") } else { String::new() };
        lines.sentence(check, Colour::Green, format!("{}{paused}", well(ready, all.len(), "ready")));
    }
}

/// How many of them are so. Where some are not, what is amiss with them is a line of its own, and this one says only that all
/// were looked at.
pub(super) fn well(so: usize, all: usize, word: &str) -> String {
    if so == all { format!("{all} of {all} {word}") } else { format!("{all} looked at") }
}
