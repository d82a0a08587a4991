//! Deployments: one ReplicaSet for each template, rolled from the old to the new.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    condition, create, deleting, hash, owned_by, reference, set_status, text, without_zeros, writer,
};
use crate::store::{World, key};

const REVISION: &str = "deployment.kubernetes.io/revision";

pub(super) fn control(world: &mut World, namespace: &str) {
    let kind = world.kind("apps", "deployments");
    let sets = world.kind("apps", "replicasets");
    for deployment in world.list(&kind, namespace) {
        if deleting(&deployment) {
            continue;
        }
        let mine: Vec<Arc<Value>> =
            world.list(&sets, namespace).into_iter().filter(|set| owned_by(set, &deployment)).collect();
        let current = mine.iter().find(|set| template_of(set) == deployment["spec"]["template"]).cloned();
        let paused = deployment["spec"]["paused"] == true;
        let current = match current {
            Some(set) => Some(set),
            None if paused => None,
            None => new_set(world, &deployment, &mine, namespace),
        };
        if let Some(current) = &current {
            roll(world, &deployment, current, &mine);
            number(world, &deployment, current, &mine);
        }
        status(world, &deployment, current.as_ref());
    }
}

fn template_of(set: &Value) -> Value {
    let mut template = set["spec"]["template"].clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove("pod-template-hash");
    }
    template
}

fn wanted(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn new_set(
    world: &mut World,
    deployment: &Value,
    mine: &[Arc<Value>],
    namespace: &str,
) -> Option<Arc<Value>> {
    let kind = world.kind("apps", "deployments");
    let mut template = deployment["spec"]["template"].clone();
    let hash = hash(&template);
    template["metadata"]["labels"]["pod-template-hash"] = hash.clone().into();
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = hash.clone().into();
    let replicas = if mine.is_empty() { wanted(deployment) } else { 0 };
    let set = json!({
        "metadata": {"name": format!("{}-{hash}", text(deployment, "name")),
            "labels": template["metadata"]["labels"], "ownerReferences": [reference(&kind, deployment)]},
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    });
    create(world, ("apps", "replicasets"), namespace, set)
}

/// `2` or `25%` of that many.
fn share(value: &Value, of: i64, up: bool) -> i64 {
    match value {
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (percent * of + if up { 99 } else { 0 }) / 100
        }
        other => other.as_i64().unwrap_or(0),
    }
}

fn roll(world: &mut World, deployment: &Value, current: &Value, mine: &[Arc<Value>]) {
    let sets = world.kind("apps", "replicasets");
    let count = wanted(deployment);
    let old: Vec<&Arc<Value>> =
        mine.iter().filter(|set| set["metadata"]["uid"] != current["metadata"]["uid"]).collect();
    let total: i64 = mine.iter().map(|set| wanted(set)).sum();
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let recreate = deployment["spec"]["strategy"]["type"] == "Recreate";
    let surge = share(&rolling["maxSurge"], count, true);
    let unavailable = share(&rolling["maxUnavailable"], count, false);
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    let standing =
        old.iter().any(|set| set["status"]["replicas"].as_i64().unwrap_or(0) > 0 || wanted(set) > 0);
    let have = wanted(current);
    let new = match () {
        () if !standing || have > count => count,
        () if recreate => have,
        () => count.min(have + (count + surge - total).max(0)),
    };
    scale(world, &sets, current, new);
    let available: i64 =
        mine.iter().map(|set| set["status"]["availableReplicas"].as_i64().unwrap_or(0)).sum();
    let mut spare = if recreate { i64::MAX } else { available - (count - unavailable) };
    for set in old {
        // What never became ready may go at once.
        let unready = (wanted(set) - set["status"]["availableReplicas"].as_i64().unwrap_or(0)).max(0);
        let down = wanted(set).min(unready + spare.max(0));
        spare = spare.saturating_sub((down - unready).max(0));
        scale(world, &sets, set, wanted(set) - down);
    }
}

fn scale(world: &mut World, sets: &Arc<crate::kind::Kind>, set: &Value, replicas: i64) {
    let key = key(sets, set);
    world.edit(sets, &key, &writer(""), |set| set["spec"]["replicas"] = replicas.into());
}

/// Counts revisions, on the set and on the deployment.
fn number(world: &mut World, deployment: &Value, current: &Value, mine: &[Arc<Value>]) {
    let (kind, sets) = (world.kind("apps", "deployments"), world.kind("apps", "replicasets"));
    let of =
        |set: &Value| set["metadata"]["annotations"][REVISION].as_str().and_then(|n| n.parse::<u64>().ok());
    let other = |set: &&Arc<Value>| set["metadata"]["uid"] != current["metadata"]["uid"];
    let highest = mine.iter().filter(other).filter_map(|set| of(set)).max().unwrap_or(0);
    let revision = of(current).filter(|own| *own > highest).unwrap_or(highest + 1).to_string();
    for (kind, object) in [(&sets, current), (&kind, deployment)] {
        let key = key(kind, object);
        world.edit(kind, &key, &writer(""), |object| {
            object["metadata"]["annotations"][REVISION] = revision.clone().into();
        });
    }
}

fn status(world: &mut World, deployment: &Value, current: Option<&Arc<Value>>) {
    let (kind, sets) = (world.kind("apps", "deployments"), world.kind("apps", "replicasets"));
    let Some(deployment) = world.get(&key(&kind, deployment)) else { return };
    let mine: Vec<Arc<Value>> = world
        .list(&sets, text(&deployment, "namespace"))
        .into_iter()
        .filter(|set| owned_by(set, &deployment))
        .collect();
    let sum = |field: &str| mine.iter().map(|set| set["status"][field].as_i64().unwrap_or(0)).sum::<i64>();
    let current = current.and_then(|current| world.get(&key(&sets, current)));
    let updated = current.as_ref().map_or(0, |set| set["status"]["replicas"].as_i64().unwrap_or(0));
    let (count, available) = (wanted(&deployment), sum("availableReplicas"));
    let mut status = without_zeros(json!({
        "observedGeneration": deployment["metadata"]["generation"], "replicas": sum("replicas"),
        "updatedReplicas": updated, "readyReplicas": sum("readyReplicas"), "availableReplicas": available,
        "unavailableReplicas": (count.max(sum("replicas")) - available).max(0),
    }));
    let unavailable = share(&deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], count, false);
    let enough = available >= count - unavailable;
    let name = current.as_ref().map(|set| text(set, "name").to_owned()).unwrap_or_default();
    let (reason, message) = if enough {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let done = updated == count && available >= count && sum("replicas") == count;
    let (why, progress) = if done {
        ("NewReplicaSetAvailable", format!("ReplicaSet \"{name}\" has successfully progressed."))
    } else {
        ("ReplicaSetUpdated", format!("ReplicaSet \"{name}\" is progressing."))
    };
    status["conditions"] = json!([
        condition(&deployment["status"], "Available", enough, reason, message),
        condition(&deployment["status"], "Progressing", true, why, &progress),
    ]);
    set_status(world, &kind, &deployment, status);
}
