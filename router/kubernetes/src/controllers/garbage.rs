//! Garbage collection by owner, and the life and death of namespaces.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{delete, deleting, text, writer};
use crate::kind::Kind;
use crate::store::{World, key};

/// Deletes what no owner has any more, and carries out foreground deletion and orphaning.
pub(super) fn collect(world: &mut World, namespace: &str) {
    for (kind, object) in everything(world, namespace) {
        let owners = object["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
        let there = |owner: &Value| owner["uid"].as_str().is_some_and(|uid| world.key_of(uid).is_some());
        let left: Vec<Value> = owners.iter().filter(|owner| there(owner)).cloned().collect();
        if !owners.is_empty() && left.is_empty() {
            if !deleting(&object) {
                delete(world, &kind, &object);
            }
        } else if left.len() < owners.len() {
            let key = key(&kind, &object);
            world
                .edit(&kind, &key, &writer(""), |object| object["metadata"]["ownerReferences"] = left.into());
        }
        if deleting(&object) {
            finish(world, &kind, &object, namespace);
        }
    }
}

fn everything(world: &World, namespace: &str) -> Vec<(Arc<Kind>, Arc<Value>)> {
    if !namespace.is_empty() {
        return world.within(namespace);
    }
    let kinds: Vec<Arc<Kind>> = world.kinds().iter().filter(|kind| !kind.namespaced).cloned().collect();
    kinds.iter().flat_map(|kind| world.list(kind, "").into_iter().map(|o| (Arc::clone(kind), o))).collect()
}

fn finish(world: &mut World, kind: &Arc<Kind>, object: &Value, namespace: &str) {
    let finalizers = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let has = |name: &str| finalizers.iter().any(|have| have == name);
    if !has("foregroundDeletion") && !has("orphan") {
        return;
    }
    let mine = |dependent: &Value| {
        let owners = dependent["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        owners.clone().any(|owner| owner["uid"] == object["metadata"]["uid"])
    };
    let dependents: Vec<_> =
        everything(world, namespace).into_iter().filter(|(_, dependent)| mine(dependent)).collect();
    for (kind, dependent) in &dependents {
        if has("orphan") {
            let key = key(kind, dependent);
            world.edit(kind, &key, &writer(""), |dependent| {
                if let Some(owners) = dependent["metadata"]["ownerReferences"].as_array_mut() {
                    owners.retain(|owner| owner["uid"] != object["metadata"]["uid"]);
                }
            });
        } else if !deleting(dependent) {
            delete(world, kind, dependent);
        }
    }
    let over = if has("orphan") { "orphan" } else { "foregroundDeletion" };
    if over == "orphan" || dependents.is_empty() {
        let key = key(kind, object);
        world.edit(kind, &key, &writer(""), |object| {
            if let Some(finalizers) = object["metadata"]["finalizers"].as_array_mut() {
                finalizers.retain(|name| name != over);
            }
        });
    }
}

/// Gives a namespace what every one has, or takes everything from one that is deleted; whether it lives.
pub(super) fn namespace(world: &mut World, name: &str) -> bool {
    let namespaces = world.kind("", "namespaces");
    let Some(namespace) = world.namespace(name) else { return false };
    if !deleting(&namespace) {
        for (plural, object) in [
            ("serviceaccounts", json!({"metadata": {"name": "default"}})),
            ("configmaps", json!({"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": ""}})),
        ] {
            let kind = world.kind("", plural);
            let key =
                key(&kind, &json!({"metadata": {"namespace": name, "name": object["metadata"]["name"]}}));
            if world.get(&key).is_none() {
                super::create(world, ("", plural), name, object);
            }
        }
        return true;
    }
    for (kind, object) in world.within(name) {
        if !deleting(&object) {
            delete(world, &kind, &object);
        }
    }
    if world.within(name).is_empty() {
        let key = key(&namespaces, &namespace);
        world.edit(&namespaces, &key, &writer(""), |namespace| namespace["spec"]["finalizers"] = json!([]));
        return false;
    }
    // Its pods still have to stop.
    !text(&namespace, "name").is_empty()
}
