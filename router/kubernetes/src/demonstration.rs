//! A small cluster to try Watchfire on by hand: a shop, its database, an agent, EKS's definitions and switch.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::KubernetesServer;
use super::managed::Writer;
use super::store::World;

impl KubernetesServer {
    /// Adds the demonstration's objects; its controllers make the pods.
    ///
    /// # Panics
    ///
    /// Where they are there already.
    pub fn demonstration(&self) {
        let mut world = self.shared.world();
        let eks = "networking.k8s.aws";
        for (group, version, kind, plural, scope) in [
            (eks, "v1alpha1", "PolicyEndpoint", "policyendpoints", "Namespaced"),
            (eks, "v1alpha1", "ClusterPolicyEndpoint", "clusterpolicyendpoints", "Cluster"),
            (eks, "v1alpha1", "ClusterNetworkPolicy", "clusternetworkpolicies", "Cluster"),
            ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", "Namespaced"),
            ("argoproj.io", "v1alpha1", "Application", "applications", "Namespaced"),
        ] {
            put(
                &mut world,
                "apiextensions.k8s.io",
                "customresourcedefinitions",
                "",
                definition(group, version, kind, plural, scope),
            );
        }
        let switch = json!({"metadata": {"name": "amazon-vpc-cni"}, "data": {"enable-network-policy-controller": "true"}});
        put(&mut world, "", "configmaps", "kube-system", switch);
        put(&mut world, "", "namespaces", "", json!({"metadata": {"name": "shop"}}));
        let account = |name: &str| json!({"metadata": {"name": name}});
        ["default", "checkout"]
            .into_iter()
            .for_each(|name| put(&mut world, "", "serviceaccounts", "shop", account(name)));
        for (name, replicas) in [("web", 3), ("checkout", 2)] {
            put(&mut world, "apps", "deployments", "shop", workload(name, Some(replicas)));
            let spec = json!({"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]});
            put(&mut world, "", "services", "shop", json!({"metadata": {"name": name}, "spec": spec}));
        }
        let mut database = workload("database", Some(1));
        database["spec"]["serviceName"] = "database".into();
        put(&mut world, "apps", "statefulsets", "shop", database);
        put(&mut world, "apps", "daemonsets", "kube-system", workload("node-agent", None));
        let spec = json!({"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}});
        put(
            &mut world,
            "policy",
            "poddisruptionbudgets",
            "shop",
            json!({"metadata": {"name": "web"}, "spec": spec}),
        );
        let spec = json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": [{}]});
        put(
            &mut world,
            "networking.k8s.io",
            "networkpolicies",
            "shop",
            json!({"metadata": {"name": "web"}, "spec": spec}),
        );
    }

    /// Writes a kubeconfig that leads here into that directory.
    pub fn kubeconfig(&self, directory: &Path) -> PathBuf {
        kubeconfig(&self.url(), directory)
    }
}

/// Writes a kubeconfig that leads to that URL into that directory.
///
/// # Panics
///
/// Where it cannot be written.
pub fn kubeconfig(url: &str, directory: &Path) -> PathBuf {
    let path = directory.join("kubeconfig");
    let text = json!({"apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": url}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]});
    std::fs::write(&path, format!("{text:#}\n")).expect("the directory can be written to");
    path
}

fn put(world: &mut World, group: &str, plural: &str, namespace: &str, object: Value) {
    let kind = world.kind(group, plural);
    let writer = Writer { manager: "kubectl".to_owned(), ..Writer::default() };
    world.create(&kind, namespace, object, &writer).expect("the demonstration is valid");
}

fn definition(group: &str, version: &str, kind: &str, plural: &str, scope: &str) -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({"metadata": {"name": format!("{plural}.{group}")}, "spec": {"group": group, "scope": scope,
        "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
        "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}})
}

fn workload(name: &str, replicas: Option<i64>) -> Value {
    let container = json!({"name": name, "image": format!("registry.local/{name}:1")});
    let template = json!({"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}});
    let mut spec = json!({"selector": {"matchLabels": {"app": name}}, "template": template});
    if let Some(replicas) = replicas {
        spec["replicas"] = replicas.into();
    }
    json!({"metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
}
