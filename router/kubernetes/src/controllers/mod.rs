//! Controllers, scheduler and kubelet: they wake when something changed, and look at that namespace.

mod budget;
mod daemon;
mod deployment;
mod endpoints;
mod garbage;
mod job;
pub(super) mod kubelet;
mod replicas;
mod stateful;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::deleting::Deletion;
use super::kind::Kind;
use super::managed::Writer;
use super::selector::Labels;
use super::store::{Key, World, key};

/// Works until the server ends.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut changed = shared.world().subscribe();
    let mut stopping = BTreeSet::new();
    loop {
        changed.borrow_and_update();
        let stops = step(&mut shared.world());
        for (uid, grace) in stops {
            if stopping.insert(uid.clone()) {
                let (shared, time) = (Arc::clone(&shared), shared.stop_after().min(grace));
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    shared.world().stopped(&uid);
                });
            }
        }
        // Between two looks requests have their turn.
        tokio::task::yield_now().await;
        if changed.changed().await.is_err() {
            return;
        }
    }
}

/// One look at each namespace where something changed; answers which pods' containers must stop, and how soon.
fn step(world: &mut World) -> Vec<(String, Duration)> {
    if !world.controlled {
        return Vec::new();
    }
    let mut stops = Vec::new();
    for namespace in std::mem::take(&mut world.dirty) {
        garbage::collect(world, &namespace);
        if namespace.is_empty() || !garbage::namespace(world, &namespace) {
            continue;
        }
        deployment::control(world, &namespace);
        replicas::control(world, &namespace);
        stateful::control(world, &namespace);
        daemon::control(world, &namespace);
        job::control(world, &namespace);
        stops.extend(kubelet::control(world, &namespace));
        endpoints::control(world, &namespace);
        budget::control(world, &namespace);
    }
    stops
}

fn writer(subresource: &str) -> Writer {
    Writer {
        manager: "kube-controller-manager".to_owned(),
        subresource: subresource.to_owned(),
        ..Writer::default()
    }
}

fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object["metadata"][field].as_str().unwrap_or_default()
}

fn deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

fn finished(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

fn ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.clone().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// The reference that says who controls the object.
fn controller(object: &Value) -> Option<&Value> {
    object["metadata"]["ownerReferences"].as_array()?.iter().find(|owner| owner["controller"] == true)
}

fn owned_by(object: &Value, owner: &Value) -> bool {
    controller(object).is_some_and(|reference| reference["uid"] == owner["metadata"]["uid"])
}

fn reference(kind: &Kind, owner: &Value) -> Value {
    json!({"apiVersion": kind.api_version(), "kind": kind.kind, "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true})
}

/// The pods of an owner: those it controls and selects. Adopts orphans that it selects, and releases what it
/// selects no more: the pod stays, without the reference.
fn claim(world: &mut World, kind: &Kind, owner: &Value) -> Vec<Arc<Value>> {
    let (pods, namespace) = (world.kind("", "pods"), text(owner, "namespace").to_owned());
    let Some(selector) = Labels::of_selector(&owner["spec"]["selector"]) else { return Vec::new() };
    for pod in world.list(&pods, &namespace) {
        let selected = selector.matches(&pod["metadata"]["labels"]);
        let key = key(&pods, &pod);
        if owned_by(&pod, owner) {
            if !selected && !deleting(owner) {
                world.edit(&pods, &key, &writer(""), |pod| release(pod, owner));
            }
        } else if controller(&pod).is_none()
            && selected
            && !deleting(owner)
            && !deleting(&pod)
            && !finished(&pod)
        {
            let reference = reference(kind, owner);
            world.edit(&pods, &key, &writer(""), |pod| {
                push(&mut pod["metadata"]["ownerReferences"], reference)
            });
        }
    }
    world.list(&pods, &namespace).into_iter().filter(|pod| owned_by(pod, owner)).collect()
}

fn release(pod: &mut Value, owner: &Value) {
    if let Some(owners) = pod["metadata"]["ownerReferences"].as_array_mut() {
        owners.retain(|reference| reference["uid"] != owner["metadata"]["uid"]);
    }
    // Nobody would ever take this one away.
    if let Some(finalizers) = pod["metadata"]["finalizers"].as_array_mut() {
        finalizers.retain(|name| name != job::TRACKED);
    }
}

fn push(list: &mut Value, item: Value) {
    match list {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    }
}

/// A pod by an owner's template; a name that ends in `-` is a stem.
fn pod_of(kind: &Kind, owner: &Value, name: &str, labels: &[(&str, &str)]) -> Value {
    let template = &owner["spec"]["template"];
    let mut metadata = json!({"ownerReferences": [reference(kind, owner)]});
    let named = if name.ends_with('-') { "generateName" } else { "name" };
    metadata[named] = name.into();
    for field in ["labels", "annotations", "finalizers"] {
        if !template["metadata"][field].is_null() {
            metadata[field] = template["metadata"][field].clone();
        }
    }
    for (label, value) in labels {
        metadata["labels"][*label] = (*value).into();
    }
    json!({"metadata": metadata, "spec": template["spec"]})
}

/// Creates it; what is refused is tried again when something changes.
fn create(world: &mut World, plural: (&str, &str), namespace: &str, object: Value) -> Option<Arc<Value>> {
    let kind = world.kind(plural.0, plural.1);
    world.create(&kind, namespace, object, &writer("")).ok()
}

fn delete(world: &mut World, kind: &Arc<Kind>, object: &Value) {
    // It may be gone already.
    let _ = world.delete(kind, &key(kind, object), &Deletion::default());
}

/// Sets an object's status, where it differs.
fn set_status(world: &mut World, kind: &Arc<Kind>, object: &Value, status: Value) {
    let key: Key = key(kind, object);
    world.edit(kind, &key, &writer("status"), |object| object["status"] = status);
}

/// A condition that keeps its time while its status stays.
fn condition(before: &Value, what: &str, holds: bool, reason: &str, message: &str) -> Value {
    let status = if holds { "True" } else { "False" };
    let old = before["conditions"].as_array().into_iter().flatten().find(|old| old["type"] == what);
    let same = old.filter(|old| old["status"] == status);
    let since = |field: &str| {
        same.and_then(|old| old[field].as_str().map(str::to_owned)).unwrap_or_else(super::store::now)
    };
    json!({"type": what, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": since("lastTransitionTime")})
}

/// Leaves numbers out that are zero, as Go does.
fn without_zeros(status: Value) -> Value {
    let Value::Object(mut status) = status else { return status };
    status.retain(|name, value| name == "observedGeneration" || *value != 0);
    Value::Object(status)
}

/// A name for a template's content, as stable as the content.
fn hash(template: &Value) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in template.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let letters = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |number: u64| {
        char::from(letters[usize::try_from(number % letters.len() as u64).expect("less than 27")])
    };
    (0..10)
        .scan(hash, |rest, _| {
            let now = *rest;
            *rest /= 27;
            Some(letter(now))
        })
        .collect()
}
