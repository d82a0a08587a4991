//! Capturing what there is to know about pods, all at once, until the time is over.

mod cluster;
mod collected;
mod logs;
mod namespace;
mod owners;
mod pod;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::manifest::FileEntry;
use super::place::Place;
use super::{PodRef, Request};
use crate::cluster::is_name;
use crate::failure::Failure;
use cluster::Cluster;
use collected::Collected;
pub(super) use collected::entry;
use namespace::Related;

/// What each pod's capture is bounded by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) log_lines: u32,
    pub(super) log_bytes: u32,
}

/// What was captured and stored, and what was not.
#[derive(Debug)]
pub(super) struct Captured {
    pub(super) files: Vec<FileEntry>,
    pub(super) missing: Vec<String>,
}

/// One capture under way.
struct Capture<'a> {
    cluster: Cluster<'a>,
    collected: &'a Collected<'a>,
    limits: Limits,
    related: BTreeMap<&'a str, OnceCell<Related>>,
    nodes: Mutex<BTreeSet<String>>,
}

/// Captures into the bundle's folder until `deadline`; fails where not even the finding is stored.
pub(super) async fn capture(
    cluster: &kube::Client,
    place: &Place,
    request: &Request,
    limits: Limits,
    deadline: Instant,
) -> Result<Captured, Failure> {
    let Request { id, incident: _, pods, node, finding, decision, at: _ } = request;
    let collected = Collected::new(place, id);
    let pods: BTreeMap<_, _> = pods.iter().map(|pod| ((&pod.namespace, &pod.name), pod)).collect();
    let related = pods.keys().map(|(namespace, _)| (namespace.as_str(), OnceCell::new())).collect();
    let nodes = Mutex::default();
    let cluster = Cluster::new(cluster);
    let capture = Capture { cluster, collected: &collected, limits, related, nodes };
    let finding = collected.save("finding.json", finding.clone().into_bytes());
    let rest = async {
        let decision = serde_json::to_vec_pretty(decision).expect("a JSON value can be written");
        let pods = join_all(pods.values().map(|pod| Box::pin(capture.pod_if_named(pod))));
        let node = async {
            if let Some(node) = node {
                capture.node(node).await;
            }
        };
        tokio::join!(collected.keep("decision.json", decision), pods, node);
    };
    let rest = async {
        rest.await;
        Ok(())
    };
    let everything = async { tokio::try_join!(finding, rest) };
    match timeout_at(deadline, everything).await {
        Ok(Ok(_)) => {}
        Ok(Err(failure)) => return Err(failure),
        Err(_) if collected.has("finding.json") => {}
        Err(_) => return Err(Failure::transient(format!("{}: not stored in time", place.name(id)))),
    }
    Ok(collected.finish())
}

impl Capture<'_> {
    /// A name from a finding is used in no address before it is seen to be one.
    async fn pod_if_named(&self, pod: &PodRef) {
        let PodRef { namespace, name, uid } = pod;
        if [namespace, name, uid].into_iter().all(|text| is_name(text)) {
            Box::pin(self.pod(pod)).await;
        } else {
            let told = [namespace, name, uid].map(|text| text.escape_debug().to_string());
            self.collected.lacks(format!("pod {}/{}, uid {}: not a name", told[0], told[1], told[2]));
        }
    }

    /// A node, once however many ask.
    async fn node(&self, node: &str) {
        if !is_name(node) {
            self.collected.lacks(format!("node {}: not a name", node.escape_debug()));
            return;
        }
        let first = {
            let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
            nodes.insert(node.to_owned())
        };
        if first {
            let object = self.cluster.object("/api/v1/nodes", node);
            let object = self.collected.item(format!("nodes/{node}/node.json"), object);
            // Events about a node carry its name as their UID.
            let about = format!("involvedObject.kind=Node,involvedObject.name={node}");
            tokio::join!(object, self.events(format!("nodes/{node}/events.json"), "default", about));
        }
    }

    /// The events that a field selector finds.
    async fn events(&self, file: String, namespace: &str, about: String) {
        let path = format!("/api/v1/namespaces/{namespace}/events");
        let _: Option<Vec<IgnoredAny>> = self.list(file, &path, &about).await;
    }

    /// Stores the first objects of a list, as the API server has them; of each what is asked of it, `None` where they
    /// could not be had.
    async fn list<T: DeserializeOwned>(&self, file: String, path: &str, fields: &str) -> Option<Vec<T>> {
        let mut list = None;
        let content = async {
            let bytes = self.cluster.list(path, fields).await?;
            list = serde_json::from_slice::<Listed<T>>(&bytes).ok();
            Ok(bytes)
        };
        self.collected.item(file.clone(), content).await;
        let Listed { metadata, items } = list?;
        if metadata.rest.is_some_and(|rest| !rest.is_empty()) {
            self.collected.lacks(format!("{file}: only the first {} are in it", cluster::MOST));
        }
        Some(items.unwrap_or_default())
    }
}

/// A list as the API server writes it. Of its objects no more is kept than is asked of them: they may be megabytes.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Listed<T> {
    #[serde(default)]
    metadata: ListMetadata,
    #[serde(default)]
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    rest: Option<String>,
}
