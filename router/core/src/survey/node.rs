//! What is the matter with a node, and with nodes.

use jiff::{SignedDuration, Timestamp};

use super::{About, Condition, Settings, Symptom, Thing};
use crate::context::{Node, Room};

/// What a node is not yet is no news for so long.
const YOUNG: SignedDuration = SignedDuration::from_mins(5);
/// So many names are told.
const NAMED: usize = 8;

/// What a node's pods use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The node.
    pub node: String,
    /// How much of it.
    pub used: Room,
}

/// Says each symptom of a node.
pub fn node(node: &Node, settings: &Settings, at: Timestamp, say: &mut dyn FnMut(Symptom)) {
    if is_no_news(node, at) {
        return;
    }
    if !node.ready && settings.looks_for(Condition::NodeNotReady) {
        let cordoned = if node.unschedulable { " It is cordoned." } else { "" };
        let seen = format!("Its kubelet says that it is not ready, or says nothing.{cordoned}");
        say(Symptom::new(Condition::NodeNotReady, about(node), node.ready_since, seen));
    }
    if !node.pressures.is_empty() && settings.looks_for(Condition::NodePressure) {
        let seen = format!("It says {}.", node.pressures.join(", "));
        say(Symptom::new(Condition::NodePressure, about(node), None, seen));
    }
}

/// That several of these nodes are not ready. Says nothing of fewer than are several.
pub fn nodes<'n>(all: impl Iterator<Item = &'n Node>, settings: &Settings, at: Timestamp) -> Option<Symptom> {
    let (mut count, mut down) = (0, Vec::new());
    for node in all.filter(|node| !is_no_news(node, at)) {
        count += 1;
        if !node.ready {
            down.push(node);
        }
    }
    let least = usize::try_from(settings.thresholds.nodes).unwrap_or(usize::MAX);
    if !settings.looks_for(Condition::NodesNotReady) || down.len() < least {
        return None;
    }
    down.sort_by(|one, other| one.name.cmp(&other.name));
    // Several are not ready since the last that made them so.
    let mut since: Vec<_> = down.iter().filter_map(|node| node.ready_since).collect();
    since.sort_unstable();
    let since = since.get(least.saturating_sub(1)).copied();
    let names: Vec<_> = down.iter().take(NAMED).map(|node| node.name.as_str()).collect();
    let more = if down.len() > NAMED { format!(" and {} more", down.len() - NAMED) } else { String::new() };
    let seen = format!("{} of {count} nodes are not ready: {}{more}.", down.len(), names.join(", "));
    let about = About::of_cluster(Thing::Nodes, "nodes", "nodes");
    Some(Symptom::new(Condition::NodesNotReady, about, since, seen))
}

/// Says what a node's pods use too much of.
pub fn usage(node: &Node, usage: &Usage, settings: &Settings, at: Timestamp, say: &mut dyn FnMut(Symptom)) {
    let Some(room) = node.room.filter(|_| !is_no_news(node, at)) else { return };
    let Room { cpu_millis, memory } = usage.used;
    let thresholds = &settings.thresholds;
    for (condition, used, of, most, what) in [
        (Condition::NodeCpu, cpu_millis, room.cpu_millis, thresholds.cpu_percent, "processors"),
        (Condition::NodeMemory, memory, room.memory, thresholds.memory_percent, "memory"),
    ] {
        let percent = percent(used, of);
        if percent > u64::from(most) && settings.looks_for(condition) {
            say(Symptom::new(condition, about(node), None, format!("{percent} % of its {what} are used.")));
        }
    }
}

fn is_no_news(node: &Node, at: Timestamp) -> bool {
    let is_young = node.created_at.is_some_and(|created| at.duration_since(created) < YOUNG);
    is_young || node.is_leaving || node.gone_at.is_some()
}

fn about(node: &Node) -> About {
    About::of_cluster(Thing::Node, &node.name, &node.uid)
}

fn percent(used: u64, of: u64) -> u64 {
    used.saturating_mul(100).checked_div(of).unwrap_or_default()
}
