//! From a finding that is posted to a pod that is cut off: the labels and policies as a watcher of the API
//! server sees them, and between them what Watchfire has logged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams, WatchEvent, WatchParams};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use watchfire_core::act::{DENY_POLICY, QUARANTINE_LABEL};
use watchfire_tests::{Configuration, GuardDuty, Watchfire};

use crate::api_server::{ApiServer, Suspect, event_id};
use crate::drive::{self, Connection};
use crate::measure::{MOST, Receiver, port_of};
use crate::report::Spans;

/// One pod of each Deployment of five.
const REPLICAS: usize = 5;

/// Quarantines one pod of each of so many Deployments, one after the other, then one of each of as many others,
/// all at once: a quarantine restarts its Deployment, so that the pods beside its own are gone.
pub(crate) async fn measure(suspects: usize) -> anyhow::Result<()> {
    let server = ApiServer::start(2 * suspects * REPLICAS)?;
    let all: Vec<_> = server.suspects().await?.into_iter().step_by(REPLICAS).collect();
    let (first, second) = all.split_at(suspects);
    let seen = Seen::watch(server.client().await?);
    let mut table = Spans::new();
    one_by_one(&server, &seen, first).await?.told("one at a time", &mut table);
    at_once(&server, &seen, second).await?.told("all at once", &mut table);
    println!("{table}");
    Ok(())
}

/// What happened to each event of a run, in nanoseconds of the Unix epoch.
#[derive(Default)]
struct Times {
    posted: Vec<u64>,
    decided: Vec<u64>,
    evidence: Vec<u64>,
    in_place: Vec<u64>,
    verified: Vec<u64>,
}

impl Times {
    fn told(&self, how: &str, table: &mut Spans) {
        let Self { posted, decided, evidence, in_place, verified } = self;
        let spans = |from: &[u64], to: &[u64]| -> Vec<Duration> {
            from.iter().zip(to).map(|(from, to)| Duration::from_nanos(to.saturating_sub(*from))).collect()
        };
        let capture = spans(decided, evidence);
        let whole = spans(posted, in_place);
        let without =
            whole.iter().zip(&capture).map(|(whole, capture)| whole.saturating_sub(*capture)).collect();
        table.add(&format!("{how}: posted to decided, with context"), spans(posted, decided));
        table.add(&format!("{how}: decided to evidence stored"), capture);
        table.add(&format!("{how}: evidence stored to policy and label in place"), spans(evidence, in_place));
        table.add(&format!("{how}: posted to policy and label in place"), whole);
        table.add(&format!("{how}: the same without the evidence"), without);
        table.add(&format!("{how}: posted to verified"), spans(posted, verified));
    }
}

async fn one_by_one(server: &ApiServer, seen: &Seen, suspects: &[Suspect]) -> anyhow::Result<Times> {
    let receiver = Receiver::start()?;
    let watchfire = enforcing(server, &receiver).await;
    let mut posts = Connection::to(port_of(&watchfire.ingest)?).await?;
    let start = Instant::now();
    let mut posted = Vec::with_capacity(suspects.len());
    for (index, suspect) in suspects.iter().enumerate() {
        let body = miner(index, suspect);
        posted.push(drive::now());
        let status = posts.post("/v1/events", &body).await?;
        if !(200..300).contains(&status) {
            bail!("/v1/events answered {status}");
        }
        // The next one begins when nothing of this one is left to do.
        verified(&watchfire, index + 1, start).await?;
    }
    times(&watchfire, seen, suspects, posted)
}

async fn at_once(server: &ApiServer, seen: &Seen, suspects: &[Suspect]) -> anyhow::Result<Times> {
    let receiver = Receiver::start()?;
    let watchfire = enforcing(server, &receiver).await;
    let bodies = suspects.iter().enumerate().map(|(index, suspect)| miner(index, suspect)).collect();
    let start = Instant::now();
    let posted =
        drive::post_all(port_of(&watchfire.ingest)?, "/v1/events", Arc::new(bodies), 32, None).await?;
    verified(&watchfire, suspects.len(), start).await?;
    times(&watchfire, seen, suspects, posted)
}

async fn enforcing(server: &ApiServer, receiver: &Receiver) -> Watchfire {
    let configuration = Configuration::new(&receiver.url())
        .set("evidence", json!({"to": {"directory": {"path": server.evidence()}}, "within_seconds": 60}))
        .set(
            "mitigation",
            json!({"mode": "enforce", "workload_percent": 100, "budget": {"containments": 10_000, "per_namespace": 10_000, "per_workload": 10_000, "minutes": 60}}),
        );
    let watchfire = Watchfire::start(&server.configured(configuration), None).await;
    // Its watches have seen everything: nothing in this cluster changes.
    crate::measure::settled_memory(watchfire.pid()).await.expect("it runs");
    watchfire
}

fn miner(index: usize, suspect: &Suspect) -> String {
    suspect.finding(GuardDuty::miner(&suspect.name), index)
}

/// Waits until so many quarantines are done and verified.
async fn verified(watchfire: &Watchfire, count: usize, start: Instant) -> anyhow::Result<()> {
    loop {
        let metrics = watchfire.metrics().await;
        let acts = |end: &str| {
            metrics.sum("watchfire_acts_total", &["action=\"quarantine\"", &format!("end=\"{end}\"")])
        };
        if acts("failed") > 0.0 {
            bail!("a quarantine failed: {:?}", watchfire.logs().all("an act failed").first());
        }
        if acts("done") >= count as f64 {
            return Ok(());
        }
        if start.elapsed() > MOST {
            bail!("only {} of {count} quarantines within {MOST:?}", acts("done"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn times(
    watchfire: &Watchfire,
    seen: &Seen,
    suspects: &[Suspect],
    posted: Vec<u64>,
) -> anyhow::Result<Times> {
    let decided = logged(watchfire.logs().decided(), |_| true)?;
    let acted = watchfire.logs().all("acted");
    let evidence = logged(acted.clone(), |line| line["act"] == "evidence")?;
    let quarantine = logged(acted, |line| line["act"] == "quarantine")?;
    let mut times = Times { posted, ..Times::default() };
    for (index, suspect) in suspects.iter().enumerate() {
        let id = event_id(index);
        let at = |of: &BTreeMap<String, u64>, what: &str| {
            of.get(&id).copied().with_context(|| format!("{id}: {what} was not logged"))
        };
        times.decided.push(at(&decided, "its decision")?);
        times.evidence.push(at(&evidence, "its evidence")?);
        times.verified.push(at(&quarantine, "its quarantine")?);
        times.in_place.push(seen.in_place(suspect).with_context(|| format!("{id} came to nothing"))?);
    }
    Ok(times)
}

/// When each event was first logged in such a line.
fn logged(lines: Vec<Value>, is_meant: impl Fn(&Value) -> bool) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut at = BTreeMap::new();
    for line in lines.into_iter().filter(is_meant) {
        let time: jiff::Timestamp = line["timestamp"].as_str().context("a line has a time")?.parse()?;
        let time = u64::try_from(time.as_nanosecond())?;
        // A decision that completes another is of the same event, under its whole key.
        let event = line["event"].as_str().unwrap_or_default();
        let completed = event.strip_prefix("completed:event:").and_then(|key| key.split_once('#'));
        let event = completed.map_or(event, |(event, _)| event);
        at.entry(event.to_owned()).or_insert(time);
    }
    Ok(at)
}

/// What a watcher of the API server has seen, and when; beside it stands in for EKS's network policy controller:
/// a pod that is labelled gets its PolicyEndpoint.
struct Seen {
    labels: Arc<Mutex<BTreeMap<String, u64>>>,
    policies: Arc<Mutex<BTreeMap<String, u64>>>,
    _tasks: JoinSet<anyhow::Result<()>>,
}

impl Seen {
    fn watch(client: kube::Client) -> Self {
        let (labels, policies): (Arc<Mutex<BTreeMap<_, _>>>, Arc<Mutex<BTreeMap<_, _>>>) = Default::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_pods(client.clone(), Arc::clone(&labels)));
        tasks.spawn(watch_policies(client, Arc::clone(&policies)));
        Self { labels, policies, _tasks: tasks }
    }

    /// When both were there; a policy may have been there long before.
    fn in_place(&self, suspect: &Suspect) -> Option<u64> {
        let labelled = self.labels.lock().expect("no one panics with the lock").get(&suspect.uid).copied()?;
        let denied =
            self.policies.lock().expect("no one panics with the lock").get(&suspect.namespace).copied()?;
        Some(labelled.max(denied))
    }
}

async fn watch_pods(client: kube::Client, seen: Arc<Mutex<BTreeMap<String, u64>>>) -> anyhow::Result<()> {
    let pods: Api<Pod> = Api::all(client.clone());
    let params = WatchParams::default().labels(QUARANTINE_LABEL).timeout(290);
    let mut events = pods.watch(&params, "0").await?.boxed();
    while let Some(event) = events.next().await {
        let now = drive::now();
        if let WatchEvent::Added(pod) = event? {
            let uid = pod.metadata.uid.clone().unwrap_or_default();
            seen.lock().expect("no one panics with the lock").entry(uid).or_insert(now);
            list_in_endpoint(&client, &pod).await?;
        }
    }
    Ok(())
}

async fn watch_policies(client: kube::Client, seen: Arc<Mutex<BTreeMap<String, u64>>>) -> anyhow::Result<()> {
    let policies: Api<NetworkPolicy> = Api::all(client);
    let params = WatchParams::default().fields(&format!("metadata.name={DENY_POLICY}")).timeout(290);
    let mut events = policies.watch(&params, "0").await?.boxed();
    while let Some(event) = events.next().await {
        let now = drive::now();
        if let WatchEvent::Added(policy) = event? {
            let namespace = policy.metadata.namespace.unwrap_or_default();
            seen.lock().expect("no one panics with the lock").entry(namespace).or_insert(now);
        }
    }
    Ok(())
}

async fn list_in_endpoint(client: &kube::Client, pod: &Pod) -> anyhow::Result<()> {
    let kind = GroupVersionKind::gvk("networking.k8s.aws", "v1alpha1", "PolicyEndpoint");
    let resource = ApiResource::from_gvk_with_plural(&kind, "policyendpoints");
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    let spec = json!({"policyRef": {"name": DENY_POLICY, "namespace": namespace},
        "podIsolation": ["Ingress", "Egress"], "podSelectorEndpoints": [{"name": pod.metadata.name,
            "namespace": namespace, "podIP": pod.status.as_ref().and_then(|status| status.pod_ip.clone())}]});
    let object = json!({"apiVersion": resource.api_version, "kind": resource.kind, "spec": spec,
        "metadata": {"generateName": format!("{DENY_POLICY}-")}});
    let endpoints: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &resource);
    endpoints.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    Ok(())
}
