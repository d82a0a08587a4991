//! What surrounds a pod in its namespace, and which of it concerns the pod.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt as _};
use serde_json::{Value, json};

use super::{Capture, PodRef};

/// The lists of a namespace, read once however many of its pods are captured.
#[derive(Debug)]
pub(super) struct Related {
    policies: Option<Value>,
    services: Option<Value>,
    slices: Option<Value>,
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
        let list = async |group: &str, kind: &str| {
            let file = format!("namespaces/{namespace}/{kind}.json");
            self.list(file, &format!("/{group}/namespaces/{namespace}/{kind}"), "").await
        };
        let (policies, services, slices) = tokio::join!(
            list("apis/networking.k8s.io/v1", "networkpolicies"),
            list("api/v1", "services"),
            list("apis/discovery.k8s.io/v1", "endpointslices"),
        );
        Related { policies, services, slices }
    }
}

impl Related {
    /// Names of what concerns the pod; null where it cannot be known.
    fn index(&self, labels: &BTreeMap<String, String>, uid: &str, labels_known: bool) -> Value {
        let by_labels = |list: &Option<Value>, concerns: fn(&Value, &BTreeMap<String, String>) -> bool| {
            let list = list.as_ref().filter(|_| labels_known);
            list.map(|list| names(list, |item| concerns(item, labels)))
        };
        let slices = self.slices.as_ref().map(|list| names(list, |item| has_endpoint(item, uid)));
        json!({
            "networkpolicies": by_labels(&self.policies, policy_selects),
            "services": by_labels(&self.services, service_selects),
            "endpointslices": slices,
        })
    }
}

fn labels(pod: Option<&Value>) -> BTreeMap<String, String> {
    let labels = pod.and_then(|pod| pod["metadata"]["labels"].as_object());
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    labels.into_iter().flatten().filter_map(text).collect()
}

fn names(list: &Value, concerns: impl Fn(&Value) -> bool) -> Vec<String> {
    let items = list["items"].as_array().into_iter().flatten();
    let names = items.filter(|item| concerns(item)).filter_map(|item| item["metadata"]["name"].as_str());
    names.map(str::to_owned).collect()
}

/// An empty selector selects every pod of the namespace; one that cannot be read is shown rather than not.
fn policy_selects(policy: &Value, labels: &BTreeMap<String, String>) -> bool {
    let selector = serde_json::from_value::<LabelSelector>(policy["spec"]["podSelector"].clone());
    let selector = selector.ok().and_then(|selector| Selector::try_from(selector).ok());
    selector.is_none_or(|selector| selector.matches(labels))
}

/// A service without a selector selects nothing.
fn service_selects(service: &Value, labels: &BTreeMap<String, String>) -> bool {
    let Some(selector) = service["spec"]["selector"].as_object() else { return false };
    let has = |(key, value): (&String, &Value)| labels.get(key).map(String::as_str) == value.as_str();
    !selector.is_empty() && selector.iter().all(has)
}

fn has_endpoint(slice: &Value, uid: &str) -> bool {
    let endpoints = slice["endpoints"].as_array();
    endpoints.into_iter().flatten().any(|endpoint| endpoint["targetRef"]["uid"] == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            policies: Some(json!({"items": policies})),
            services: Some(json!({"items": services})),
            slices: Some(json!({"items": [slice("web-1", "u-1"), slice("db-1", "u-2")]})),
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
