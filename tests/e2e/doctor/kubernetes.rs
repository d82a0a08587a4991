//! The cluster of an installation, as the chart and `watchfire rbac` have it.

use serde_json::{Value, json};
use watchfire::containment::{standing_admin, standing_namespaced};
use watchfire_core::act::StepName;
use watchfire_core::context::AdminApi;
use watchfire_core::plan::permissions::{Evidence, permissions};
use watchfire_tests::cluster::{Rule, User};

use super::install::Install;

impl Install {
    pub(super) async fn kubernetes(&self) {
        let cluster = &self.cluster;
        cluster.install_eks().await;
        for policy in ["watchfire-may-change", "watchfire-may-deny", "watchfire-stays-out"] {
            self.apply("ValidatingAdmissionPolicy", &admission_policy(policy)).await;
            self.apply("ValidatingAdmissionPolicyBinding", &binding(policy, "Deny")).await;
        }
        self.apply("ClusterNetworkPolicy", &standing_admin(AdminApi::AwsClusterNetworkPolicy)).await;
        self.apply("NetworkPolicy", &standing_namespaced("default")).await;
        self.apply(
            "Namespace",
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "watchfire"}}),
        )
        .await;
        self.apply("NetworkPolicy", &standing_namespaced("watchfire")).await;
        self.deployment(env!("CARGO_PKG_VERSION")).await;
        self.act_as(rules());
    }

    /// The worker, as the chart of that version installs it.
    pub(super) async fn deployment(&self, version: &str) {
        let labels = json!({"app.kubernetes.io/name": "watchfire", "app.kubernetes.io/version": version});
        let pod = json!({"app": "watchfire"});
        let container = json!([{"name": "worker", "image": "registry.local/watchfire:1"}]);
        let spec = json!({"replicas": 0, "selector": {"matchLabels": pod},
            "template": {"metadata": {"labels": pod}, "spec": {"containers": container}}});
        let metadata = json!({"name": "watchfire", "namespace": "watchfire", "labels": labels});
        self.apply(
            "Deployment",
            &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}),
        )
        .await;
    }

    /// Holds `doctor` to these rules.
    pub(super) fn act_as(&self, rules: Vec<Rule>) {
        let name = "system:serviceaccount:watchfire:watchfire".to_owned();
        self.cluster.proxy().acting_as(User { name, rules });
    }

    /// As an administrator.
    pub(super) async fn apply(&self, kind: &str, object: &Value) {
        let path = path_of(kind, object);
        let body = object.to_string().into_bytes();
        let request = axum::http::Request::patch(format!("{path}?fieldManager=test&force=true"))
            .header("content-type", "application/apply-patch+yaml")
            .body(body)
            .unwrap();
        self.cluster.client().request::<Value>(request).await.unwrap();
    }

    /// As an administrator.
    pub(super) async fn delete(&self, kind: &str, object: &Value) {
        let request = axum::http::Request::delete(path_of(kind, object)).body(Vec::new()).unwrap();
        self.cluster.client().request::<Value>(request).await.unwrap();
    }
}

/// What Watchfire's account may, and whoever looks at admission policies beside.
pub(super) fn rules() -> Vec<Rule> {
    let all = permissions(&StepName::ALL.into_iter().collect(), Evidence::Taken);
    let mut rules: Vec<_> = all
        .all()
        .map(|(_, permission)| {
            let verbs: Vec<_> = permission.verbs.iter().map(|verb| verb.as_str()).collect();
            let names: Vec<_> = permission.names.iter().copied().collect();
            let rule = Rule::new(&verbs.join(" "), &format!("\"{}\"", permission.group), permission.resource);
            let within: Vec<_> = permission.namespace.into_iter().collect();
            rule.only(&names).within(&within)
        })
        .collect();
    rules.push(looks_at_admission());
    rules
}

pub(super) fn looks_at_admission() -> Rule {
    Rule::new(
        "list",
        "admissionregistration.k8s.io",
        "validatingadmissionpolicies validatingadmissionpolicybindings",
    )
}

pub(super) fn admission_policy(name: &str) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}})
}

pub(super) fn binding(policy: &str, action: &str) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": policy}, "spec": {"policyName": policy, "validationActions": [action]}})
}

fn path_of(kind: &str, object: &Value) -> String {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let version = text("/apiVersion");
    let root = if version.contains('/') { "apis" } else { "api" };
    let space = match text("/metadata/namespace") {
        "" => String::new(),
        space => format!("namespaces/{space}/"),
    };
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{}ies", stem.to_lowercase()),
        None => format!("{}s", kind.to_lowercase()),
    };
    format!("/{root}/{version}/{space}{plural}/{}", text("/metadata/name"))
}
