//! Makers: each returns when what it makes is there and ready.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Resource;
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::look::is_ready;
use super::{Cluster, SOON, Template};
use crate::until;

impl Cluster {
    /// Creates any object of a namespace from its JSON, and answers with it as the server keeps it.
    ///
    /// # Panics
    ///
    /// Where the server refuses it.
    pub async fn create<K>(&self, namespace: &str, object: Value) -> K
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
        K::DynamicType: Default,
    {
        let api: Api<K> = Api::namespaced(self.client(), namespace);
        let typed: K = serde_json::from_value(object).expect("it is an object of that kind");
        api.create(&PostParams::default(), &typed).await.expect("the server takes it")
    }

    /// A Deployment whose pods are ready; answers with them, by name.
    pub async fn deployment(
        &self,
        ns: &str,
        name: &str,
        replicas: i32,
        pods: impl Into<Template>,
    ) -> Vec<Pod> {
        let template = pods.into();
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": template.selector()},
            "template": template.pod()});
        let object = json!({"metadata": {"name": name, "labels": template.labels()}, "spec": spec});
        self.create::<Deployment>(ns, object).await;
        self.settled(ns, &template, replicas).await
    }

    /// A StatefulSet whose pods are ready; answers with them, by name. Its service is made too.
    pub async fn statefulset(
        &self,
        ns: &str,
        name: &str,
        replicas: i32,
        pods: impl Into<Template>,
    ) -> Vec<Pod> {
        let template = pods.into();
        let spec = json!({"replicas": replicas, "serviceName": name, "template": template.pod(),
            "selector": {"matchLabels": template.selector()}});
        let object = json!({"metadata": {"name": name, "labels": template.labels()}, "spec": spec});
        self.create::<StatefulSet>(ns, object).await;
        self.settled(ns, &template, replicas).await
    }

    /// A DaemonSet with a ready pod on each node; answers with them, by name.
    pub async fn daemonset(&self, ns: &str, name: &str, pods: impl Into<Template>) -> Vec<Pod> {
        let template = pods.into();
        let spec = json!({"selector": {"matchLabels": template.selector()}, "template": template.pod()});
        self.create::<DaemonSet>(ns, json!({"metadata": {"name": name}, "spec": spec})).await;
        let api: Api<DaemonSet> = Api::namespaced(self.client(), ns);
        let wanted = until("the DaemonSet's pods", SOON, async || {
            let status = api.get(name).await.ok()?.status?;
            let wanted = status.desired_number_scheduled;
            (wanted > 0 && status.number_ready == wanted).then_some(wanted)
        });
        let wanted = wanted.await;
        self.settled(ns, &template, wanted).await
    }

    /// A Job that goes on until it is stopped; answers with its ready pods, by name.
    pub async fn job(&self, ns: &str, name: &str, parallelism: i32, pods: impl Into<Template>) -> Vec<Pod> {
        let template = pods.into().spec("restartPolicy", json!("Never"));
        let spec =
            json!({"parallelism": parallelism, "completions": parallelism, "template": template.pod()});
        self.create::<Job>(ns, json!({"metadata": {"name": name}, "spec": spec})).await;
        self.settled(ns, &template, parallelism).await
    }

    /// A CronJob that is not due before next February.
    pub async fn cronjob(&self, ns: &str, name: &str, pods: impl Into<Template>) -> CronJob {
        let template = pods.into().spec("restartPolicy", json!("Never"));
        let spec = json!({"schedule": "0 0 29 2 *", "jobTemplate": {"spec": {"template": template.pod()}}});
        self.create(ns, json!({"metadata": {"name": name}, "spec": spec})).await
    }

    /// A Job of a CronJob, as `kubectl create job --from` makes it, with its ready pods.
    pub async fn cronjob_run(&self, ns: &str, cronjob: &CronJob, name: &str) -> Vec<Pod> {
        let of = cronjob.metadata.clone();
        let job = cronjob.spec.as_ref().and_then(|spec| spec.job_template.spec.clone());
        let spec = serde_json::to_value(job).expect("a Job is JSON");
        let owner = json!({"apiVersion": "batch/v1", "kind": "CronJob", "name": of.name, "uid": of.uid,
            "controller": true});
        let labels = spec["template"]["metadata"]["labels"].clone();
        self.create::<Job>(ns, json!({"metadata": {"name": name, "ownerReferences": [owner]}, "spec": spec}))
            .await;
        let labels: Vec<(String, String)> = labels
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
            .collect();
        let pairs: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        self.settled(ns, &Template::of(&pairs), 1).await
    }

    /// A ready pod that nobody owns.
    pub async fn bare_pod(&self, ns: &str, name: &str, pod: impl Into<Template>) -> Pod {
        let mut object = pod.into().pod();
        object["metadata"]["name"] = name.into();
        self.create::<Pod>(ns, object).await;
        let api: Api<Pod> = Api::namespaced(self.client(), ns);
        until("the pod", SOON, async || api.get(name).await.ok().filter(is_ready)).await
    }

    /// A Service, on port 80.
    pub async fn service(&self, ns: &str, name: &str, selector: &[(&str, &str)]) -> Service {
        let selector = Template::of(selector).selector();
        let spec = json!({"selector": selector, "ports": [{"port": 80, "targetPort": 8080}]});
        self.create(ns, json!({"metadata": {"name": name}, "spec": spec})).await
    }

    /// A NetworkPolicy that lets everything out and nothing in.
    pub async fn network_policy(&self, ns: &str, name: &str, selector: &[(&str, &str)]) -> NetworkPolicy {
        let selector = Template::of(selector).selector();
        let spec = json!({"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress", "Egress"],
            "egress": [{}]});
        self.create(ns, json!({"metadata": {"name": name}, "spec": spec})).await
    }

    /// A PodDisruptionBudget that the controller has looked at.
    pub async fn pdb(
        &self,
        ns: &str,
        name: &str,
        least: i32,
        selector: &[(&str, &str)],
    ) -> PodDisruptionBudget {
        let selector = Template::of(selector).selector();
        let spec = json!({"minAvailable": least, "selector": {"matchLabels": selector}});
        self.create::<PodDisruptionBudget>(ns, json!({"metadata": {"name": name}, "spec": spec})).await;
        let api: Api<PodDisruptionBudget> = Api::namespaced(self.client(), ns);
        until("the budget's status", SOON, async || {
            let budget = api.get(name).await.ok()?;
            let seen = budget.status.as_ref().and_then(|status| status.observed_generation);
            (seen.is_some() && seen == budget.metadata.generation).then_some(budget)
        })
        .await
    }

    /// A HorizontalPodAutoscaler of a Deployment, by CPU.
    pub async fn hpa(&self, ns: &str, deployment: &str, least: i32, most: i32) -> HorizontalPodAutoscaler {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 80}}});
        let spec =
            json!({"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most, "metrics": [metric]});
        self.create(ns, json!({"metadata": {"name": deployment}, "spec": spec})).await
    }

    /// A ServiceAccount with these annotations.
    pub async fn account(&self, ns: &str, name: &str, annotations: &[(&str, &str)]) -> ServiceAccount {
        let annotations = Template::of(annotations).selector();
        self.create(ns, json!({"metadata": {"name": name, "annotations": annotations}})).await
    }

    async fn settled(&self, ns: &str, template: &Template, count: i32) -> Vec<Pod> {
        let selector: Vec<String> = template
            .selector()
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect();
        let selector = selector.join(",");
        let enough = async || {
            let pods = self.pods(ns, &selector).await;
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            (usize::try_from(count).is_ok_and(|count| count == ready) && ready == pods.len()).then_some(pods)
        };
        until(&format!("{count} ready pods of {selector} in {ns}"), SOON, enough).await
    }
}
