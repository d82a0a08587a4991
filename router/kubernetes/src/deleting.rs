//! Deleting: preconditions, grace, finalizers, and pods that have stopped.

use std::sync::Arc;

use serde_json::Value;

use super::failure::Failure;
use super::kind::Kind;
use super::store::{Key, World};

/// How an object is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub(crate) uid: Option<String>,
    pub(crate) revision: Option<String>,
    pub(crate) grace: Option<i64>,
    pub(crate) propagation: Option<String>,
    pub(crate) dry: bool,
}

/// What a deletion came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deleted {
    /// Gone.
    Gone(Arc<Value>),
    /// Marked; it goes when its grace or its finalizers are over.
    Marked(Arc<Value>),
}

impl World {
    /// Deletes an object, or begins to.
    pub(crate) fn delete(
        &mut self,
        kind: &Arc<Kind>,
        key: &Key,
        deletion: &Deletion,
    ) -> Result<Deleted, Failure> {
        let old = self.get(key).ok_or_else(|| Failure::not_found(kind, &key.name))?;
        let metadata = &old["metadata"];
        for (field, what, given) in
            [("uid", "UID", &deletion.uid), ("resourceVersion", "ResourceVersion", &deletion.revision)]
        {
            let have = metadata[field].as_str().unwrap_or_default();
            if let Some(given) = given.as_ref().filter(|given| *given != have) {
                return Err(Failure::precondition(kind, &key.name, what, given, have));
            }
        }
        let mut finalizers = metadata["finalizers"].as_array().cloned().unwrap_or_default();
        let wanted = match deletion.propagation.as_deref() {
            Some("Foreground") => Some("foregroundDeletion"),
            Some("Orphan") => Some("orphan"),
            _ => None,
        };
        if let Some(wanted) = wanted.filter(|wanted| !finalizers.iter().any(|have| have == wanted)) {
            finalizers.push(wanted.into());
        }
        let grace = if kind.is_pod() { grace(&old, deletion.grace) } else { 0 };
        let marked = metadata["deletionTimestamp"].is_string();
        let held = kind.is("", "namespaces");
        if finalizers.is_empty() && grace == 0 && !held {
            let mut gone = (*old).clone();
            if !deletion.dry {
                self.remove(kind, key);
                gone["metadata"]["resourceVersion"] = self.revision().to_string().into();
            }
            return Ok(Deleted::Gone(Arc::new(gone)));
        }
        let shorter = metadata["deletionGracePeriodSeconds"].as_i64().is_none_or(|have| grace < have);
        let mut new = (*old).clone();
        if !marked || shorter {
            let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(grace);
            new["metadata"]["deletionTimestamp"] = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
            new["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        }
        if !marked && kind.generation {
            new["metadata"]["generation"] = (metadata["generation"].as_i64().unwrap_or(0) + 1).into();
        }
        if !finalizers.is_empty() {
            new["metadata"]["finalizers"] = finalizers.into();
        }
        if held {
            new["status"]["phase"] = "Terminating".into();
            new["metadata"].as_object_mut().map(|metadata| metadata.remove("deletionGracePeriodSeconds"));
        }
        if new == *old || deletion.dry {
            return Ok(Deleted::Marked(Arc::new(new)));
        }
        Ok(Deleted::Marked(self.put(kind, new)))
    }

    /// Takes a pod away whose containers have stopped.
    pub(crate) fn stopped(&mut self, uid: &str) {
        let pods = self.kind("", "pods");
        let Some(key) = self.key_of(uid).cloned() else { return };
        let Some(pod) = self.get(&key).filter(|pod| pod["metadata"]["deletionTimestamp"].is_string()) else {
            return;
        };
        if pod["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty) {
            self.remove(&pods, &key);
        } else if pod["metadata"]["deletionGracePeriodSeconds"] != 0 {
            let mut pod = (*pod).clone();
            pod["metadata"]["deletionGracePeriodSeconds"] = 0.into();
            self.put(&pods, pod);
        }
    }
}

/// The grace a pod gets; none where nothing runs.
fn grace(pod: &Value, asked: Option<i64>) -> i64 {
    let idle = pod["spec"]["nodeName"].as_str().is_none_or(str::is_empty)
        || matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    match asked.or_else(|| pod["spec"]["terminationGracePeriodSeconds"].as_i64()) {
        _ if idle => 0,
        Some(seconds) => seconds.max(0),
        None => 30,
    }
}
