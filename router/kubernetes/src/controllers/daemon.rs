//! DaemonSets: one pod on each node, cordoned or not.

use serde_json::{Value, json};

use super::{claim, create, delete, deleting, finished, hash, pod_of, ready, set_status, text};
use crate::selector::Labels;
use crate::store::World;

pub(super) fn control(world: &mut World, namespace: &str) {
    let (kind, pods, nodes) =
        (world.kind("apps", "daemonsets"), world.kind("", "pods"), world.kind("", "nodes"));
    for set in world.list(&kind, namespace) {
        let mut mine = claim(world, &kind, &set);
        let revision = hash(&set["spec"]["template"]);
        let wanted = Labels::of_map(&set["spec"]["template"]["spec"]["nodeSelector"]);
        let nodes: Vec<_> = world
            .list(&nodes, "")
            .into_iter()
            .filter(|node| wanted.matches(&node["metadata"]["labels"]) && !deleting(node))
            .collect();
        let on = |pod: &Value, node: &Value| pod["spec"]["nodeName"] == node["metadata"]["name"];
        if !deleting(&set) {
            for node in &nodes {
                if !mine.iter().any(|pod| on(pod, node) && !finished(pod)) {
                    let labels = [("controller-revision-hash", revision.as_str())];
                    let mut pod = pod_of(&kind, &set, &format!("{}-", text(&set, "name")), &labels);
                    pod["spec"]["nodeName"] = node["metadata"]["name"].clone();
                    mine.extend(create(world, ("", "pods"), namespace, pod));
                }
            }
            let lost = mine.iter().filter(|pod| !deleting(pod) && !nodes.iter().any(|node| on(pod, node)));
            lost.for_each(|pod| delete(world, &pods, pod));
            let calm = mine.iter().all(|pod| ready(pod) && !deleting(pod));
            let old = mine
                .iter()
                .find(|pod| pod["metadata"]["labels"]["controller-revision-hash"] != revision.as_str());
            if let Some(pod) =
                old.filter(|_| calm && set["spec"]["updateStrategy"]["type"] == "RollingUpdate")
            {
                delete(world, &pods, pod);
            }
        }
        mine.retain(|pod| !deleting(pod));
        let ready = mine.iter().filter(|pod| ready(pod)).count();
        let mut status = super::without_zeros(json!({"observedGeneration": set["metadata"]["generation"],
            "updatedNumberScheduled": mine.len(), "numberAvailable": ready,
            "numberUnavailable": nodes.len().saturating_sub(ready)}));
        status["currentNumberScheduled"] = mine.len().into();
        status["desiredNumberScheduled"] = nodes.len().into();
        status["numberReady"] = ready.into();
        status["numberMisscheduled"] = 0.into();
        set_status(world, &kind, &set, status);
    }
}
