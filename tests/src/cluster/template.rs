//! What the pods of a test are like.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Pods to be made: labels, and what is not ordinary about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    selected: BTreeMap<String, String>,
    extra: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    spec: serde_json::Map<String, Value>,
    container: serde_json::Map<String, Value>,
    mount: Option<(Value, Value)>,
}

impl<const N: usize> From<[(&str, &str); N]> for Template {
    fn from(labels: [(&str, &str); N]) -> Template {
        let own = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Template { selected: own.collect(), ..Template::default() }
    }
}

impl From<&Template> for Template {
    fn from(template: &Template) -> Template {
        template.clone()
    }
}

/// The image that the pods of a test run.
pub(crate) fn image() -> String {
    std::env::var("WATCHFIRE_TEST_IMAGE").unwrap_or_else(|_| "registry.local/app:1".to_owned())
}

impl Template {
    /// By these labels a workload selects its pods.
    pub fn of(labels: &[(&str, &str)]) -> Template {
        let own = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Template { selected: own.collect(), ..Template::default() }
    }

    /// One more label, by which nothing is selected.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Template {
        self.extra.insert(name.to_owned(), value.to_owned());
        self
    }

    /// An annotation on the pod.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Template {
        self.annotations.insert(name.to_owned(), value.to_owned());
        self
    }

    /// In the node's network.
    #[must_use]
    pub fn host_network(self) -> Template {
        self.spec("hostNetwork", json!(true))
    }

    /// Sees the node's processes.
    #[must_use]
    pub fn host_pid(self) -> Template {
        self.spec("hostPID", json!(true))
    }

    /// With all of root's powers.
    #[must_use]
    pub fn privileged(mut self) -> Template {
        self.container.insert("securityContext".to_owned(), json!({"privileged": true}));
        self
    }

    /// With a path of the node in it.
    #[must_use]
    pub fn host_path(mut self, path: &str) -> Template {
        let volume = json!({"name": "host", "hostPath": {"path": path}});
        self.mount = Some((volume, json!({"name": "host", "mountPath": "/host"})));
        self
    }

    /// Under that account, which must be there.
    #[must_use]
    pub fn account(self, name: &str) -> Template {
        self.spec("serviceAccountName", json!(name))
    }

    /// On that node.
    #[must_use]
    pub fn on(self, node: &str) -> Template {
        self.spec("nodeName", json!(node))
    }

    /// With so many seconds to stop; else 1.
    #[must_use]
    pub fn grace(self, seconds: u32) -> Template {
        self.spec("terminationGracePeriodSeconds", json!(seconds))
    }

    /// Another image than the tests' own.
    #[must_use]
    pub fn image(mut self, image: &str) -> Template {
        self.container.insert("image".to_owned(), json!(image));
        self
    }

    /// Another command; the usual one says `hello` and waits.
    #[must_use]
    pub fn command(mut self, command: &[&str]) -> Template {
        self.container.insert("command".to_owned(), json!(command));
        self
    }

    /// Any field of the pod's spec.
    #[must_use]
    pub fn spec(mut self, field: &str, value: Value) -> Template {
        self.spec.insert(field.to_owned(), value);
        self
    }

    /// The labels that select its pods.
    pub fn selector(&self) -> Value {
        json!(self.selected)
    }

    /// All labels of its pods.
    pub fn labels(&self) -> Value {
        let all: BTreeMap<&String, &String> = self.selected.iter().chain(&self.extra).collect();
        json!(all)
    }

    /// `metadata` and `spec` of a pod.
    pub fn pod(&self) -> Value {
        let mut container = json!({"name": "app", "image": image(), "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", "echo hello; trap 'exit 0' TERM; while true; do sleep 1; done"]});
        for (field, value) in &self.container {
            container[field] = value.clone();
        }
        let mut spec = json!({"terminationGracePeriodSeconds": 1});
        if let Some((volume, mount)) = &self.mount {
            spec["volumes"] = json!([volume]);
            container["volumeMounts"] = json!([mount]);
        }
        spec["containers"] = json!([container]);
        for (field, value) in &self.spec {
            spec[field] = value.clone();
        }
        let mut metadata = json!({"labels": self.labels()});
        if !self.annotations.is_empty() {
            metadata["annotations"] = json!(self.annotations);
        }
        json!({"metadata": metadata, "spec": spec})
    }
}
