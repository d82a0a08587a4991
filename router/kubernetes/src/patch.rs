//! Merge patches and strategic merge patches.

use serde_json::{Map, Value};

use super::kind::Kind;
use super::shape;

/// RFC 7386.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let target = target.as_object_mut().expect("it was just made one");
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Kubernetes' own: as a merge patch, but keyed lists are merged by their key, and `$patch`,
/// `$deleteFromPrimitiveList` and `$retainKeys` are obeyed. `$setElementOrder` is taken and changes nothing.
pub(crate) fn strategic(kind: &Kind, target: &mut Value, patch: &Value) {
    strategic_at(kind, &mut Vec::new(), target, patch);
}

fn strategic_at<'p>(kind: &Kind, path: &mut Vec<&'p str>, target: &mut Value, patch: &'p Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *target =
                Value::Object(patch.iter().filter(|(name, _)| !name.starts_with('$')).map(own).collect());
            return;
        }
        Some("delete") => {
            *target = Value::Null;
            return;
        }
        _ => {}
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let target = target.as_object_mut().expect("it was just made one");
    if let Some(keep) = patch.get("$retainKeys").and_then(Value::as_array) {
        target.retain(|name, _| keep.iter().any(|kept| kept == name));
    }
    for (name, value) in patch {
        if let Some(field) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().cloned().unwrap_or_default();
            if let Some(Value::Array(items)) = target.get_mut(field) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if name.starts_with('$') {
            continue;
        }
        if value.is_null() {
            target.remove(name);
            continue;
        }
        path.push(name);
        let slot = target.entry(name.clone()).or_insert(Value::Null);
        match value {
            Value::Array(items) => lists(kind, path, slot, items),
            _ => strategic_at(kind, path, slot, value),
        }
        if slot.is_null() {
            target.remove(name);
        }
        path.pop();
    }
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn lists<'p>(kind: &Kind, path: &mut Vec<&'p str>, target: &mut Value, patch: &'p [Value]) {
    let is_directive =
        |item: &Value| item["$patch"] == "replace" && item.as_object().is_some_and(|o| o.len() == 1);
    let set = shape::list(kind, path) == shape::List::Set;
    let key = shape::patch_key(kind, path);
    if patch.iter().any(is_directive) || (key.is_none() && !set) {
        *target = patch.iter().filter(|item| !is_directive(item)).cloned().collect();
        return;
    }
    if !target.is_array() {
        *target = Value::Array(Vec::new());
    }
    let items = target.as_array_mut().expect("it was just made one");
    for change in patch {
        let Some(key) = &key else {
            if !items.contains(change) {
                items.push(change.clone());
            }
            continue;
        };
        let found = items.iter().position(|item| item[key] == change[key]);
        match (found, change["$patch"] == "delete") {
            (Some(index), true) => drop(items.remove(index)),
            (None, true) => {}
            (Some(index), false) => strategic_at(kind, path, &mut items[index], change),
            (None, false) => {
                let mut new = Value::Null;
                strategic_at(kind, path, &mut new, change);
                items.push(new);
            }
        }
    }
}
