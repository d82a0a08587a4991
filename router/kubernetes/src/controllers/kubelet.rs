//! Scheduler and kubelet: a pod gets a node, then runs; a deleted one stops.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{deleting, finished, text};
use crate::managed::Writer;
use crate::selector::Labels;
use crate::store::{World, key, now, random};

pub(super) fn control(world: &mut World, namespace: &str) -> Vec<(String, Duration)> {
    let (pods, nodes) = (world.kind("", "pods"), world.kind("", "nodes"));
    let mut stops = Vec::new();
    for pod in world.list(&pods, namespace) {
        let at = key(&pods, &pod);
        if deleting(&pod) {
            let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(0);
            stops.push((text(&pod, "uid").to_owned(), Duration::from_secs(grace)));
            continue;
        }
        if finished(&pod) || pod["status"]["phase"] == "Running" {
            continue;
        }
        let all = world.list(&nodes, "");
        let Some(name) = pod["spec"]["nodeName"].as_str() else {
            schedule(world, &pod, &all);
            continue;
        };
        let Some(node) = all.iter().find(|node| text(node, "name") == name) else { continue };
        let running = run(world, &pod, node);
        let (manager, subresource) = ("kubelet".to_owned(), "status".to_owned());
        let writer = Writer { manager, subresource, ..Writer::default() };
        world.edit(&pods, &at, &writer, |pod| pod["status"] = running["status"].clone());
    }
    stops
}

/// Binds the pod to a node that it may run on, or says why there is none.
fn schedule(world: &mut World, pod: &Value, nodes: &[Arc<Value>]) {
    let pods = world.kind("", "pods");
    let wanted = Labels::of_map(&pod["spec"]["nodeSelector"]);
    let fits = |node: &&Arc<Value>| {
        node["spec"]["unschedulable"] != true
            && !deleting(node)
            && wanted.matches(&node["metadata"]["labels"])
    };
    let fitting: Vec<&Arc<Value>> = nodes.iter().filter(fits).collect();
    let mut new = pod.clone();
    let chosen = match fitting.len() {
        0 => None,
        count => Some(fitting[usize::try_from(random() % count as u64).expect("less than the count")]),
    };
    new["status"]["conditions"] = match chosen {
        Some(node) => {
            new["spec"]["nodeName"] = node["metadata"]["name"].clone();
            json!([{"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now()}])
        }
        None => {
            let message = format!("0/{} nodes are available: {0} node(s) were unschedulable.", nodes.len());
            json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
                "lastProbeTime": null, "lastTransitionTime": text(pod, "creationTimestamp")}])
        }
    };
    if new != *pod {
        // A binding is nobody's field.
        world.put(&pods, new);
    }
}

/// The pod as it is once it runs on that node.
pub(crate) fn run(world: &mut World, pod: &Value, node: &Value) -> Value {
    let at = now();
    let host = node["status"]["addresses"][0]["address"].as_str().unwrap_or("10.1.0.1").to_owned();
    let ip = if pod["spec"]["hostNetwork"] == true {
        host.clone()
    } else {
        world.next_address += 1;
        let [_, a, b, c] = world.next_address.to_be_bytes();
        format!("10.{}.{b}.{c}", 64 + u32::from(a))
    };
    let generation = pod["metadata"]["generation"].clone();
    let condition = |kind: &str| {
        json!({"type": kind, "observedGeneration": generation, "status": "True", "lastProbeTime": null,
            "lastTransitionTime": at})
    };
    let conditions: Vec<Value> =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
            .map(condition)
            .into();
    let mut running = pod.clone();
    let mut status = json!({
        "observedGeneration": generation, "phase": "Running", "conditions": conditions, "hostIP": host,
        "hostIPs": [{"ip": host}], "podIP": ip, "podIPs": [{"ip": ip}], "startTime": at,
        "containerStatuses": statuses(pod, "containers", &at), "qosClass": pod["status"]["qosClass"], "resources": {},
    });
    if pod["spec"]["initContainers"].is_array() {
        status["initContainerStatuses"] = statuses(pod, "initContainers", &at);
    }
    running["spec"]["nodeName"] = node["metadata"]["name"].clone();
    running["status"] = status;
    running
}

fn statuses(pod: &Value, list: &str, at: &str) -> Value {
    let status = |container: &Value| {
        let id = format!("containerd://{}", hex(&format!("{}{}", random(), random())));
        let image = container["image"].as_str().unwrap_or_default();
        let before = list == "initContainers";
        let state = if before {
            json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at, "containerID": id}})
        } else {
            json!({"running": {"startedAt": at}})
        };
        let mounts: Vec<Value> =
            container["volumeMounts"].as_array().into_iter().flatten().map(mounted).collect();
        json!({"name": container["name"], "state": state, "lastState": {}, "ready": true, "restartCount": 0,
            "image": image, "imageID": image_id(image), "containerID": id, "started": !before, "resources": {},
            "volumeMounts": mounts, "user": {"linux": {"uid": 0, "gid": 0, "supplementalGroups": [0]}}})
    };
    pod["spec"][list].as_array().into_iter().flatten().map(status).collect()
}

fn mounted(mount: &Value) -> Value {
    let mut mounted = mount.clone();
    if mount["readOnly"] == true {
        mounted["recursiveReadOnly"] = "Disabled".into();
    }
    mounted
}

/// The same digest for the same image.
fn image_id(image: &str) -> String {
    if image.contains("@sha256:") {
        return image.to_owned();
    }
    let slash = image.rfind('/').unwrap_or(0);
    let end = image[slash..].find(':').map_or(image.len(), |colon| slash + colon);
    format!("{}@sha256:{}", &image[..end], hex(image))
}

/// 64 hexadecimal digits made of a text.
fn hex(text: &str) -> String {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut word = |round: u8| {
        for byte in text.bytes().chain([round]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        format!("{state:016x}")
    };
    (0..4).map(&mut word).collect()
}
