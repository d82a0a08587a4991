//! Looking: pods, nodes, and who gets a Service's traffic.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, ListParams};

use super::Cluster;

/// Whether the pod is ready and stays.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = conditions.clone().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && pod.metadata.deletion_timestamp.is_none()
}

impl Cluster {
    /// The pods of a namespace with these labels, by name; those that are going are among them.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    pub async fn pods(&self, namespace: &str, selector: &str) -> Vec<Pod> {
        let api: Api<Pod> = Api::namespaced(self.client(), namespace);
        let list = api.list(&ListParams::default().labels(selector)).await.expect("pods can be listed");
        let mut pods = list.items;
        pods.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        pods
    }

    /// A pod; none where there is none.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    pub async fn pod(&self, namespace: &str, name: &str) -> Option<Pod> {
        let api: Api<Pod> = Api::namespaced(self.client(), namespace);
        api.get_opt(name).await.expect("the server answers")
    }

    /// The names of the pods that a Service's traffic goes to now.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    pub async fn endpoints(&self, namespace: &str, service: &str) -> BTreeSet<String> {
        let api: Api<EndpointSlice> = Api::namespaced(self.client(), namespace);
        let of = ListParams::default().labels(&format!("kubernetes.io/service-name={service}"));
        let slices = api.list(&of).await.expect("slices can be listed").items;
        let endpoints = slices.into_iter().flat_map(|slice| slice.endpoints);
        endpoints
            .filter(|endpoint| endpoint.conditions.as_ref().and_then(|c| c.ready).unwrap_or(true))
            .filter_map(|endpoint| endpoint.target_ref?.name)
            .collect()
    }

    /// All nodes, by name.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    pub async fn nodes(&self) -> Vec<Node> {
        let api: Api<Node> = Api::all(self.client());
        let mut nodes = api.list(&ListParams::default()).await.expect("nodes can be listed").items;
        nodes.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        nodes
    }
}
