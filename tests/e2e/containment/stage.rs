//! A cluster with a suspect in it, a router over a real store, and everything that can be seen of what it does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::clock::Clock;
use watchfire::router::Router;
use watchfire::store::Store;
use watchfire_core::act::{QUARANTINE_LABEL, StepResult};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_tests::cluster::{Cluster, Eks};
use watchfire_tests::{Configuration, DynamoDbTable, GuardDuty, PagerDuty, in_process, until};

use crate::support::{SOON, triggers};

/// The world of one test.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) eks: Eks,
    pub(crate) namespace: String,
    pub(crate) pagerduty: PagerDuty,
    pub(crate) clock: Clock,
    pub(crate) router: Arc<Router>,
    pub(crate) configuration: Configuration,
    pub(crate) folder: TempDir,
    /// Where its store is, if it is not in the folder.
    table: Option<DynamoDbTable>,
}

/// What a test's configuration is made of: everything may be done, evidence goes into a folder.
pub(crate) fn enforcing(
    pagerduty: &PagerDuty,
    kubeconfig: &std::path::Path,
    evidence: &std::path::Path,
) -> Configuration {
    Configuration::new(&pagerduty.url())
        .set(
            "cluster",
            json!({
                "name": "payments",
                "arn": "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments",
                "access": {"kubeconfig": {"path": kubeconfig}},
                // How slow a busy machine is, is not what these tests are about.
                "deadline_ms": 20_000, "urgent_deadline_ms": 20_000,
            }),
        )
        .set("evidence", json!({"to": {"directory": {"path": evidence}}}))
        .set("mitigation", json!({"mode": "enforce", "verify_within_seconds": 5}))
}

impl Stage {
    /// An EKS-like cluster and a router that may do everything.
    pub(crate) async fn set(stem: &str) -> Self {
        Self::set_with(stem, |configuration| configuration).await
    }

    /// The same with another configuration.
    pub(crate) async fn set_with(stem: &str, configure: impl FnOnce(Configuration) -> Configuration) -> Self {
        Self::set_over(stem, configure, None).await
    }

    /// The same over that store, if there is one already.
    pub(crate) async fn set_over(
        stem: &str,
        configure: impl FnOnce(Configuration) -> Configuration,
        store: Option<Store>,
    ) -> Self {
        let cluster = Cluster::start().await;
        let eks = cluster.install_eks().await;
        let namespace = cluster.namespace(stem).await;
        let pagerduty = PagerDuty::start().await;
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let kubeconfig = cluster.proxy().kubeconfig(folder.path());
        let evidence = folder.path().join("evidence");
        let configuration = configure(enforcing(&pagerduty, &kubeconfig, &evidence));
        let clock = in_process::noon();
        let router = match store {
            Some(store) => in_process::router_over(store, folder.path(), clock.clone(), &configuration).await,
            None => in_process::router(folder.path(), clock.clone(), &configuration).await,
        };
        let router = Arc::new(router);
        let table = None;
        Self { cluster, eks, namespace, pagerduty, clock, router, configuration, folder, table }
    }

    /// The same over a table, in which whoever is there after a restart opens it anew.
    pub(crate) async fn set_over_table(stem: &str, table: DynamoDbTable) -> Self {
        let store = table.open().await;
        let stage = Self::set_over(stem, |configuration| configuration, Some(store)).await;
        Self { table: Some(table), ..stage }
    }

    /// As after a crash: another router, over the same store and evidence.
    pub(crate) async fn restart(&mut self) {
        if let Some(table) = &self.table {
            let (store, clock) = (table.open().await, self.clock.clone());
            let router = in_process::router_over(store, self.folder.path(), clock, &self.configuration).await;
            self.router = Arc::new(router);
            return;
        }
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let spare = in_process::router(folder.path(), self.clock.clone(), &self.configuration).await;
        // The store is open once: the old router goes before the new one comes.
        drop(std::mem::replace(&mut self.router, Arc::new(spare)));
        let router = in_process::router(self.folder.path(), self.clock.clone(), &self.configuration).await;
        self.router = Arc::new(router);
    }

    /// A runtime finding about that pod, a miner: P0 by the shipped rules, with a quarantine.
    pub(crate) fn miner(&self, pod: &Pod, event: &str) -> Value {
        self.finding("CryptoCurrency:Runtime/BitcoinTool.B", pod, event)
    }

    /// A runtime finding of that type about that pod.
    pub(crate) fn finding(&self, kind: &str, pod: &Pod, event: &str) -> Value {
        let id = pod
            .status
            .as_ref()
            .and_then(|status| status.container_statuses.as_ref()?.first()?.container_id.clone());
        GuardDuty::of(kind, 8.0, &pod.name_any())
            .in_namespace(&self.namespace, &pod.uid().unwrap_or_default())
            .container_id(id.as_deref().map(|id| id.trim_start_matches("containerd://")))
            .event(event)
    }

    /// Waits until the cache has heard of the pod: findings come minutes after their pods.
    pub(crate) async fn known(&self, pod: &Pod) {
        let text = self.miner(pod, "known").to_string();
        until("a cache that knows the pod", SOON, async || {
            let event = watchfire_core::event::Event::read(&text).expect("it is an event");
            let responder = self.router.responder().expect("a cluster is configured");
            let context = responder.at_hand(&event);
            let is_known = context.pod().is_some_and(|found| found.ready && found.gone_at.is_none());
            (is_known || matches!(context.place, watchfire_core::context::Place::Foreign(_))).then_some(())
        })
        .await;
    }

    /// Handles an event until nothing of it is pending, at most 40 s.
    pub(crate) async fn handle(&self, event: &Value) {
        let message = event.to_string();
        until("an event that is done with", Duration::from_secs(40), async || {
            self.router.handle(&message).await.ok()
        })
        .await;
    }

    /// The journal's entry.
    pub(crate) async fn entry(&self, event: &str) -> Option<Entry> {
        let journal = self.router.journal(1_000).await.expect("the store answers");
        journal.into_iter().find(|entry| entry.decision.event.shown() == event)
    }

    /// Until the controllers have done what follows from what was done. On a cordoned node nothing new can
    /// start: then there is nothing to wait for.
    async fn settled(&self, cordoned: bool) {
        if cordoned {
            return;
        }
        let deployments: Api<Deployment> = Api::namespaced(self.cluster.client(), &self.namespace);
        until("deployments that are done", Duration::from_secs(90), async || {
            let all = deployments.list(&Default::default()).await.ok()?;
            let is_done = |deployment: &Deployment| {
                let (spec, status) = (deployment.spec.as_ref(), deployment.status.as_ref());
                let wanted = spec.and_then(|spec| spec.replicas).unwrap_or(1);
                let count = |of: fn(&k8s_openapi::api::apps::v1::DeploymentStatus) -> Option<i32>| {
                    status.and_then(of).unwrap_or_default()
                };
                let is_seen =
                    status.and_then(|status| status.observed_generation) == deployment.metadata.generation;
                is_seen
                    && [count(|s| s.replicas), count(|s| s.ready_replicas), count(|s| s.updated_replicas)]
                        == [wanted; 3]
            };
            all.items.iter().all(is_done).then_some(())
        })
        .await;
        until("a Service that routes to the ready pods", Duration::from_secs(90), async || {
            let pods = self.cluster.pods(&self.namespace, "app=pay").await;
            let is_ready = |pod: &Pod| {
                let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
                pod.metadata.deletion_timestamp.is_none()
                    && conditions
                        .is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
            };
            let ready: std::collections::BTreeSet<_> =
                pods.iter().filter(|pod| is_ready(pod)).map(|pod| pod.name_any()).collect();
            (self.cluster.endpoints(&self.namespace, "svc").await == ready).then_some(())
        })
        .await;
    }

    /// Everything that can be seen after an event about that pod, by lines; names and ids are masked.
    pub(crate) async fn world(&self, pod: &Pod) -> Vec<String> {
        let cordoned = self.is_cordoned(pod).await;
        self.settled(cordoned).await;
        let mut lines = self.journal().await;
        lines.extend(self.objects(pod, cordoned).await);
        let pages = triggers(&self.pagerduty).into_iter().map(|page| {
            let details = &page["payload"]["custom_details"];
            let summary = page["payload"]["summary"].as_str().unwrap_or_default().to_owned();
            let part = |name: &str| details[name].as_str().unwrap_or_default().replace('\n', " | ");
            let (being_done, done, not_done) = (part("being_done"), part("done"), part("not_done"));
            format!("page: {summary}\n  being done: {being_done}\n  done: {done}\n  not done: {not_done}")
        });
        // What asks is sent beside what tells, and may come first.
        let (asking, telling): (Vec<_>, Vec<_>) = pages.partition(|page| page.contains("To be approved: "));
        lines.extend(telling.into_iter().chain(asking));
        let mask = self.mask(pod);
        lines.into_iter().map(|line| mask(&line)).collect()
    }

    /// The calls that changed something, masked.
    pub(crate) fn writes(&self, pod: &Pod) -> Vec<String> {
        let mask = self.mask(pod);
        let mut lines: Vec<_> = self.cluster.proxy().writes().iter().map(|line| mask(line)).collect();
        // What someone else changed meanwhile is written again, as often as that happens.
        lines.dedup();
        lines
    }

    async fn journal(&self) -> Vec<String> {
        let mut journal = self.router.journal(1_000).await.expect("the store answers");
        journal.reverse();
        // What is of one moment stands in the order of its ids: first what was delivered, then what came of it.
        journal.sort_by_key(|entry| (entry.decision.at, !entry.decision.event.is_delivered()));
        let mut lines = Vec::new();
        for Entry { decision, outcomes, .. } in journal {
            lines.push(format!(
                "decided: {} {} {}",
                decision.priority,
                decision.verdict.as_str(),
                decision.why.as_str()
            ));
            for withheld in &decision.withheld {
                lines.push(format!("withheld: {withheld}"));
            }
            for act in &decision.acts {
                let outcome = match outcomes.get(&act.id) {
                    Some(Outcome::Acted { end, steps, said, .. }) if steps.is_empty() => {
                        let said = if said.contains("sha256") { "" } else { said };
                        format!("{end:?} {said}")
                    }
                    Some(Outcome::Acted { end, steps, .. }) => {
                        let steps = steps.iter().map(|record| {
                            let name = serde_json::to_value(record.step).expect("a word");
                            let mark = match record.result {
                                // After a fault it depends on the moment who had done it.
                                StepResult::Done | StepResult::Already => "",
                                StepResult::WouldDo => "(would)",
                                StepResult::Left => "(left)",
                                StepResult::Failed => "(failed)",
                            };
                            format!("{}{mark}", name.as_str().unwrap_or_default())
                        });
                        format!("{end:?} {}", steps.collect::<Vec<_>>().join(" "))
                    }
                    Some(other) => format!("{other:?}"),
                    None => "pending".to_owned(),
                };
                lines.push(format!("act {}: {}", act.id, outcome.trim_end()));
            }
        }
        lines
    }

    async fn is_cordoned(&self, suspect: &Pod) -> bool {
        let node = suspect.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
        let nodes: Api<Node> = Api::all(self.cluster.client());
        let node = nodes.get(&node).await.expect("it answers");
        node.spec.and_then(|spec| spec.unschedulable).unwrap_or_default()
    }

    async fn objects(&self, suspect: &Pod, cordoned: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let client = || self.cluster.client();
        let pod = self.cluster.pod(&self.namespace, &suspect.name_any()).await;
        match pod.filter(|pod| pod.uid() == suspect.uid()) {
            None => lines.push("pod: gone".to_owned()),
            Some(pod) => {
                let labels: Vec<_> = pod.labels().keys().cloned().collect();
                let held = pod.labels().contains_key(QUARANTINE_LABEL);
                let owned = !pod.owner_references().is_empty();
                lines.push(format!(
                    "pod: labels [{}]{}{}",
                    labels.join(" "),
                    if held { ", quarantined" } else { "" },
                    if owned { ", owned" } else { ", on its own" },
                ));
            }
        }
        let endpoints = self.cluster.endpoints(&self.namespace, "svc").await;
        let routed = endpoints.contains(&suspect.name_any());
        let count = if cordoned { "some".to_owned() } else { endpoints.len().to_string() };
        lines.push(format!("service: {count} pods{}", if routed { ", the suspect among them" } else { "" }));
        let deployments: Api<Deployment> = Api::namespaced(client(), &self.namespace);
        for deployment in deployments.list(&Default::default()).await.expect("it answers") {
            let spec = deployment.spec.expect("it has a spec");
            let restarted = spec.template.metadata.and_then(|meta| meta.annotations);
            let restarted =
                restarted.is_some_and(|all| all.contains_key("kubectl.kubernetes.io/restartedAt"));
            let restarted = if restarted { ", restarted" } else { "" };
            lines.push(format!("deployment: {} replicas{restarted}", spec.replicas.unwrap_or_default()));
        }
        let sets: Api<StatefulSet> = Api::namespaced(client(), &self.namespace);
        for set in sets.list(&Default::default()).await.expect("it answers") {
            let replicas = set.spec.and_then(|spec| spec.replicas).unwrap_or_default();
            lines.push(format!("statefulset: {replicas} replicas"));
        }
        let jobs: Api<Job> = Api::namespaced(client(), &self.namespace);
        for job in jobs.list(&Default::default()).await.expect("it answers") {
            let suspended = job.spec.and_then(|spec| spec.suspend).unwrap_or_default();
            lines.push(format!("job: {}", if suspended { "suspended" } else { "runs" }));
        }
        let jobs: Api<CronJob> = Api::namespaced(client(), &self.namespace);
        for job in jobs.list(&Default::default()).await.expect("it answers") {
            let suspended = job.spec.and_then(|spec| spec.suspend).unwrap_or_default();
            lines.push(format!("cronjob: {}", if suspended { "suspended" } else { "runs" }));
        }
        if cordoned {
            lines.push("node: cordoned".to_owned());
        }
        let mut bundles = 0;
        let folder = self.folder.path().join("evidence/bundles");
        if let Ok(found) = std::fs::read_dir(folder) {
            bundles = found.count();
        }
        lines.push(format!("evidence: {bundles} bundles"));
        lines
    }

    fn mask(&self, pod: &Pod) -> impl Fn(&str) -> String {
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
        let pairs = BTreeMap::from([
            (pod.name_any(), "SUSPECT"),
            (self.namespace.clone(), "NS"),
            (pod.uid().unwrap_or_default(), "UID"),
            (node, "NODE"),
        ]);
        let mut pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        pairs.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let folder = self.folder.path().display().to_string();
        move |line: &str| {
            let line = pairs
                .iter()
                .fold(line.replace(&folder, "DIR"), |line, (name, word)| line.replace(name, word));
            masked(&line)
        }
    }

    /// Waits for so many pages, updates included.
    pub(crate) async fn pages(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} pages"), SOON, async || {
            Some(triggers(&self.pagerduty)).filter(|pages| pages.len() >= count)
        })
        .await
    }
}

const COUNTED: &str = "done and verified";

/// Sums, sizes and words that differ from run to run.
fn masked(line: &str) -> String {
    let marks = [("watchfire approve ", 12), ("(plan ", 12), ("sha256 ", 64), ("bundles/", 32)];
    let mut line = line.to_owned();
    for (mark, length) in marks {
        let mut parts = line.split(mark);
        let first = parts.next().unwrap_or_default().to_owned();
        line = parts
            .fold(first, |line, part| format!("{line}{mark}…{}", part.get(length..).unwrap_or_default()));
    }
    // How many steps an earlier try had done depends on the moment of the fault, too.
    if let Some(at) = line.find(COUNTED) {
        let (before, after) = line.split_at(at + COUNTED.len());
        let end = after.find([':', '|', '\n']).unwrap_or(after.len());
        line = format!("{before}{}", &after[end..]);
    }
    let words = line.split(' ').map(|word| {
        let is_number = word.len() > 1 && word.chars().all(|c| c.is_ascii_digit());
        if is_number { "N" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}
