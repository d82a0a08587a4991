//! EndpointSlices of Services with a selector.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{create, deleting, finished, ready, reference, text, writer};
use crate::selector::Labels;
use crate::store::{World, key};

pub(super) fn control(world: &mut World, namespace: &str) {
    let (services, slices) = (world.kind("", "services"), world.kind("discovery.k8s.io", "endpointslices"));
    let pods = world.kind("", "pods");
    for service in world.list(&services, namespace) {
        let selector = Labels::of_map(&service["spec"]["selector"]);
        if selector.is_empty() || deleting(&service) {
            continue;
        }
        let selected: Vec<Arc<Value>> = world
            .list(&pods, namespace)
            .into_iter()
            .filter(|pod| selector.matches(&pod["metadata"]["labels"]))
            .filter(|pod| pod["status"]["podIP"].is_string() && !finished(pod))
            .collect();
        let endpoints: Vec<Value> = selected.iter().map(|pod| endpoint(world, pod)).collect();
        let ports = ports(&service, selected.first());
        let label = "kubernetes.io/service-name";
        let name = text(&service, "name").to_owned();
        let existing = world
            .list(&slices, namespace)
            .into_iter()
            .find(|slice| slice["metadata"]["labels"][label] == name.as_str());
        match existing {
            Some(slice) => world.edit(&slices, &key(&slices, &slice), &writer(""), |slice| {
                set(slice, "endpoints", endpoints);
                set(slice, "ports", ports);
            }),
            None => {
                let slice = json!({
                    "metadata": {"generateName": format!("{name}-"), "ownerReferences": [reference(&services, &service)],
                        "labels": {label: name,
                            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
                    "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
                });
                create(world, ("discovery.k8s.io", "endpointslices"), namespace, slice);
            }
        }
    }
}

/// An empty list is not written.
fn set(slice: &mut Value, field: &str, items: Vec<Value>) {
    if items.is_empty() {
        slice.as_object_mut().map(|slice| slice.remove(field));
    } else {
        slice[field] = items.into();
    }
}

fn endpoint(world: &World, pod: &Value) -> Value {
    let ready = ready(pod);
    let mut endpoint = json!({
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready && !deleting(pod), "serving": ready, "terminating": deleting(pod)},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {"kind": "Pod", "namespace": pod["metadata"]["namespace"], "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"]},
    });
    let nodes = world.kind("", "nodes");
    let node = json!({"metadata": {"name": pod["spec"]["nodeName"]}});
    if let Some(node) = world.get(&key(&nodes, &node)) {
        let zone = &node["metadata"]["labels"]["topology.kubernetes.io/zone"];
        if zone.is_string() {
            endpoint["zone"] = zone.clone();
        }
    }
    endpoint
}

fn ports(service: &Value, pod: Option<&Arc<Value>>) -> Vec<Value> {
    let port = |port: &Value| {
        let number = match &port["targetPort"] {
            Value::String(name) => {
                let containers = pod?["spec"]["containers"].as_array()?.iter();
                let mut all =
                    containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
                all.find(|port| port["name"] == name.as_str())?["containerPort"].clone()
            }
            number => number.clone(),
        };
        let name = port["name"].as_str().unwrap_or_default();
        Some(json!({"name": name, "protocol": port["protocol"], "port": number}))
    };
    service["spec"]["ports"].as_array().into_iter().flatten().filter_map(port).collect()
}
