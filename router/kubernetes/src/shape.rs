//! How values merge: which lists are keyed, which are sets, and which values only change as a whole.

use serde_json::{Map, Value};

use super::kind::Kind;

/// How a list is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// Replaced as a whole.
    Atomic,
    /// Scalars, each once.
    Set,
    /// Objects, told apart by these fields.
    Keyed(Vec<String>),
}

fn keyed(keys: &[&str]) -> List {
    List::Keyed(keys.iter().map(|key| (*key).to_owned()).collect())
}

/// How the list at that path (field names only) is merged by server-side apply.
pub(crate) fn list(kind: &Kind, path: &[&str]) -> List {
    if let ["metadata", field] | [.., "template" | "jobTemplate", "metadata", field] = path {
        match *field {
            "finalizers" => return List::Set,
            "ownerReferences" => return keyed(&["uid"]),
            _ => {}
        }
    }
    if !kind.builtin {
        return custom_list(kind, path);
    }
    let (field, parent) = (path.last().copied().unwrap_or_default(), path.iter().rev().nth(1).copied());
    match (field, parent.unwrap_or_default()) {
        ("containers" | "initContainers" | "ephemeralContainers", "spec") => keyed(&["name"]),
        ("env" | "volumes" | "imagePullSecrets" | "secrets" | "resourceClaims" | "claims", _) => {
            keyed(&["name"])
        }
        ("volumeMounts", "containers" | "initContainers" | "ephemeralContainers") => keyed(&["mountPath"]),
        ("volumeDevices", _) => keyed(&["devicePath"]),
        ("ports", "containers" | "initContainers") => keyed(&["containerPort", "protocol"]),
        ("ports", "spec") if kind.plural == "services" => keyed(&["port", "protocol"]),
        ("conditions", "status") => keyed(&["type"]),
        ("podIPs" | "hostAliases", _) => keyed(&["ip"]),
        ("addresses", "status") => keyed(&["type"]),
        ("topologySpreadConstraints", _) => keyed(&["topologyKey", "whenUnsatisfiable"]),
        ("podCIDRs", _) => List::Set,
        _ => List::Atomic,
    }
}

/// The key that a strategic merge patch merges the list by; none where it replaces the list.
pub(crate) fn patch_key(kind: &Kind, path: &[&str]) -> Option<String> {
    let (field, parent) = (path.last().copied().unwrap_or_default(), path.iter().rev().nth(1).copied());
    let key = match (field, parent.unwrap_or_default()) {
        ("taints", "spec") => "key",
        ("hostIPs", "status") => "ip",
        _ => match list(kind, path) {
            List::Keyed(keys) => return keys.first().cloned(),
            List::Atomic | List::Set => return None,
        },
    };
    Some(key.to_owned())
}

/// Whether the object at that path changes only as a whole.
pub(crate) fn atomic(kind: &Kind, path: &[&str]) -> bool {
    let field = path.last().copied().unwrap_or_default();
    if field == "ownerReferences" {
        return true;
    }
    if !kind.builtin {
        return custom(kind, path)["x-kubernetes-map-type"] == "atomic";
    }
    matches!(
        field,
        "selector"
            | "podSelector"
            | "namespaceSelector"
            | "labelSelector"
            | "nodeSelector"
            | "involvedObject"
            | "targetRef"
            | "scaleTargetRef"
            | "fieldRef"
            | "resourceFieldRef"
            | "secretKeyRef"
            | "configMapKeyRef"
            | "secretRef"
            | "configMapRef"
            | "imagePullSecrets"
            | "nodeSelectorTerms"
            | "claimRef"
    ) && path.len() > 1
        || field == "involvedObject"
}

/// Whether an object at that path is a map of the user's keys, rather than a struct of the API's fields.
pub(crate) fn free_map(kind: &Kind, path: &[&str]) -> bool {
    let field = path.last().copied().unwrap_or_default();
    matches!(field, "labels" | "annotations" | "data" | "limits" | "requests" | "capacity" | "allocatable")
        || (!kind.builtin && !custom(kind, path)["properties"].is_object())
}

fn custom<'a>(kind: &'a Kind, path: &[&str]) -> &'a Value {
    path.iter().fold(&kind.schema, |schema, name| {
        let schema = if schema["items"].is_object() { &schema["items"] } else { schema };
        match &schema["properties"][*name] {
            Value::Null => &schema["additionalProperties"],
            found => found,
        }
    })
}

fn custom_list(kind: &Kind, path: &[&str]) -> List {
    let schema = custom(kind, path);
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => List::Set,
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].clone();
            List::Keyed(serde_json::from_value(keys).unwrap_or_default())
        }
        _ => List::Atomic,
    }
}

/// The `k:{…}` under which an item of a keyed list is owned.
pub(crate) fn item_key(keys: &[String], item: &Value) -> String {
    let mut map = Map::new();
    for key in keys {
        let value = match &item[key] {
            // The only key with a default.
            Value::Null if key == "protocol" => Value::from("TCP"),
            value => value.clone(),
        };
        if !value.is_null() {
            map.insert(key.clone(), value);
        }
    }
    format!("k:{}", Value::Object(map))
}

/// The parts of a value that are owned one by one; none where it is owned as a whole.
///
/// Each with its path element and, for an object's field, its name.
pub(crate) fn parts<'v>(
    kind: &Kind,
    path: &[&str],
    value: &'v Value,
) -> Option<Vec<(String, Option<&'v str>, &'v Value)>> {
    match value {
        Value::Object(map) if !map.is_empty() && !atomic(kind, path) => {
            Some(map.iter().map(|(name, value)| (format!("f:{name}"), Some(name.as_str()), value)).collect())
        }
        Value::Array(items) if !items.is_empty() => match list(kind, path) {
            List::Atomic => None,
            List::Set => Some(items.iter().map(|item| (format!("v:{item}"), None, item)).collect()),
            List::Keyed(keys) => Some(items.iter().map(|item| (item_key(&keys, item), None, item)).collect()),
        },
        _ => None,
    }
}
