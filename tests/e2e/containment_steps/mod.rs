//! Each step against an API server: done, found done, refused, interrupted, rehearsed, undone.

mod admission;
mod around;
mod pods;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::{Value, json};
use tokio::time::Instant;
use watchfire::clients::Clients;
use watchfire::containment::{Containment, End, How, Ran, checkup};
use watchfire::failure::Failure;
use watchfire::finding::{Finding, Grade};
use watchfire_core::act::{LABELS_ANNOTATION, QUARANTINE_LABEL, Step, StepName, StepRecord, StepResult};
use watchfire_core::action::ActionName;
use watchfire_core::context::{AdminApi, ObjectRef};
use watchfire_core::mitigation::Mitigation;
use watchfire_core::plan::permissions::{Evidence, Permission, Permissions, permissions};
use watchfire_core::plan::repertoire;
use watchfire_tests::cluster::{Cluster, Fault, Match, Rule, SOON, User};
use watchfire_tests::until;

const INCIDENT: &str = "i-1";

/// A cluster, a namespace and what carries out steps through the proxy, without kube's own retries.
struct Scene {
    cluster: Cluster,
    namespace: String,
    containment: Containment,
}

impl Scene {
    async fn new() -> Self {
        let cluster = Cluster::start().await;
        let namespace = cluster.namespace("steps").await;
        let mut config = kube::Config::new(cluster.proxy().url().parse().unwrap());
        config.default_retry = false;
        let client = kube::Client::try_from(config).unwrap();
        let containment = Containment::new(client, Arc::new(Clients::new(None).unwrap()), None);
        cluster.proxy().clear();
        Self { cluster, namespace, containment }
    }

    async fn run(&self, steps: &[Step]) -> Ran {
        self.containment.run(steps, How::ForReal, Instant::now() + Duration::from_secs(60)).await
    }

    /// With no time for a second try.
    async fn run_once(&self, steps: &[Step]) -> Ran {
        self.containment.run(steps, How::ForReal, Instant::now() + Duration::from_millis(400)).await
    }

    async fn rehearse(&self, steps: &[Step]) -> Ran {
        self.containment.run(steps, How::Rehearse, Instant::now() + Duration::from_secs(60)).await
    }

    /// An object as the API server has it; null where it is not there.
    async fn object(&self, path: &str) -> Value {
        let request = kube::core::Request::new("").get(path.trim_start_matches('/'), &Default::default());
        match self.cluster.client().request::<Value>(request.unwrap()).await {
            Ok(object) => object,
            Err(kube::Error::Api(status)) if status.code == 404 => Value::Null,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    async fn pod(&self, name: &str) -> Value {
        self.object(&format!("/api/v1/namespaces/{}/pods/{name}", self.namespace)).await
    }

    async fn deployment(&self, name: &str) -> Value {
        self.object(&format!("/apis/apps/v1/namespaces/{}/deployments/{name}", self.namespace)).await
    }

    async fn reference(&self, kind: &str, path: &str) -> ObjectRef {
        let object = self.object(path).await;
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        ObjectRef { kind: kind.into(), namespace: text("namespace"), name: text("name"), uid: text("uid") }
    }

    async fn bare_pod(&self, name: &str) -> ObjectRef {
        let pod = self.cluster.bare_pod(&self.namespace, name, [("app", "pay")]).await;
        of_pod(&pod)
    }

    /// What is stored, without what every write changes.
    async fn everything(&self) -> Value {
        let namespace = &self.namespace;
        let lists = [
            format!("/api/v1/namespaces/{namespace}/pods"),
            format!("/apis/apps/v1/namespaces/{namespace}/deployments"),
            format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"),
            "/api/v1/nodes".to_owned(),
        ];
        let mut all = Vec::new();
        for list in lists {
            all.push(self.object(&list).await["items"].take());
        }
        Value::Array(all)
    }
}

fn of_pod(pod: &Pod) -> ObjectRef {
    let metadata = pod.metadata.clone();
    ObjectRef {
        kind: "Pod".to_owned(),
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        uid: metadata.uid.unwrap_or_default(),
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn isolate(pod: &ObjectRef) -> Step {
    let annotate = map(&[("watchfire.dev/incident", INCIDENT)]);
    Step::Isolate { pod: pod.clone(), incident: INCIDENT.into(), remove: map(&[("app", "pay")]), annotate }
}

fn verify(pod: &ObjectRef, within_seconds: u32) -> Step {
    let stays_in = Vec::new();
    Step::VerifyIsolated { pod: pod.clone(), incident: INCIDENT.into(), within_seconds, stays_in }
}

fn rejoin(pod: &ObjectRef) -> Step {
    let restore = map(&[("app", "pay")]);
    let unannotate = vec!["watchfire.dev/incident".to_owned()];
    Step::Rejoin { pod: pod.clone(), incident: INCIDENT.into(), restore, unannotate }
}

fn results(ran: &Ran) -> Vec<(StepName, StepResult)> {
    ran.records.iter().map(|record| (record.step, record.result)).collect()
}

fn record(step: StepName, result: StepResult, note: &str) -> StepRecord {
    StepRecord { step, result, note: note.to_owned() }
}

fn reason(ran: &Ran) -> &str {
    match &ran.end {
        End::Failed { reason } | End::Pending(Failure::Transient { reason, .. }) => reason,
        End::Done | End::Pending(Failure::Permanent { .. }) => panic!("{ran:?}"),
    }
}

/// What is compared of an object: who wrote what and when, and how often, is not.
fn plain(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
        metadata.remove("generation");
    }
    object
}
