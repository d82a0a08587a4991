//! `metadata.managedFields`: who last set what, kept by every write.

use serde_json::{Value, json};

use super::fields::{Difference, FieldSet};
use super::kind::Kind;

/// On whose behalf a write happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Writer {
    /// Field manager.
    pub(crate) manager: String,
    /// `status` or `scale`; empty for the object itself.
    pub(crate) subresource: String,
    /// Nothing is kept.
    pub(crate) dry: bool,
    /// Who asks for it; empty for the server and its controllers.
    pub(crate) user: String,
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) applied: bool,
    pub(crate) subresource: String,
    pub(crate) api_version: String,
    pub(crate) time: String,
    pub(crate) set: FieldSet,
}

impl Entry {
    /// The entries of an object.
    pub(crate) fn all(object: &Value) -> Vec<Entry> {
        let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
        entries.map(Entry::read).collect()
    }

    fn read(json: &Value) -> Entry {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Entry {
            manager: text("manager"),
            applied: json["operation"] == "Apply",
            subresource: text("subresource"),
            api_version: text("apiVersion"),
            time: text("time"),
            set: FieldSet::read(&json["fieldsV1"]),
        }
    }

    fn json(&self) -> Value {
        let operation = if self.applied { "Apply" } else { "Update" };
        let mut json = json!({"manager": self.manager, "operation": operation, "apiVersion": self.api_version,
            "time": self.time, "fieldsType": "FieldsV1", "fieldsV1": self.set.json()});
        if !self.subresource.is_empty() {
            json["subresource"] = self.subresource.clone().into();
        }
        json
    }

    pub(crate) fn is(&self, writer: &Writer, applied: bool) -> bool {
        self.manager == writer.manager && self.applied == applied && self.subresource == writer.subresource
    }

    /// As conflicts name it.
    pub(crate) fn print(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if !self.applied {
            text.push_str(&format!(" using {} at {}", self.api_version, self.time));
        }
        text
    }
}

/// Puts entries where they belong, in the order the server keeps them in; empty ones go.
pub(crate) fn store(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.set.is_empty());
    entries.sort_by(|a, b| (!a.applied, &a.time, &a.manager).cmp(&(!b.applied, &b.time, &b.manager)));
    let Some(metadata) = object["metadata"].as_object_mut() else { return };
    if entries.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".to_owned(), entries.iter().map(Entry::json).collect());
    }
}

/// Records an update from `old` to `new`, which loses its own idea of `managedFields`.
pub(crate) fn update(kind: &Kind, old: &Value, new: &mut Value, writer: &Writer, now: &str) {
    let mut entries = Entry::all(old);
    let Difference { changed, removed } = Difference::between(kind, old, new);
    let mut mine = entries.iter().position(|entry| entry.is(writer, false));
    for (index, entry) in entries.iter_mut().enumerate() {
        entry.set = entry.set.minus(&removed);
        if Some(index) != mine {
            entry.set = entry.set.minus(&changed);
        }
    }
    if !changed.is_empty() && mine.is_none() {
        mine = Some(entries.len());
        entries.push(Entry {
            manager: writer.manager.clone(),
            applied: false,
            subresource: writer.subresource.clone(),
            api_version: kind.api_version(),
            time: String::new(),
            set: FieldSet::default(),
        });
    }
    if let Some(index) = mine.filter(|_| !changed.is_empty()) {
        entries[index].set = entries[index].set.union(&changed);
        now.clone_into(&mut entries[index].time);
    }
    store(new, entries);
}

/// The object that a new one is compared with: what the API's own types are before anyone sets anything.
pub(crate) fn zero(kind: &Kind) -> Value {
    let pod = json!({"containers": null});
    let template = json!({"metadata": {}, "spec": {"containers": null}});
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => json!({"metadata": {}, "spec": pod, "status": {}}),
        ("apps", "deployments") => json!({"metadata": {},
            "spec": {"selector": null, "template": template, "strategy": {}}, "status": {}}),
        ("apps", "statefulsets" | "daemonsets") => json!({"metadata": {},
            "spec": {"selector": null, "template": template, "updateStrategy": {}}, "status": {}}),
        ("apps", "replicasets") => json!({"metadata": {}, "spec": {"selector": null, "template": template},
            "status": {"replicas": 0}}),
        ("batch", "jobs") => json!({"metadata": {}, "spec": {"template": template}, "status": {}}),
        ("batch", "cronjobs") => json!({"metadata": {},
            "spec": {"jobTemplate": {"metadata": {}, "spec": {"template": template}}}, "status": {}}),
        ("", "events") => json!({"metadata": {}, "involvedObject": {}, "source": {}, "eventTime": null,
            "reportingComponent": "", "reportingInstance": "", "firstTimestamp": null, "lastTimestamp": null}),
        _ if kind.builtin => json!({"metadata": {}, "spec": {}, "status": {}}),
        _ => json!({"metadata": {}}),
    }
}
