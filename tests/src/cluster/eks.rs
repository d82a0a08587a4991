//! What makes a cluster look and act like EKS: its CRDs, its switch, and a network policy controller.

use std::sync::{Arc, Mutex};

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use serde_json::json;
use watchfire_kubernetes::Eks;

use super::{Cluster, SOON};
use crate::until;

const FLAG: &str = "enable-network-policy-controller";

impl Cluster {
    /// Installs a CustomResourceDefinition that takes any fields, and waits until it is served.
    ///
    /// # Panics
    ///
    /// Where the server refuses it.
    pub async fn crd(
        &self,
        group: &str,
        version: &str,
        kind: &str,
        plural: &str,
        namespaced: bool,
    ) -> ApiResource {
        let (name, scope) = (format!("{plural}.{group}"), if namespaced { "Namespaced" } else { "Cluster" });
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let definition = json!({"metadata": {"name": name}, "spec": {
            "group": group, "scope": scope,
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
            "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        }});
        let definition: CustomResourceDefinition = serde_json::from_value(definition).expect("it is one");
        let api: Api<CustomResourceDefinition> = Api::all(self.client());
        match api.create(&PostParams::default(), &definition).await {
            Ok(_) => {}
            // Another test was here first.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => panic!("{name}: {error}"),
        }
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
        let objects: Api<DynamicObject> = Api::all_with(self.client(), &resource);
        until(&format!("{name} is served"), SOON, async || {
            objects.list(&ListParams::default().limit(1)).await.ok()
        })
        .await;
        resource
    }

    /// CRDs, the switch in `kube-system/amazon-vpc-cni`, and the controller. Idempotent: clusters are shared.
    pub async fn install_eks(&self) -> Eks {
        let group = "networking.k8s.aws";
        self.crd(group, "v1alpha1", "PolicyEndpoint", "policyendpoints", true).await;
        self.crd(group, "v1alpha1", "ClusterPolicyEndpoint", "clusterpolicyendpoints", false).await;
        self.crd(group, "v1alpha1", "ClusterNetworkPolicy", "clusternetworkpolicies", false).await;
        self.enforcement(true).await;
        Eks::of(self.client(), self.own_namespaces())
    }

    /// Switches the network policy controller's flag on or off, as Watchfire reads it.
    ///
    /// # Panics
    ///
    /// Where the server refuses it.
    pub async fn enforcement(&self, on: bool) {
        let api: Api<ConfigMap> = Api::namespaced(self.client(), "kube-system");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "amazon-vpc-cni"},
            "data": {FLAG: on.to_string()}});
        let as_us = PatchParams::apply("watchfire-tests").force();
        api.patch("amazon-vpc-cni", &as_us, &Patch::Apply(&map)).await.expect("the server takes it");
    }

    /// On a real cluster only the test's own namespaces are looked after; tests run beside one another.
    fn own_namespaces(&self) -> Option<Arc<Mutex<Vec<String>>>> {
        self.fake.is_none().then(|| Arc::clone(&self.namespaces))
    }
}
