//! What EKS does beside the API server: its network policy controller.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
    WatchEvent, WatchParams,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// EKS's network policy controller; it ends when this is dropped.
#[derive(Debug)]
pub struct Eks {
    controller: JoinHandle<()>,
}

impl Eks {
    /// For all namespaces of a server that has EKS's definitions.
    pub fn controller(client: kube::Client) -> Self {
        Self::of(client, None)
    }

    /// Only for those namespaces, as they are at each moment; none means all.
    pub fn of(client: kube::Client, namespaces: Option<Arc<Mutex<Vec<String>>>>) -> Self {
        let kind = GroupVersionKind::gvk("networking.k8s.aws", "v1alpha1", "PolicyEndpoint");
        let endpoints = ApiResource::from_gvk_with_plural(&kind, "policyendpoints");
        Self { controller: tokio::spawn(Controller { client, endpoints, namespaces }.run()) }
    }

    /// The network policy controller stops: policies are accepted, and nothing comes of them.
    pub fn stop_enforcing(&self) {
        self.controller.abort();
    }
}

impl Drop for Eks {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

/// Writes a PolicyEndpoint for each NetworkPolicy, as EKS's controller does.
struct Controller {
    client: kube::Client,
    endpoints: ApiResource,
    /// None means all.
    namespaces: Option<Arc<Mutex<Vec<String>>>>,
}

impl Controller {
    async fn run(self) {
        loop {
            // Whatever fails is tried again; the API server may be under a fault.
            if self.follow().await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Brings everything up to date, then again whenever a pod or a policy changes.
    async fn follow(&self) -> Result<(), kube::Error> {
        let (pods, policies): (Api<Pod>, Api<NetworkPolicy>) =
            (Api::all(self.client.clone()), Api::all(self.client.clone()));
        let none = ListParams::default().limit(1);
        let from = (pods.list(&none).await?.metadata, policies.list(&none).await?.metadata);
        self.everything().await?;
        let version = |metadata: kube::api::ListMeta| metadata.resource_version.unwrap_or_default();
        let mut pods = pods.watch(&WatchParams::default(), &version(from.0)).await?.boxed();
        let mut policies = policies.watch(&WatchParams::default(), &version(from.1)).await?.boxed();
        loop {
            let over = tokio::select! {
                event = pods.next() => is_over(event),
                event = policies.next() => is_over(event),
            };
            if over {
                return Ok(());
            }
            self.everything().await?;
        }
    }

    async fn everything(&self) -> Result<(), kube::Error> {
        let policies: Api<NetworkPolicy> = Api::all(self.client.clone());
        for policy in policies.list(&ListParams::default()).await? {
            let namespace = policy.metadata.namespace.clone().unwrap_or_default();
            if self.looks_after(&namespace) {
                self.one(&namespace, &policy).await?;
            }
        }
        Ok(())
    }

    fn looks_after(&self, namespace: &String) -> bool {
        let own = self.namespaces.as_ref();
        own.is_none_or(|own| own.lock().unwrap_or_else(PoisonError::into_inner).contains(namespace))
    }

    async fn one(&self, namespace: &str, policy: &NetworkPolicy) -> Result<(), kube::Error> {
        let spec = policy.spec.clone().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let selector = spec.pod_selector.map(|selector| labels(&selector)).unwrap_or_default();
        let all = pods.list(&ListParams::default().labels(&selector)).await?;
        let mut selected: Vec<Value> = all.items.iter().filter_map(endpoint).collect();
        selected.sort_by_key(|endpoint| endpoint["name"].to_string());
        let name = policy.metadata.name.clone().unwrap_or_default();
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &self.endpoints);
        let wanted = json!({"policyRef": {"name": name, "namespace": namespace},
            "podIsolation": spec.policy_types.unwrap_or_default(),
            "podSelector": policy.spec.as_ref().and_then(|spec| spec.pod_selector.clone()).unwrap_or_default(),
            "podSelectorEndpoints": selected});
        let mine = api.list(&ListParams::default()).await?;
        let existing =
            mine.items.into_iter().find(|have| have.data["spec"]["policyRef"]["name"] == name.as_str());
        match existing {
            Some(have) if have.data["spec"] == wanted => {}
            Some(have) => {
                let change = Patch::Merge(json!({"spec": wanted}));
                api.patch(&have.metadata.name.unwrap_or_default(), &PatchParams::default(), &change).await?;
            }
            None => {
                let owner = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "name": name,
                    "uid": policy.metadata.uid, "controller": true, "blockOwnerDeletion": true});
                let object = json!({"apiVersion": self.endpoints.api_version, "kind": self.endpoints.kind,
                    "metadata": {"generateName": format!("{name}-"), "ownerReferences": [owner]}, "spec": wanted});
                let object: DynamicObject = serde_json::from_value(object).expect("it is an object");
                api.create(&PostParams::default(), &object).await?;
            }
        }
        Ok(())
    }
}

fn is_over<K>(event: Option<Result<WatchEvent<K>, kube::Error>>) -> bool {
    match event {
        None | Some(Err(_) | Ok(WatchEvent::Error(_))) => true,
        Some(Ok(
            WatchEvent::Added(_) | WatchEvent::Modified(_) | WatchEvent::Deleted(_) | WatchEvent::Bookmark(_),
        )) => false,
    }
}

/// A pod that a policy takes hold of; those in the node's network are passed over, those on their way out are not: the
/// controller asks for an address and that the pod has not ended (`IsPodNetworkReady`).
fn endpoint(pod: &Pod) -> Option<Value> {
    let (spec, status) = (pod.spec.as_ref()?, pod.status.as_ref()?);
    let finished = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
    if spec.host_network == Some(true) || finished {
        return None;
    }
    Some(json!({"podIP": status.pod_ip.as_ref()?, "hostIP": status.host_ip, "name": pod.metadata.name,
        "namespace": pod.metadata.namespace}))
}

/// A LabelSelector as a query's text.
fn labels(selector: &k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector) -> String {
    let equal = selector.match_labels.iter().flatten().map(|(name, value)| format!("{name}={value}"));
    let expressions = selector.match_expressions.iter().flatten().map(|expression| {
        let values = expression.values.clone().unwrap_or_default().join(",");
        match expression.operator.as_str() {
            "In" => format!("{} in ({values})", expression.key),
            "NotIn" => format!("{} notin ({values})", expression.key),
            "DoesNotExist" => format!("!{}", expression.key),
            _ => expression.key.clone(),
        }
    });
    equal.chain(expressions).collect::<Vec<_>>().join(",")
}
