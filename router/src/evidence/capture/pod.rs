//! One pod: as it is, its images, and everything that hangs on it.

use serde_json::{Value, json};

use super::cluster::Unread;
use super::{Capture, PodRef};

impl Capture<'_> {
    /// Everything about a pod. Its events are found by its UID, also when it is gone.
    pub(super) async fn pod(&self, pod: &PodRef) {
        let PodRef { namespace, name, uid } = pod;
        let folder = format!("pods/{namespace}/{name}");
        let about = format!("involvedObject.uid={uid}");
        let events = self.events(format!("{folder}/events.json"), namespace, about);
        let rest = async {
            let found = self.this_pod(&folder, pod).await;
            let index = Box::pin(self.index(&folder, pod, found.as_ref()));
            let Some(found) = &found else { return index.await };
            let images = serde_json::to_vec_pretty(&images(found)).expect("a JSON value can be written");
            let images = async { self.collected.keep(&format!("{folder}/images.json"), images).await };
            let node = async {
                if let Some(node) = found["spec"]["nodeName"].as_str() {
                    Box::pin(self.node(node)).await;
                }
            };
            tokio::join!(
                index,
                images,
                node,
                Box::pin(self.owners(&folder, namespace, found)),
                Box::pin(self.logs(&folder, pod, found))
            );
        };
        tokio::join!(events, rest);
    }

    /// The pod, if it is the one that was asked for.
    async fn this_pod(&self, folder: &str, pod: &PodRef) -> Option<Value> {
        let PodRef { namespace, name, uid } = pod;
        let gone = |found: &str| {
            let gone = format!("pod {namespace}/{name} is gone or another, uid {uid}: {found}");
            self.collected.lacks(gone);
        };
        let file = format!("{folder}/pod.json");
        let mut found = None;
        let content = async {
            let bytes = self.cluster.find(&pods(namespace), name).await?;
            let value: Value = serde_json::from_slice(&bytes)
                .map_err(|error| Unread::Because(format!("the answer is not JSON: {error}")))?;
            match value["metadata"]["uid"].as_str() {
                Some(found_uid) if found_uid == uid => {}
                found_uid => {
                    gone(&format!("there is one with uid {}", found_uid.unwrap_or("(none)")));
                    return Err(Unread::Because("of another pod, not kept".to_owned()));
                }
            }
            found = Some(value);
            Ok(bytes)
        };
        let content = async {
            content.await.map_err(|unread| {
                if matches!(unread, Unread::Gone) {
                    gone("there is none");
                }
                String::from(unread)
            })
        };
        self.collected.item(file, content).await;
        found
    }

    /// Says so where the pod was replaced while its logs were read: they are asked for by its name.
    pub(super) async fn still_this_pod(&self, pod: &PodRef) {
        let PodRef { namespace, name, uid } = pod;
        let found = self.cluster.find(&pods(namespace), name).await;
        let value = found.map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap_or_default());
        let replaced = match value {
            Ok(value) => value["metadata"]["uid"].as_str() != Some(uid),
            Err(Unread::Gone) => true,
            Err(Unread::Because(_)) => false,
        };
        if replaced {
            let text = format!("pod {namespace}/{name} was replaced during the capture, uid {uid}");
            self.collected.lacks(format!("{text}: logs can be those of its successor"));
        }
    }
}

fn pods(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods")
}

/// The lists of a pod's containers and of their states.
pub(super) const CONTAINERS: [(&str, &str, &str); 3] = [
    ("container", "containers", "containerStatuses"),
    ("init", "initContainers", "initContainerStatuses"),
    ("ephemeral", "ephemeralContainers", "ephemeralContainerStatuses"),
];

/// The state of one container.
pub(super) fn status<'p>(pod: &'p Value, statuses: &str, container: &str) -> Option<&'p Value> {
    pod["status"][statuses].as_array()?.iter().find(|status| status["name"] == container)
}

/// Which image each container runs: as asked for, and as the node has it.
fn images(pod: &Value) -> Value {
    let mut images = Vec::new();
    for (kind, containers, statuses) in CONTAINERS {
        for container in pod["spec"][containers].as_array().into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default();
            let status = status(pod, statuses, name).unwrap_or(&Value::Null);
            let id = status["imageID"].as_str().unwrap_or_default();
            let digest = id.find("sha256:").map(|at| &id[at..]);
            images.push(json!({
                "container": name, "kind": kind, "image": container["image"], "image_id": status["imageID"],
                "digest": digest, "container_id": status["containerID"],
            }));
        }
    }
    Value::Array(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_of_every_kind_of_container() {
        let pod = json!({
            "spec": {
                "containers": [{"name": "app", "image": "shop:1"}],
                "initContainers": [{"name": "setup", "image": "setup"}],
                "ephemeralContainers": [{"name": "debug", "image": "busybox"}],
            },
            "status": {"containerStatuses": [{
                "name": "app", "imageID": "registry.local/shop@sha256:ab", "containerID": "containerd://c1",
            }]},
        });
        let nothing = json!(null);
        let row = |container: &str, kind: &str, image: &str, image_id: &Value, digest: &Value, id: &Value| {
            json!({
                "container": container, "kind": kind, "image": image, "image_id": image_id,
                "digest": digest, "container_id": id,
            })
        };
        let (image_id, digest) = (json!("registry.local/shop@sha256:ab"), json!("sha256:ab"));
        let expected = json!([
            row("app", "container", "shop:1", &image_id, &digest, &json!("containerd://c1")),
            row("setup", "init", "setup", &nothing, &nothing, &nothing),
            row("debug", "ephemeral", "busybox", &nothing, &nothing, &nothing),
        ]);
        assert_eq!(images(&pod), expected);
        assert_eq!(images(&json!({})), json!([]));
    }
}
