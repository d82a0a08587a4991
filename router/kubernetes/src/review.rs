//! Evictions, scales and logs: what pods and workloads have besides themselves.

use std::sync::Arc;

use serde_json::{Value, json};

use super::deleting::Deletion;
use super::failure::Failure;
use super::kind::Kind;
use super::managed::Writer;
use super::route::Query;
use super::selector::Labels;
use super::store::{Key, World};

impl World {
    /// Deletes the pod unless a budget forbids it.
    pub(crate) fn evict(&mut self, key: &Key, deletion: &Deletion) -> Result<Value, Failure> {
        let pods = self.kind("", "pods");
        let pod = self.get(key).ok_or_else(|| Failure::not_found(&pods, &key.name))?;
        let budgets = self.kind("policy", "poddisruptionbudgets");
        let phase = pod["status"]["phase"].as_str().unwrap_or_default();
        let counted = !matches!(phase, "Pending" | "Succeeded" | "Failed")
            && !pod["metadata"]["deletionTimestamp"].is_string();
        let mine: Vec<Arc<Value>> = self
            .list(&budgets, &key.namespace)
            .into_iter()
            .filter(|budget| {
                let selector = Labels::of_selector(&budget["spec"]["selector"]);
                counted && selector.is_some_and(|selector| selector.matches(&pod["metadata"]["labels"]))
            })
            .collect();
        if mine.len() > 1 {
            let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Failure::new(500, "InternalError", message));
        }
        if let Some(budget) = mine.first() {
            self.spend(budget, &budgets, &pod, deletion.dry)?;
        }
        self.delete(&pods, key, deletion)?;
        Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
    }

    fn spend(&mut self, budget: &Value, kind: &Arc<Kind>, pod: &Value, dry: bool) -> Result<(), Failure> {
        let (status, name) = (&budget["status"], budget["metadata"]["name"].as_str().unwrap_or_default());
        let refuse = |message: String| {
            let mut failure = Failure::new(
                429,
                "TooManyRequests",
                "Cannot evict pod as it would violate the pod's disruption budget.",
            );
            failure.details = Some(json!({"causes": [{"reason": "DisruptionBudget", "message": message}]}));
            failure
        };
        if status["observedGeneration"] != budget["metadata"]["generation"] {
            let mut failure =
                refuse(format!("The disruption budget {name} is still being processed by the server."));
            failure.retry_after = Some(10);
            if let Some(details) = &mut failure.details {
                details["retryAfterSeconds"] = 10.into();
            }
            return Err(failure);
        }
        if status["disruptionsAllowed"].as_i64().unwrap_or(0) < 1 {
            let number = |field: &str| status[field].as_i64().unwrap_or(0);
            return Err(refuse(format!(
                "The disruption budget {name} needs {} healthy pods and has {} currently",
                number("desiredHealthy"),
                number("currentHealthy")
            )));
        }
        if !dry {
            let writer = Writer { subresource: "status".to_owned(), ..Writer::default() };
            let key = super::store::key(kind, budget);
            let (pod, at) =
                (pod["metadata"]["name"].as_str().unwrap_or_default().to_owned(), super::store::now());
            self.edit(kind, &key, &writer, |budget| {
                let left = budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(1) - 1;
                budget["status"]["disruptionsAllowed"] = left.into();
                budget["status"]["disruptedPods"][pod] = at.into();
            });
        }
        Ok(())
    }

    /// The text of a container's log.
    pub(crate) fn log(&self, key: &Key, query: &Query) -> Result<String, Failure> {
        let pods = self.kind("", "pods");
        let pod = self.get(key).ok_or_else(|| Failure::not_found(&pods, &key.name))?;
        let name = |container: &Value| container["name"].as_str().unwrap_or_default().to_owned();
        let of =
            |list: &str| pod["spec"][list].as_array().into_iter().flatten().map(name).collect::<Vec<_>>();
        let (containers, first) = (of("containers"), of("initContainers"));
        let container = match query.get("container") {
            Some(asked) if containers.iter().chain(&first).any(|have| have == asked) => asked.to_owned(),
            Some(asked) => {
                let message = format!("container {asked} is not valid for pod {}", key.name);
                return Err(Failure::bad_request(message));
            }
            None if containers.len() == 1 => containers[0].clone(),
            None => {
                let message = format!(
                    "a container name must be specified for pod {}, choose one of: [{}]",
                    key.name,
                    containers.join(" ")
                );
                return Err(Failure::bad_request(message));
            }
        };
        if pod["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
            return Ok(String::new());
        }
        if pod["status"]["phase"] == "Pending" {
            let message = format!(
                "container {container:?} in pod {:?} is waiting to start: ContainerCreating",
                key.name
            );
            return Err(Failure::bad_request(message));
        }
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let previous = query.is("previous");
        let text = self.logs.get(&(uid, container.clone(), previous));
        let text = match text {
            Some(text) => text.clone(),
            None if previous => {
                let message =
                    format!("previous terminated container {container:?} in pod {:?} not found", key.name);
                return Err(Failure::bad_request(message));
            }
            None => String::new(),
        };
        Ok(cut(&text, query))
    }

    /// A workload's `Scale`.
    pub(crate) fn scale(&self, kind: &Kind, key: &Key) -> Result<Value, Failure> {
        let object = self.get(key).ok_or_else(|| Failure::not_found(kind, &key.name))?;
        Ok(scale_of(kind, &object))
    }

    /// Sets the replicas of a workload to those of a `Scale`.
    pub(crate) fn set_scale(
        &mut self,
        kind: &Arc<Kind>,
        key: &Key,
        scale: &Value,
        writer: &Writer,
    ) -> Result<Value, Failure> {
        let object = self.get(key).ok_or_else(|| Failure::not_found(kind, &key.name))?;
        let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
        let mut new = (*object).clone();
        *replicas_of(kind, &mut new) = replicas.into();
        for field in ["uid", "resourceVersion"] {
            if scale["metadata"][field].is_string() {
                new["metadata"][field] = scale["metadata"][field].clone();
            }
        }
        let written = self.replace(kind, key, new, writer, true)?;
        Ok(scale_of(kind, &written))
    }
}

fn replicas_of<'v>(kind: &Kind, object: &'v mut Value) -> &'v mut Value {
    kind.replicas_path.split('.').filter(|part| !part.is_empty()).fold(object, |at, name| &mut at[name])
}

/// The `Scale` of an object.
fn scale_of(kind: &Kind, object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut own = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        own[field] = metadata[field].clone();
    }
    let replicas = replicas_of(kind, &mut object.clone()).as_i64().unwrap_or(0);
    // Go writes no zero here.
    let spec = if replicas == 0 { json!({}) } else { json!({"replicas": replicas}) };
    let mut status = json!({"replicas": object["status"]["replicas"].as_i64().unwrap_or(0)});
    if let Some(selector) = Labels::of_selector(&object["spec"]["selector"]) {
        status["selector"] = selector.print().into();
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": own, "spec": spec, "status": status})
}

fn cut(text: &str, query: &Query) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if let Some(most) = query.number("tailLines").and_then(|most| usize::try_from(most).ok()) {
        lines.drain(..lines.len().saturating_sub(most));
    }
    let mut text = if query.is("timestamps") {
        let at = jiff::Timestamp::now();
        lines.iter().map(|line| format!("{at} {line}")).collect()
    } else {
        lines.concat()
    };
    if let Some(most) = query.number("limitBytes").and_then(|most| usize::try_from(most).ok()) {
        let most = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(most);
    }
    text
}
