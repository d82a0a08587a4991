//! Creating, replacing and deleting: the one way in which objects change, for requests and controllers alike.

use std::sync::Arc;

use serde_json::{Value, json};

use super::admission::{self, Change};
use super::defaults;
use super::failure::{Cause, Failure};
use super::kind::Kind;
use super::managed::{self, Writer};
use super::store::{Key, World, key, now, suffix, uuid};
use super::typed;
use super::validate;

impl World {
    /// Creates an object as a request or a controller describes it.
    pub(crate) fn create(
        &mut self,
        kind: &Arc<Kind>,
        namespace: &str,
        object: Value,
        writer: &Writer,
    ) -> Result<Arc<Value>, Failure> {
        let object = self.prepare(kind, namespace, object, writer)?;
        let (user, old) = (writer.user.as_str(), &Value::Null);
        let change = Change { user, operation: "CREATE", subresource: "", object: &object, old };
        admission::admit(self, kind, &key(kind, &object), &change)?;
        Ok(if writer.dry { Arc::new(object) } else { self.put(kind, object) })
    }

    fn prepare(
        &self,
        kind: &Arc<Kind>,
        namespace: &str,
        object: Value,
        writer: &Writer,
    ) -> Result<Value, Failure> {
        let mut object = typed::read(kind, object)?;
        object["apiVersion"] = kind.api_version().into();
        object["kind"] = kind.kind.clone().into();
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        let metadata = &mut object["metadata"];
        if let Some(stem) =
            metadata["generateName"].as_str().filter(|_| metadata["name"].as_str().is_none_or(str::is_empty))
        {
            metadata["name"] = format!("{stem}{}", suffix(5)).into();
        }
        let metadata = object["metadata"].as_object_mut().expect("it was just made one");
        if metadata.get("resourceVersion").and_then(Value::as_str).is_some_and(|version| !version.is_empty())
        {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Failure::new(500, "InternalError", format!("Internal error occurred: {message}")));
        }
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
            metadata.remove(field);
        }
        // Entries are kept where server-side apply has made them.
        if !writer.manager.is_empty() {
            metadata.remove("managedFields");
        }
        if kind.namespaced {
            metadata.insert("namespace".to_owned(), namespace.into());
        } else {
            metadata.remove("namespace");
        }
        let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        metadata.insert("uid".to_owned(), uuid().into());
        metadata.insert("creationTimestamp".to_owned(), now().into());
        metadata.remove("generation");
        if kind.generation {
            metadata.insert("generation".to_owned(), 1.into());
        }
        match defaults::first_status(kind, &object) {
            Some(status) => object["status"] = status,
            None if kind.has("status") && !kind.is("", "nodes") => {
                object.as_object_mut().expect("objects are objects").remove("status");
            }
            None => {}
        }
        defaults::fill_in(kind, &mut object);
        defaults::with_uid(kind, &mut object);
        validate::create(kind, &object)?;
        self.check_namespace(kind, namespace, &name)?;
        if self.get(&Key::new(kind, namespace, &name)).is_some() {
            return Err(Failure::already_exists(kind, &name));
        }
        if kind.is_pod() {
            self.check_account(&object, namespace)?;
        }
        if !writer.manager.is_empty() {
            let mut zero = managed::zero(kind);
            if kind.has("status") {
                zero["status"] = object["status"].clone();
            }
            if kind.is("", "namespaces") {
                zero["spec"] = object["spec"].clone();
            }
            managed::update(kind, &zero, &mut object, writer, &now());
        }
        if kind.is_pod() {
            defaults::admit_pod(&mut object);
        }
        Ok(object)
    }

    fn check_namespace(&self, kind: &Kind, namespace: &str, name: &str) -> Result<(), Failure> {
        if !kind.namespaced {
            return Ok(());
        }
        let Some(home) = self.namespace(namespace) else {
            return Err(Failure::not_found(&self.kind("", "namespaces"), namespace));
        };
        if home["metadata"]["deletionTimestamp"].is_string() {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            let message = format!("{} \"{name}\" is forbidden: {why}", kind.resource());
            let mut failure = Failure::forbidden(message, Some(name), &kind.group, &kind.plural);
            if let Some(details) = &mut failure.details {
                details["causes"] = json!([{"reason": "NamespaceTerminating",
                    "message": format!("namespace {namespace} is being terminated"), "field": "metadata.namespace"}]);
            }
            return Err(failure);
        }
        Ok(())
    }

    fn check_account(&self, pod: &Value, namespace: &str) -> Result<(), Failure> {
        let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default");
        let kind = self.kind("", "serviceaccounts");
        if self.get(&Key::new(&kind, namespace, account)).is_some() {
            return Ok(());
        }
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let message = format!(
            "pods \"{name}\" is forbidden: error looking up service account {namespace}/{account}: \
             serviceaccount \"{account}\" not found"
        );
        Err(Failure::forbidden(message, Some(name), "", "pods"))
    }

    /// Puts `new` in the place of the object at `key`, as far as that may be.
    ///
    /// `tracked` is false where server-side apply has written the `managedFields` already.
    pub(crate) fn replace(
        &mut self,
        kind: &Arc<Kind>,
        key: &Key,
        new: Value,
        writer: &Writer,
        tracked: bool,
    ) -> Result<Arc<Value>, Failure> {
        let old = self.get(key).ok_or_else(|| Failure::not_found(kind, &key.name))?;
        let own_entries = new["metadata"]["managedFields"].clone();
        let mut new = if writer.subresource == "status" { new } else { typed::read(kind, new)? };
        check_identity(kind, key, &old, &new)?;
        new["apiVersion"] = kind.api_version().into();
        new["kind"] = kind.kind.clone().into();
        keep_metadata(&old, &mut new);
        match writer.subresource.as_str() {
            "status" => {
                let (status, mut whole) = (new["status"].take(), (*old).clone());
                whole["status"] = status;
                for field in
                    ["labels", "annotations"].iter().filter(|_| !kind.builtin || kind.is("", "nodes"))
                {
                    whole["metadata"][*field] = new["metadata"][*field].clone();
                }
                new = whole;
            }
            _ if kind.has("status") && !kind.is("", "nodes") => match old.get("status") {
                Some(status) => new["status"] = status.clone(),
                None => drop(new.as_object_mut().map(|new| new.remove("status"))),
            },
            _ => {}
        }
        if writer.subresource.is_empty() || writer.subresource == "scale" {
            defaults::fill_in(kind, &mut new);
            for list in ["labels", "annotations", "finalizers", "ownerReferences"] {
                let empty = |value: &Value| match value {
                    Value::Object(map) => map.is_empty(),
                    Value::Array(items) => items.is_empty(),
                    other => other.is_null(),
                };
                if new["metadata"].get(list).is_some_and(empty) {
                    new["metadata"].as_object_mut().map(|metadata| metadata.remove(list));
                }
            }
            validate::update(kind, &old, &new)?;
        }
        if let Some(metadata) = new["metadata"].as_object_mut() {
            metadata.retain(|_, value| !value.is_null());
        }
        if kind.generation && writer.subresource != "status" && differs_in_content(&old, &new) {
            let generation = old["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
            new["metadata"]["generation"] = generation.into();
        }
        if tracked {
            managed::update(kind, &old, &mut new, writer, &now());
        } else {
            new["metadata"]["managedFields"] = own_entries;
        }
        let (user, subresource) = (writer.user.as_str(), writer.subresource.as_str());
        let change = Change { user, operation: "UPDATE", subresource, object: &new, old: &old };
        admission::admit(self, kind, key, &change)?;
        if new == *old || writer.dry {
            return Ok(Arc::new(new));
        }
        if self.finished(kind, &new) {
            self.remove(kind, key);
            return Ok(Arc::new(new));
        }
        Ok(self.put(kind, new))
    }

    /// Whether nothing keeps a deleted object any longer.
    fn finished(&self, kind: &Kind, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let held = kind.is("", "namespaces")
            && object["spec"]["finalizers"].as_array().is_some_and(|f| !f.is_empty());
        metadata["deletionTimestamp"].is_string()
            && metadata["finalizers"].as_array().is_none_or(Vec::is_empty)
            && metadata["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
            && !held
    }

    /// A controller's write of `change` to the object, if it is still there; nothing where nothing differs.
    pub(crate) fn edit(
        &mut self,
        kind: &Arc<Kind>,
        key: &Key,
        writer: &Writer,
        change: impl FnOnce(&mut Value),
    ) {
        let Some(old) = self.get(key) else { return };
        let mut new = (*old).clone();
        change(&mut new);
        if new != *old {
            let written = self.replace(kind, key, new, writer, true);
            debug_assert!(written.is_ok(), "a controller's write is refused: {written:?}");
        }
    }
}

fn check_identity(kind: &Kind, at: &Key, old: &Value, new: &Value) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (have, given) = (&old["metadata"], &new["metadata"]);
    let found = key(kind, new);
    if !found.name.is_empty() && found.name != at.name {
        let message = format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            found.name, at.name
        );
        return Err(Failure::bad_request(message));
    }
    if !found.namespace.is_empty() && found.namespace != at.namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Failure::bad_request(message));
    }
    let (uid, version) = (text(&given["uid"]), text(&given["resourceVersion"]));
    if !uid.is_empty() && given["uid"] != have["uid"] {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            text(&have["uid"])
        );
        return Err(Failure::conflict(kind, &at.name, &why));
    }
    if !version.is_empty() && version.parse::<u64>().is_err() {
        let why = format!("strconv.ParseUint: parsing {version:?}: invalid syntax");
        let cause = Cause::invalid("metadata.resourceVersion", &version.into(), &why);
        return Err(Failure::invalid(kind, &at.name, &[cause]));
    }
    if !version.is_empty() && given["resourceVersion"] != have["resourceVersion"] {
        return Err(Failure::modified(kind, &at.name));
    }
    Ok(())
}

/// What no update changes.
fn keep_metadata(old: &Value, new: &mut Value) {
    if !new["metadata"].is_object() {
        new["metadata"] = json!({});
    }
    let metadata = new["metadata"].as_object_mut().expect("it was just made one");
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "generation",
        "generateName",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "resourceVersion",
        "managedFields",
    ] {
        match old["metadata"].get(field) {
            Some(value) => drop(metadata.insert(field.to_owned(), value.clone())),
            None => drop(metadata.remove(field)),
        }
    }
}

fn differs_in_content(old: &Value, new: &Value) -> bool {
    let rest = |object: &Value| {
        let mut map = object.as_object().cloned().unwrap_or_default();
        map.retain(|name, _| name != "metadata" && name != "status");
        map
    };
    rest(old) != rest(new)
}
