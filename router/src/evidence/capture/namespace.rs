//! What surrounds a pod in its namespace, and which of it concerns the pod.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Capture, PodRef};

/// The lists of a namespace, read once however many of its pods are captured; of each object what says whom it concerns.
#[derive(Debug)]
pub(super) struct Related {
    policies: Option<Vec<Policy>>,
    services: Option<Vec<Service>>,
    slices: Option<Vec<Slice>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Policy {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: PolicySpec,
}

/// Whatever stands there is looked at later: what cannot be read must not cost the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PolicySpec {
    pod_selector: Value,
}

#[derive(Debug, Deserialize)]
struct Service {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: ServiceSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceSpec {
    selector: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct Slice {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    endpoints: Option<Vec<Endpoint>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint {
    target_ref: Option<TargetRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TargetRef {
    uid: Option<String>,
}

impl Capture<'_> {
    /// Network policies, services and endpoint slices of the pod's namespace, and an index of those that
    /// concern it; the index of a pod that is gone names the endpoint slices that still have it.
    pub(super) async fn index(&self, folder: &str, pod: &PodRef, found: Option<&Value>) {
        let PodRef { namespace, name: _, uid } = pod;
        let related = self.related.get(namespace.as_str()).expect("made with the capture");
        let related = related.get_or_init(|| self.related(namespace)).await;
        let index = related.index(&labels(found), uid, found.is_some());
        let index = serde_json::to_vec_pretty(&index).expect("a JSON value can be written");
        self.collected.keep(&format!("{folder}/concerns.json"), index).await;
    }

    async fn related(&self, namespace: &str) -> Related {
        let (policies, services, slices) = tokio::join!(
            self.in_namespace(namespace, "apis/networking.k8s.io/v1", "networkpolicies"),
            self.in_namespace(namespace, "api/v1", "services"),
            self.in_namespace(namespace, "apis/discovery.k8s.io/v1", "endpointslices"),
        );
        Related { policies, services, slices }
    }

    async fn in_namespace<T: DeserializeOwned>(
        &self,
        namespace: &str,
        group: &str,
        kind: &str,
    ) -> Option<Vec<T>> {
        let file = format!("namespaces/{namespace}/{kind}.json");
        self.list(file, &format!("/{group}/namespaces/{namespace}/{kind}"), "").await
    }
}

impl Related {
    /// Names of what concerns the pod; null where it cannot be known.
    fn index(&self, labels: &BTreeMap<String, String>, uid: &str, labels_known: bool) -> Value {
        let policies = self.policies.as_ref().filter(|_| labels_known).map(|policies| {
            let concern = policies.iter().filter(|policy| policy.selects(labels));
            names(concern.map(|policy| &policy.metadata))
        });
        let services = self.services.as_ref().filter(|_| labels_known).map(|services| {
            let concern = services.iter().filter(|service| service.selects(labels));
            names(concern.map(|service| &service.metadata))
        });
        let slices = self.slices.as_ref().map(|slices| {
            let concern = slices.iter().filter(|slice| slice.has(uid));
            names(concern.map(|slice| &slice.metadata))
        });
        json!({"networkpolicies": policies, "services": services, "endpointslices": slices})
    }
}

fn labels(pod: Option<&Value>) -> BTreeMap<String, String> {
    let labels = pod.and_then(|pod| pod["metadata"]["labels"].as_object());
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    labels.into_iter().flatten().filter_map(text).collect()
}

fn names<'m>(all: impl Iterator<Item = &'m Metadata>) -> Vec<&'m str> {
    all.filter_map(|metadata| metadata.name.as_deref()).collect()
}

impl Policy {
    /// An empty selector selects every pod of the namespace; one that cannot be read is shown rather than not.
    fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let selector = serde_json::from_value::<LabelSelector>(self.spec.pod_selector.clone());
        let selector = selector.ok().and_then(|selector| Selector::try_from(selector).ok());
        selector.is_none_or(|selector| selector.matches(labels))
    }
}

impl Service {
    /// One without a selector selects nothing.
    fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let Some(selector) = &self.spec.selector else { return false };
        !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

impl Slice {
    fn has(&self, uid: &str) -> bool {
        let targets = self.endpoints.iter().flatten().filter_map(|endpoint| endpoint.target_ref.as_ref());
        targets.into_iter().any(|target| target.uid.as_deref() == Some(uid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: DeserializeOwned>(object: Value) -> T {
        serde_json::from_value(object).expect("as the API server writes it")
    }

    fn named(name: &str, spec: &Value) -> Value {
        json!({"metadata": {"name": name}, "spec": spec})
    }

    fn related() -> Related {
        let policies = [
            named("all", &json!({"podSelector": {}})),
            named("web", &json!({"podSelector": {"matchLabels": {"app": "web"}}})),
            named("db", &json!({"podSelector": {"matchLabels": {"app": "db"}}})),
            named(
                "not-db",
                &json!({"podSelector": {"matchExpressions": [
                    {"key": "app", "operator": "NotIn", "values": ["db"]},
                ]}}),
            ),
        ];
        let services = [
            named("web", &json!({"selector": {"app": "web"}})),
            named("canary", &json!({"selector": {"app": "web", "track": "canary"}})),
            named("external", &json!({"type": "ExternalName"})),
            named("empty", &json!({"selector": {}})),
        ];
        let slice = |name: &str, uid: &str| json!({"metadata": {"name": name}, "endpoints": [{"targetRef": {"uid": uid}}, {}]});
        Related {
            policies: Some(policies.map(read).into()),
            services: Some(services.map(read).into()),
            slices: Some([slice("web-1", "u-1"), slice("db-1", "u-2")].map(read).into()),
        }
    }

    #[test]
    fn what_selects_the_pod_concerns_it() {
        let labels = labels(Some(&json!({"metadata": {"labels": {"app": "web"}}})));
        let expected = json!({
            "networkpolicies": ["all", "web", "not-db"], "services": ["web"], "endpointslices": ["web-1"],
        });
        assert_eq!(related().index(&labels, "u-1", true), expected);
    }

    #[test]
    fn what_cannot_be_known_is_null() {
        let gone = related().index(&BTreeMap::new(), "u-1", false);
        let expected = json!({"networkpolicies": null, "services": null, "endpointslices": ["web-1"]});
        assert_eq!(gone, expected);
        let nothing = Related { policies: None, services: None, slices: None };
        let expected = json!({"networkpolicies": null, "services": null, "endpointslices": null});
        assert_eq!(nothing.index(&labels(None), "u-1", true), expected);
    }
}
