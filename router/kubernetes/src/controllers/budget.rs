//! PodDisruptionBudgets: how many pods may be evicted now.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{controller, deleting, finished, ready, set_status};
use crate::selector::Labels;
use crate::store::World;

pub(super) fn control(world: &mut World, namespace: &str) {
    let (budgets, pods) = (world.kind("policy", "poddisruptionbudgets"), world.kind("", "pods"));
    for budget in world.list(&budgets, namespace) {
        let Some(selector) = Labels::of_selector(&budget["spec"]["selector"]) else { continue };
        let mut mine = world.list(&pods, namespace);
        mine.retain(|pod| selector.matches(&pod["metadata"]["labels"]) && !finished(pod));
        let spec = &budget["spec"];
        let percent = spec["minAvailable"].is_string() || spec["maxUnavailable"].is_string();
        let expected = if percent || !spec["maxUnavailable"].is_null() {
            expected(world, &mine)
        } else {
            i64::try_from(mine.len()).unwrap_or(0)
        };
        let desired = match (&spec["minAvailable"], &spec["maxUnavailable"]) {
            (Value::Null, Value::Null) => (expected - 1).max(0),
            (Value::Null, most) => (expected - share(most, expected)).max(0),
            (least, _) => share(least, expected),
        };
        let mut disrupted = budget["status"]["disruptedPods"].as_object().cloned().unwrap_or_default();
        disrupted.retain(|name, _| {
            mine.iter().any(|pod| pod["metadata"]["name"] == name.as_str() && !deleting(pod))
        });
        let healthy =
            mine.iter().filter(|pod| ready(pod) && !deleting(pod) && !is_disrupted(&disrupted, pod)).count();
        let healthy = i64::try_from(healthy).unwrap_or(0);
        let allowed = if expected == 0 { 0 } else { (healthy - desired).max(0) };
        let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
        let mut condition = super::condition(&budget["status"], "DisruptionAllowed", allowed > 0, reason, "");
        condition["observedGeneration"] = budget["metadata"]["generation"].clone();
        let mut status = json!({"observedGeneration": budget["metadata"]["generation"], "disruptionsAllowed": allowed,
            "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected,
            "conditions": [condition]});
        if !disrupted.is_empty() {
            status["disruptedPods"] = disrupted.into();
        }
        set_status(world, &budgets, &budget, status);
    }
}

fn is_disrupted(disrupted: &Map<String, Value>, pod: &Value) -> bool {
    pod["metadata"]["name"].as_str().is_some_and(|name| disrupted.contains_key(name))
}

/// `2` or `50%` of that many, rounded up.
fn share(value: &Value, of: i64) -> i64 {
    match value {
        Value::String(text) => (text.trim_end_matches('%').parse::<i64>().unwrap_or(0) * of + 99) / 100,
        other => other.as_i64().unwrap_or(0),
    }
}

/// The sum of what the pods' controllers want.
fn expected(world: &World, pods: &[std::sync::Arc<Value>]) -> i64 {
    let mut owners: BTreeMap<String, i64> = BTreeMap::new();
    for pod in pods {
        let Some(owner) = controller(pod).and_then(|owner| owner["uid"].as_str()) else { continue };
        let object = world.key_of(owner).and_then(|key| world.get(key));
        let replicas = object.and_then(|object| object["spec"]["replicas"].as_i64()).unwrap_or(1);
        owners.insert(owner.to_owned(), replicas);
    }
    owners.values().sum()
}
