//! The four kinds of patch, each as its content type says.

use std::sync::Arc;

use serde_json::{Value, json};

use super::apply;
use super::failure::{Cause, Failure};
use super::kind::Kind;
use super::patch;
use super::serving::Asked;
use super::store::{World, now};
use super::typed;

/// The patched object, and 201 where apply has created it.
pub(crate) fn patch(world: &mut World, asked: &Asked) -> Result<(u16, Arc<Value>), Failure> {
    let media = asked.content_type.split(';').next().unwrap_or_default().trim();
    match media {
        "application/apply-patch+yaml" => return applied(world, asked),
        "application/strategic-merge-patch+json" if asked.kind.builtin => {}
        "application/json-patch+json" | "application/merge-patch+json" => {}
        _ => return Err(Failure::unsupported_media_type()),
    }
    let change = parse(&asked.body, asked)?;
    let (kind, key) = (&asked.kind, asked.key());
    let live = world.get(&key).ok_or_else(|| Failure::not_found(kind, &key.name))?;
    let scale = asked.about.subresource == "scale";
    let before = if scale { world.scale(kind, &key)? } else { (*live).clone() };
    let mut new = before.clone();
    match media {
        "application/json-patch+json" => {
            let change: json_patch::Patch = serde_json::from_value(change)
                .map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
            json_patch::patch(&mut new, &change).map_err(|_| Failure::patch_does_not_apply())?;
        }
        "application/merge-patch+json" => patch::merge(&mut new, &change),
        _ => patch::strategic(kind, &mut new, &change),
    }
    let writer = asked.writer()?;
    if scale {
        return world.set_scale(kind, &key, &new, &writer).map(|scale| (200, Arc::new(scale)));
    }
    world.replace(kind, &key, new, &writer, true).map(|new| (200, new))
}

fn parse(body: &[u8], asked: &Asked) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let about = String::from_utf8_lossy(&asked.body);
        Failure::bad_request(format!("error decoding patch: {error} ({about})"))
    })
}

fn options_kind(kind: &Kind) -> Kind {
    Kind { group: "meta.k8s.io".to_owned(), kind: "PatchOptions".to_owned(), ..kind.clone() }
}

fn applied(world: &mut World, asked: &Asked) -> Result<(u16, Arc<Value>), Failure> {
    let (kind, key) = (&asked.kind, asked.key());
    if asked.query.get("fieldManager").is_none() {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        let mut failure = Failure::invalid(&options_kind(kind), "", &[cause]);
        if let Some(details) = failure.details.as_mut().and_then(Value::as_object_mut) {
            details.remove("name");
        }
        return Err(failure);
    }
    let text = String::from_utf8_lossy(&asked.body);
    let object: Value = match serde_json::from_str(&text) {
        Ok(object) => object,
        Err(_) => serde_saphyr::from_str(&text)
            .map_err(|error| Failure::bad_request(format!("error decoding YAML: {error}")))?,
    };
    if object["metadata"]["managedFields"].as_array().is_some_and(|entries| !entries.is_empty()) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    if object["apiVersion"] != kind.api_version().as_str() || object["kind"] != kind.kind.as_str() {
        let message = format!(
            "failed to create typed patch object ({}/{}; {}): incorrect version specified in apply patch",
            key.namespace, key.name, object["apiVersion"]
        );
        return Err(Failure::bad_request(message));
    }
    let mut object = object;
    if let Some(object) = object.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    let writer = asked.writer()?;
    let force = asked.query.is("force");
    let live = world.get(&key);
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let Some(live) = live else {
        if !writer.subresource.is_empty() {
            return Err(Failure::not_found(kind, &key.name));
        }
        if !uid.is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            );
            return Err(Failure::conflict(kind, &key.name, &why));
        }
        let mut creation = asked.about.clone();
        creation.verb = "create".to_owned();
        asked.user.check(&creation)?;
        object["metadata"]["name"] = key.name.clone().into();
        let empty = json!({"metadata": {}});
        let new = apply::apply(kind, &empty, &object, &writer, force, &now())?;
        // Created with the entries that apply has made.
        let untracked = super::managed::Writer { manager: String::new(), ..writer };
        return world.create(kind, &key.namespace, new, &untracked).map(|new| (201, new));
    };
    let mut new = apply::apply(kind, &live, &object, &writer, force, &now())?;
    let entries = new["metadata"]["managedFields"].clone();
    if writer.subresource.is_empty() {
        new = typed::read(kind, new)?;
    }
    new["metadata"]["managedFields"] = entries;
    if !uid.is_empty() {
        new["metadata"]["uid"] = uid.into();
    }
    world.replace(kind, &key, new, &writer, false).map(|new| (200, new))
}
