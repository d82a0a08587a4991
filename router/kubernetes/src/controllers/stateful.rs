//! StatefulSets: pods of fixed names, one after the other; stuck while somebody else has the name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{claim, create, delete, deleting, hash, pod_of, ready, set_status, text, writer};
use crate::store::{World, key};

pub(super) fn control(world: &mut World, namespace: &str) {
    let (kind, pods) = (world.kind("apps", "statefulsets"), world.kind("", "pods"));
    for set in world.list(&kind, namespace) {
        let claimed = claim(world, &kind, &set);
        let mine = identified(world, claimed);
        let (name, count) = (text(&set, "name").to_owned(), set["spec"]["replicas"].as_i64().unwrap_or(1));
        let revision = format!("{name}-{}", hash(&set["spec"]["template"]));
        let at = |number: i64| mine.iter().find(|pod| text(pod, "name") == format!("{name}-{number}"));
        let parallel = set["spec"]["podManagementPolicy"] == "Parallel";
        if !deleting(&set) {
            for number in 0..count {
                match at(number) {
                    Some(pod) if parallel || (ready(pod) && !deleting(pod)) => {}
                    Some(_) => break,
                    None => {
                        let own = format!("{name}-{number}");
                        let labels = [
                            ("statefulset.kubernetes.io/pod-name", own.as_str()),
                            ("apps.kubernetes.io/pod-index", &number.to_string()),
                            ("controller-revision-hash", &revision),
                        ];
                        let mut pod = pod_of(&kind, &set, &own, &labels);
                        pod["spec"]["hostname"] = own.clone().into();
                        // Refused while the name is taken: the set waits.
                        create(world, ("", "pods"), namespace, pod);
                        if !parallel {
                            break;
                        }
                    }
                }
            }
            surplus(world, &mine, &name, count, &revision, &pods);
        }
        let ready = mine.iter().filter(|pod| ready(pod) && !deleting(pod)).count();
        let current = mine
            .iter()
            .filter(|pod| pod["metadata"]["labels"]["controller-revision-hash"] == revision.as_str());
        let current = current.count();
        let mut status = super::without_zeros(json!({"observedGeneration": set["metadata"]["generation"],
            "readyReplicas": ready, "currentReplicas": current, "updatedReplicas": current}));
        status["replicas"] = mine.len().into();
        status["availableReplicas"] = ready.into();
        status["collisionCount"] = 0.into();
        status["currentRevision"] = revision.clone().into();
        status["updateRevision"] = revision.into();
        set_status(world, &kind, &set, status);
    }
}

/// The pods, each with the labels of its own name: who takes one of them away finds it put back.
fn identified(world: &mut World, pods: Vec<Arc<Value>>) -> Vec<Arc<Value>> {
    let kind = world.kind("", "pods");
    for pod in pods.iter().filter(|pod| !deleting(pod)) {
        let own = text(pod, "name").to_owned();
        if pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == own.as_str() {
            continue;
        }
        let number = own.rsplit_once('-').map(|(_, number)| number.to_owned()).unwrap_or_default();
        world.edit(&kind, &key(&kind, pod), &writer(""), |pod| {
            pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = own.into();
            pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = number.into();
        });
    }
    pods.iter().filter_map(|pod| world.get(&key(&kind, pod))).collect()
}

/// Removes what is beyond the count, the highest first, and else what has an old template.
fn surplus(
    world: &mut World,
    mine: &[Arc<Value>],
    name: &str,
    count: i64,
    revision: &str,
    pods: &Arc<crate::kind::Kind>,
) {
    if mine.iter().any(|pod| deleting(pod)) {
        return;
    }
    let number =
        |pod: &Value| text(pod, "name").strip_prefix(&format!("{name}-")).and_then(|n| n.parse::<i64>().ok());
    let beyond = mine.iter().filter(|pod| number(pod).is_none_or(|number| number >= count));
    if let Some(pod) = beyond.max_by_key(|pod| number(pod)) {
        return delete(world, pods, pod);
    }
    let complete =
        i64::try_from(mine.len()).is_ok_and(|have| have == count) && mine.iter().all(|pod| ready(pod));
    let old = mine.iter().filter(|pod| pod["metadata"]["labels"]["controller-revision-hash"] != revision);
    if let Some(pod) = old.max_by_key(|pod| number(pod)).filter(|_| complete) {
        delete(world, pods, pod);
    }
}
