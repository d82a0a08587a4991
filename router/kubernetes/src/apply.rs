//! Server-side apply: merge, ownership, conflicts.

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::fields::{Difference, FieldSet, Path, print};
use super::kind::Kind;
use super::managed::{self, Entry, Writer};
use super::shape::{self, List};

/// The live object with the applied one in it, or 409 where somebody else owns what would change.
///
/// An object that does not exist yet is applied to an empty one.
pub(crate) fn apply(
    kind: &Kind,
    live: &Value,
    applied: &Value,
    writer: &Writer,
    force: bool,
    now: &str,
) -> Result<Value, Failure> {
    let mut entries = Entry::all(live);
    let wanted = match writer.subresource.as_str() {
        "" if kind.has("status") => FieldSet::of(kind, applied).without(&[&["status"]]),
        _ => FieldSet::of(kind, applied),
    };
    let mine = entries.iter().position(|entry| entry.is(writer, true));
    let had = mine.map(|index| entries[index].set.clone()).unwrap_or_default();

    let mut new = live.clone();
    overlay(kind, &mut Vec::new(), &mut new, applied);
    restore_metadata(live, &mut new);
    let others: Vec<&Entry> = entries
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != mine)
        .map(|(_, entry)| entry)
        .collect();
    // Deepest first, so that an item's fields are gone before the item is looked at.
    for path in had.minus(&wanted).paths().iter().rev() {
        if !others.iter().any(|entry| entry.set.touches(path)) && !wanted.touches(path) {
            remove(kind, &mut new, path);
        }
    }

    let Difference { changed, removed } = Difference::between(kind, live, &new);
    let conflicts: Vec<(usize, FieldSet)> = entries
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != mine)
        .map(|(index, entry)| (index, entry.set.and(&changed)))
        .filter(|(_, set)| !set.is_empty())
        .collect();
    if !conflicts.is_empty() && !force {
        let named: Vec<(String, Path)> = conflicts
            .iter()
            .flat_map(|(index, set)| set.paths().into_iter().map(|path| (entries[*index].print(), path)))
            .collect();
        return Err(conflict(&named));
    }
    for (index, set) in &conflicts {
        entries[*index].set = entries[*index].set.minus(set);
    }
    for entry in &mut entries {
        entry.set = entry.set.minus(&removed);
    }
    match mine {
        Some(index) => {
            if entries[index].set != wanted {
                now.clone_into(&mut entries[index].time);
            }
            entries[index].set = wanted;
        }
        None => entries.push(Entry {
            manager: writer.manager.clone(),
            applied: true,
            subresource: writer.subresource.clone(),
            api_version: kind.api_version(),
            time: now.to_owned(),
            set: wanted,
        }),
    }
    managed::store(&mut new, entries);
    Ok(new)
}

/// What only the server sets stays as it is.
fn restore_metadata(live: &Value, new: &mut Value) {
    for field in ["uid", "creationTimestamp", "generation", "managedFields", "deletionTimestamp"] {
        let Some(metadata) = new["metadata"].as_object_mut() else { return };
        match live["metadata"].get(field) {
            Some(value) => drop(metadata.insert(field.to_owned(), value.clone())),
            None => drop(metadata.remove(field)),
        }
    }
}

fn conflict(named: &[(String, Path)]) -> Failure {
    let causes: Vec<Value> = named
        .iter()
        .map(|(who, path)| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": print(path)})
        })
        .collect();
    let message = match named {
        [(who, path)] => format!("Apply failed with 1 conflict: conflict with {who}: {}", print(path)),
        several => {
            let mut lines = Vec::new();
            let mut last = "";
            for (who, path) in several {
                if last != who {
                    lines.push(format!("conflicts with {who}:"));
                    last = who;
                }
                lines.push(format!("- {}", print(path)));
            }
            format!("Apply failed with {} conflicts: {}", several.len(), lines.join("\n"))
        }
    };
    Failure::new(409, "Conflict", message).with(json!({"causes": causes}))
}

fn overlay<'v>(kind: &Kind, path: &mut Vec<&'v str>, target: &mut Value, applied: &'v Value) {
    match applied {
        Value::Object(fields) if !shape::atomic(kind, path) && target.is_object() => {
            let target = target.as_object_mut().expect("it was just looked at");
            for (name, value) in fields {
                path.push(name);
                overlay(kind, path, target.entry(name.clone()).or_insert(Value::Null), value);
                path.pop();
            }
        }
        Value::Object(fields) if !shape::atomic(kind, path) && target.is_null() => {
            *target = Value::Object(Map::new());
            let target = target.as_object_mut().expect("it was just made one");
            for (name, value) in fields {
                path.push(name);
                overlay(kind, path, target.entry(name.clone()).or_insert(Value::Null), value);
                path.pop();
            }
        }
        Value::Array(items) if target.is_array() => match shape::list(kind, path) {
            List::Atomic => target.clone_from(applied),
            List::Set => {
                let have = target.as_array_mut().expect("it was just looked at");
                for item in items.iter().filter(|item| !have.contains(item)).cloned().collect::<Vec<_>>() {
                    have.push(item);
                }
            }
            List::Keyed(keys) => {
                let have = target.as_array_mut().expect("it was just looked at");
                for item in items {
                    let key = shape::item_key(&keys, item);
                    match have.iter_mut().find(|old| shape::item_key(&keys, old) == key) {
                        Some(old) => overlay(kind, path, old, item),
                        None => have.push(item.clone()),
                    }
                }
            }
        },
        other => target.clone_from(other),
    }
}

/// Takes away what the path leads to, and lists and maps that become empty by it.
fn remove(kind: &Kind, object: &mut Value, path: &[String]) {
    remove_at(kind, &mut Vec::new(), object, path);
}

fn remove_at(kind: &Kind, names: &mut Vec<String>, value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(name) = first.strip_prefix("f:") {
        let Some(map) = value.as_object_mut() else { return };
        let Some(inner) = map.get_mut(name) else { return };
        names.push(name.to_owned());
        remove_at(kind, names, inner, rest);
        names.pop();
        let emptied =
            inner.as_object().is_some_and(Map::is_empty) || inner.as_array().is_some_and(Vec::is_empty);
        if rest.is_empty() || (emptied && names.first().is_some_and(|n| n == "metadata")) {
            map.remove(name);
        }
        return;
    }
    let list = shape::list(kind, &borrowed);
    let Some(items) = value.as_array_mut() else { return };
    let is = |item: &Value| match &list {
        List::Keyed(keys) => shape::item_key(keys, item) == *first,
        List::Set | List::Atomic => format!("v:{item}") == *first,
    };
    if rest.is_empty() {
        items.retain(|item| !is(item));
    } else if let Some(item) = items.iter_mut().find(|item| is(item)) {
        remove_at(kind, names, item, rest);
    }
}
