//! Jobs: pods until enough have succeeded; none while suspended.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    claim, condition, create, delete, deleting, finished, pod_of, push, ready, set_status, text, writer,
};
use crate::store::{World, key, now};

/// The finalizer by which a job counts a pod once.
pub(super) const TRACKED: &str = "batch.kubernetes.io/job-tracking";

pub(super) fn control(world: &mut World, namespace: &str) {
    let (kind, pods) = (world.kind("batch", "jobs"), world.kind("", "pods"));
    for job in world.list(&kind, namespace) {
        let mine = claim(world, &kind, &job);
        let before = &job["status"];
        let count = |field: &str| before[field].as_i64().unwrap_or(0);
        let (mut succeeded, mut failed) = (count("succeeded"), count("failed"));
        for pod in mine.iter().filter(|pod| tracked(pod) && (finished(pod) || stopped(pod))) {
            if pod["status"]["phase"] == "Succeeded" {
                succeeded += 1
            } else {
                failed += 1
            }
            world.edit(&pods, &key(&pods, pod), &writer(""), |pod| {
                if let Some(finalizers) = pod["metadata"]["finalizers"].as_array_mut() {
                    finalizers.retain(|name| name != TRACKED);
                }
            });
        }
        let mut active: Vec<Arc<Value>> =
            mine.iter().filter(|pod| !finished(pod) && !deleting(pod)).cloned().collect();
        let spec = |field: &str| job["spec"][field].as_i64().unwrap_or(1);
        let (complete, suspended) = (succeeded >= spec("completions"), job["spec"]["suspend"] == true);
        let given_up = failed > job["spec"]["backoffLimit"].as_i64().unwrap_or(6);
        let wanted = match () {
            () if complete || suspended || given_up || deleting(&job) => 0,
            () => spec("parallelism").min(spec("completions") - succeeded).max(0),
        };
        let wanted = usize::try_from(wanted).unwrap_or(0);
        for _ in active.len()..wanted {
            let mut pod = pod_of(&kind, &job, &format!("{}-", text(&job, "name")), &[]);
            push(&mut pod["metadata"]["finalizers"], TRACKED.into());
            active.extend(create(world, ("", "pods"), namespace, pod));
        }
        if active.len() > wanted {
            active.split_off(wanted).iter().for_each(|pod| delete(world, &pods, pod));
        }
        let up = active.iter().filter(|pod| ready(pod)).count();
        let mut status =
            super::without_zeros(json!({"active": active.len(), "succeeded": succeeded, "failed": failed}));
        status["ready"] = up.into();
        status["terminating"] = 0.into();
        status["uncountedTerminatedPods"] = json!({});
        if !suspended {
            status["startTime"] = before["startTime"].as_str().map_or_else(|| now().into(), Value::from);
        }
        conditions(before, &mut status, complete, suspended, given_up);
        set_status(world, &kind, &job, status);
    }
}

fn tracked(pod: &Value) -> bool {
    pod["metadata"]["finalizers"].as_array().is_some_and(|all| all.iter().any(|name| name == TRACKED))
}

fn stopped(pod: &Value) -> bool {
    deleting(pod) && pod["metadata"]["deletionGracePeriodSeconds"] == 0
}

fn conditions(before: &Value, status: &mut Value, complete: bool, suspended: bool, given_up: bool) {
    let had = before["conditions"].as_array().is_some_and(|all| all.iter().any(|c| c["type"] == "Suspended"));
    let mut conditions = Vec::new();
    if suspended || had {
        let (reason, message) =
            if suspended { ("JobSuspended", "Job suspended") } else { ("JobResumed", "Job resumed") };
        conditions.push(condition(before, "Suspended", suspended, reason, message));
    }
    if complete {
        let message = "Reached expected number of succeeded pods";
        conditions.push(condition(before, "Complete", true, "CompletionsReached", message));
        let end = before["completionTime"].as_str().map_or_else(|| now().into(), Value::from);
        status["completionTime"] = end;
    } else if given_up {
        let message = "Job has reached the specified backoff limit";
        conditions.push(condition(before, "Failed", true, "BackoffLimitExceeded", message));
    }
    if !conditions.is_empty() {
        status["conditions"] = conditions.into();
    }
}
