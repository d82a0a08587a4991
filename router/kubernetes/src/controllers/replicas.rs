//! ReplicaSets: as many pods as asked for, adopted, released, replaced.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{claim, create, delete, deleting, finished, pod_of, ready, set_status, text, without_zeros};
use crate::store::World;

pub(super) fn control(world: &mut World, namespace: &str) {
    let kind = world.kind("apps", "replicasets");
    let pods = world.kind("", "pods");
    for set in world.list(&kind, namespace) {
        let mut active: Vec<Arc<Value>> = claim(world, &kind, &set);
        active.retain(|pod| !deleting(pod) && !finished(pod));
        let wanted = usize::try_from(set["spec"]["replicas"].as_i64().unwrap_or(1)).unwrap_or(0);
        if !deleting(&set) {
            for _ in active.len()..wanted {
                let pod = pod_of(&kind, &set, &format!("{}-", text(&set, "name")), &[]);
                active.extend(create(world, ("", "pods"), namespace, pod));
            }
            if active.len() > wanted {
                // The unready go first, then the youngest.
                active.sort_by_key(|pod| (Reverse(ready(pod)), text(pod, "creationTimestamp").to_owned()));
                for pod in active.split_off(wanted) {
                    delete(world, &pods, &pod);
                }
            }
        }
        let ready = active.iter().filter(|pod| ready(pod)).count();
        let mut status = without_zeros(json!({"fullyLabeledReplicas": active.len(), "readyReplicas": ready,
            "availableReplicas": ready, "observedGeneration": set["metadata"]["generation"]}));
        status["replicas"] = active.len().into();
        set_status(world, &kind, &set, status);
    }
}
