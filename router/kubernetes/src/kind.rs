//! The table of kinds the server knows: the built-in ones, and one for each CustomResourceDefinition.

use std::sync::Arc;

use serde_json::{Value, json};

/// One kind: where it is served and how it behaves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kind {
    /// API group; empty for the core.
    pub(crate) group: String,
    /// Version served and stored.
    pub(crate) version: String,
    /// Resource name, `pods`.
    pub(crate) plural: String,
    /// `pod`.
    pub(crate) singular: String,
    /// `Pod`.
    pub(crate) kind: String,
    /// Short names, `po`.
    pub(crate) short: Vec<String>,
    /// Whether its objects live in a namespace.
    pub(crate) namespaced: bool,
    /// `status`, `scale`, `log`, …
    pub(crate) subresources: Vec<String>,
    /// Whether `metadata.generation` counts changes.
    pub(crate) generation: bool,
    /// Whether it is in the server's own schema, and not a custom resource.
    pub(crate) builtin: bool,
    /// A custom resource's path to its replicas, as the definition gives it.
    pub(crate) replicas_path: String,
    /// A custom resource's structural schema.
    pub(crate) schema: Value,
}

impl Kind {
    /// `apps/v1` or `v1`.
    pub(crate) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// `deployments.apps`, as messages have it.
    pub(crate) fn resource(&self) -> String {
        with_group(&self.plural, &self.group)
    }

    /// `Deployment.apps`, as messages have it.
    pub(crate) fn qualified(&self) -> String {
        with_group(&self.kind, &self.group)
    }

    pub(crate) fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|have| have == subresource)
    }

    /// Whether this is the built-in kind of that plural and group.
    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    /// Whether it is asked and never kept.
    pub(crate) fn is_question(&self) -> bool {
        matches!(self.group.as_str(), "authentication.k8s.io" | "authorization.k8s.io")
    }

    pub(crate) fn is_pod(&self) -> bool {
        self.is("", "pods")
    }

    /// The kind that a CustomResourceDefinition defines, by its storage version.
    pub(crate) fn custom(definition: &Value) -> Option<Kind> {
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let versions = spec["versions"].as_array()?;
        let version = versions.iter().find(|v| v["storage"] == true).or_else(|| versions.first())?;
        let kind = text(&spec["names"]["kind"])?;
        let mut subresources = Vec::new();
        for name in ["status", "scale"] {
            if version["subresources"][name].is_object() {
                subresources.push(name.to_owned());
            }
        }
        let replicas = text(&version["subresources"]["scale"]["specReplicasPath"]);
        Some(Kind {
            group: text(&spec["group"])?,
            version: text(&version["name"])?,
            plural: text(&spec["names"]["plural"])?,
            singular: text(&spec["names"]["singular"]).unwrap_or_else(|| kind.to_lowercase()),
            short: serde_json::from_value(spec["names"]["shortNames"].clone()).unwrap_or_default(),
            kind,
            namespaced: spec["scope"] == "Namespaced",
            subresources,
            generation: true,
            builtin: false,
            replicas_path: replicas.unwrap_or_else(|| ".spec.replicas".to_owned()),
            schema: version["schema"]["openAPIV3Schema"].clone(),
        })
    }

    /// Its line in discovery, and one for each subresource.
    pub(crate) fn discovery(&self) -> Vec<Value> {
        let verbs =
            json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
        let mut own = json!({"name": self.plural, "singularName": self.singular, "namespaced": self.namespaced,
            "kind": self.kind, "verbs": verbs});
        if self.is_question() {
            own["verbs"] = json!(["create"]);
        }
        if !self.short.is_empty() {
            own["shortNames"] = self.short.clone().into();
        }
        let mut lines = vec![own];
        for name in &self.subresources {
            let (kind, group, version, verbs) = match name.as_str() {
                "scale" => ("Scale", "autoscaling", "v1", json!(["get", "patch", "update"])),
                "eviction" => ("Eviction", "policy", "v1", json!(["create"])),
                "log" => (self.kind.as_str(), "", "", json!(["get"])),
                "exec" | "attach" | "portforward" => ("PodOptions", "", "", json!(["create", "get"])),
                "token" => ("TokenRequest", "authentication.k8s.io", "v1", json!(["create"])),
                _ => (self.kind.as_str(), "", "", json!(["get", "patch", "update"])),
            };
            let mut line = json!({"name": format!("{}/{name}", self.plural), "singularName": "",
                "namespaced": self.namespaced, "kind": kind, "verbs": verbs});
            if !group.is_empty() {
                line["group"] = group.into();
                line["version"] = version.into();
            }
            lines.push(line);
        }
        lines
    }
}

fn with_group(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

/// Group, version, plural, kind, short names, namespaced, subresources, generation.
type BuiltIn =
    (&'static str, &'static str, &'static str, &'static str, &'static str, bool, &'static str, bool);

/// Every kind the server has without being told.
const BUILT_IN: &[BuiltIn] = &[
    (
        "",
        "v1",
        "pods",
        "Pod",
        "po",
        true,
        "attach ephemeralcontainers eviction exec log portforward status",
        true,
    ),
    ("", "v1", "services", "Service", "svc", true, "status", false),
    ("", "v1", "nodes", "Node", "no", false, "status", false),
    ("", "v1", "namespaces", "Namespace", "ns", false, "status", false),
    ("", "v1", "events", "Event", "ev", true, "", false),
    ("", "v1", "configmaps", "ConfigMap", "cm", true, "", false),
    ("", "v1", "secrets", "Secret", "", true, "", false),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc", true, "status", false),
    ("", "v1", "resourcequotas", "ResourceQuota", "quota", true, "status", false),
    ("", "v1", "serviceaccounts", "ServiceAccount", "sa", true, "token", false),
    ("apps", "v1", "replicasets", "ReplicaSet", "rs", true, "scale status", true),
    ("apps", "v1", "deployments", "Deployment", "deploy", true, "scale status", true),
    ("apps", "v1", "statefulsets", "StatefulSet", "sts", true, "scale status", true),
    ("apps", "v1", "daemonsets", "DaemonSet", "ds", true, "status", true),
    ("batch", "v1", "jobs", "Job", "", true, "status", true),
    ("batch", "v1", "cronjobs", "CronJob", "cj", true, "status", true),
    ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "", true, "", true),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "netpol", true, "", true),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", true, "status", true),
    (
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "hpa",
        true,
        "status",
        false,
    ),
    (
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "crd",
        false,
        "status",
        true,
    ),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "", false, "", false),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", "", false, "", false),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", "", true, "", false),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "", true, "", false),
    (
        "admissionregistration.k8s.io",
        "v1",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        "",
        false,
        "status",
        true,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        "",
        false,
        "",
        true,
    ),
    ("coordination.k8s.io", "v1", "leases", "Lease", "", true, "", false),
    (
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        "",
        false,
        "",
        false,
    ),
    ("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", "", false, "", false),
    ("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", "", false, "", false),
    ("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", "", false, "", false),
];

pub(crate) fn built_in() -> Vec<Arc<Kind>> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    BUILT_IN
        .iter()
        .map(|&(group, version, plural, kind, short, namespaced, subresources, generation)| {
            Arc::new(Kind {
                group: group.to_owned(),
                version: version.to_owned(),
                plural: plural.to_owned(),
                singular: kind.to_lowercase(),
                kind: kind.to_owned(),
                short: words(short),
                namespaced,
                subresources: words(subresources),
                generation,
                builtin: true,
                replicas_path: ".spec.replicas".to_owned(),
                schema: Value::Null,
            })
        })
        .collect()
}
