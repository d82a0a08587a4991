//! The cluster watched: each condition planted in a cluster is told once, as an event of its own, and is over once it is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::Query;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod, ResourceQuota};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use watchfire::clients::Clients;
use watchfire::clock::Clock;
use watchfire::cluster::{Access, Cluster as Ours, Config, KubeconfigAccess, WatchConfig};
use watchfire::source::spool::{Lane, Spool};
use watchfire::source::{Intake, Watching};
use watchfire::store::Store;
use watchfire::telemetry::Metrics;
use watchfire_core::event::{Event, FindingState, Heard};
use watchfire_core::survey::Condition;
use watchfire_kubernetes::Machine;
use watchfire_tests::cluster::{Cluster, Fault, Match, SOON, Template};
use watchfire_tests::until;

/// A Prometheus as far as it is asked: with that much used of one volume.
async fn prometheus(used: &'static str) -> String {
    let answer = move |Query(asked): Query<BTreeMap<String, String>>| async move {
        let query = &asked["query"];
        let known = "max by (namespace, persistentvolumeclaim) (1 - kubelet_volume_stats_available_bytes / \
                     kubelet_volume_stats_capacity_bytes) > 0.9";
        assert_eq!(query, known);
        let metric = json!({"namespace": "shop", "persistentvolumeclaim": "data-orders-0"});
        let result = json!([{"metric": metric, "value": [1_764_460_800.123, used]}]);
        axum::Json(json!({"status": "success", "data": {"resultType": "vector", "result": result}}))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, axum::Router::new().route("/api/v1/query", get(answer))).await
    });
    url
}

async fn open(kube: &Cluster, clock: &Clock, folder: &tempfile::TempDir) -> Ours {
    let path = kube.proxy().kubeconfig(folder.path());
    let config = Config {
        name: Some("payments".to_owned()),
        access: Access::Kubeconfig(KubeconfigAccess { path, context: None }),
        ..Config::default()
    };
    let ours = Ours::open_at(&config, &Clients::new(None).unwrap(), clock.clone()).await.unwrap();
    until("all is seen", SOON, async || ours.is_synced().then_some(())).await;
    ours
}

/// What looks by a clock that is set, and what it has told.
struct Watch {
    watching: Watching,
    spool: Spool,
    clock: Clock,
    _ours: Ours,
    _folder: tempfile::TempDir,
}

impl Watch {
    async fn open(kube: &Cluster, clock: Clock, config: WatchConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ours = open(kube, &clock, &folder).await;
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        let spool = Spool::new(&store).unwrap();
        let survey = ours.survey(&config, &Clients::new(None).unwrap()).unwrap();
        let place = Heard { cluster: Some("payments".to_owned()), ..Heard::default() };
        let watching = Watching::new(
            std::time::Duration::from_secs(30),
            survey,
            Intake::Spool(spool.clone()),
            (store, clock.clone()),
            (place, Arc::new(Metrics::default())),
        );
        Self { watching, spool, clock, _ours: ours, _folder: folder }
    }

    /// Looks, and hands out what was told: condition, what it is about, how bad it is, whether it is over.
    async fn look(&self) -> Vec<(String, String, String, FindingState)> {
        self.watching.look().await.unwrap();
        let mut told = Vec::new();
        for lane in Lane::ALL {
            // An empty lane would be waited for.
            while self.spool.depth_of(lane) > 0 {
                for message in self.spool.receive(lane, 10).await.unwrap() {
                    self.spool.delete(&[message.sequence]).await.unwrap();
                    let event = Event::read(&message.body).unwrap();
                    let finding = event.finding.clone().unwrap();
                    let severity = event.json.get("detail").and_then(|detail| {
                        detail.get("labels")?.get("severity")?.as_str().map(str::to_owned)
                    });
                    let kind = finding.kind.trim_start_matches("Cluster:").to_owned();
                    told.push((kind, event.subject.line(), severity.unwrap(), finding.state));
                }
            }
        }
        told
    }
}

/// The half hours in which something is told again begin at the same minutes of each test.
fn half_hour_after(now: Timestamp) -> Timestamp {
    Timestamp::from_second((now.as_second() / 1_800 + 1) * 1_800).unwrap()
}

pub(crate) async fn status<K>(api: &Api<K>, name: &str, status: Value)
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let patch = Patch::Merge(json!({"status": status}));
    api.patch_status(name, &PatchParams::default(), &patch).await.expect("the server takes it");
}

pub(crate) async fn custom(kube: &Cluster, of: &ApiResource, namespace: Option<&str>, object: Value) {
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(kube.client(), namespace, of),
        None => Api::all_with(kube.client(), of),
    };
    let mut object = object;
    object["apiVersion"] = of.api_version.clone().into();
    object["kind"] = of.kind.clone().into();
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.expect("it is one");
}

pub(crate) fn waiting(reason: &str) -> Value {
    json!({"containerStatuses": [{"name": "app", "image": "a", "imageID": "", "ready": false, "restartCount": 7,
        "state": {"waiting": {"reason": reason}}, "lastState": {"terminated": {"reason": "Error", "exitCode": 1}}}]})
}

pub(crate) fn ended(reason: &str, restarts: u32, at: Timestamp) -> Value {
    json!({"containerStatuses": [{"name": "app", "image": "a", "imageID": "", "ready": true, "restartCount": restarts,
        "state": {"running": {}},
        "lastState": {"terminated": {"reason": reason, "exitCode": 137, "finishedAt": at.to_string()}}}]})
}

#[tokio::test]
async fn each_condition_planted_in_a_cluster_is_told_once_with_its_subject_and_over_once_it_is_gone() {
    // What is planted here is what kubelets and controllers write, which real ones would write over.
    let kube = Cluster::fresh().await;
    let fake = kube.fake().expect("it is the faithful one");
    (1..=2).for_each(|number| fake.node(&Machine::number(number)));
    let base = half_hour_after(Timestamp::now());
    let late = base + SignedDuration::from_mins(90);
    let ns = &kube.namespace("prod").await;
    let pods: Api<Pod> = Api::namespaced(kube.client(), ns);
    for name in ["loops", "pulls", "killed", "restarts", "evicted", "contained"] {
        kube.bare_pod(ns, name, [("app", name)]).await;
    }
    status(&pods, "loops", waiting("CrashLoopBackOff")).await;
    status(&pods, "contained", waiting("CrashLoopBackOff")).await;
    let label = json!({"metadata": {"labels": {"watchfire.dev/quarantine": "wf1-1"}}});
    pods.patch("contained", &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
    status(&pods, "pulls", waiting("ImagePullBackOff")).await;
    status(&pods, "killed", ended("OOMKilled", 1, late)).await;
    status(&pods, "restarts", ended("Error", 1, late)).await;
    let put_out =
        json!({"type": "DisruptionTarget", "status": "True", "lastTransitionTime": late.to_string()});
    let evicted = json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory.",
        "conditions": [put_out]});
    status(&pods, "evicted", evicted).await;
    let nowhere = Template::of(&[("app", "nowhere")]).spec("nodeSelector", json!({"disk": "none"})).pod();
    let mut nowhere = nowhere;
    nowhere["metadata"]["name"] = "nowhere".into();
    kube.create::<Pod>(ns, nowhere).await;
    // Of a Job that may not try again.
    let template = Template::of(&[("job", "import")]).spec("restartPolicy", json!("Never")).pod();
    let job = json!({"metadata": {"name": "import"}, "spec": {"backoffLimit": 0, "template": template}});
    kube.create::<Job>(ns, job).await;
    let of_job = until("the Job's pod", SOON, async || kube.pods(ns, "job=import").await.pop()).await;
    status(&pods, &of_job.metadata.name.unwrap(), json!({"phase": "Failed"})).await;
    kube.deployment(ns, "web", 2, [("app", "web")]).await;
    kube.pdb(ns, "web", 2, &[("app", "web")]).await;
    let scalers: Api<HorizontalPodAutoscaler> = Api::namespaced(kube.client(), ns);
    kube.hpa(ns, "web", 1, 2).await;
    let limited = json!({"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas",
        "lastTransitionTime": base.to_string(), "message": ""});
    status(&scalers, "web", json!({"currentReplicas": 2, "desiredReplicas": 2, "conditions": [limited]}))
        .await;
    for (name, used) in [("full", "10"), ("nearly", "9500m")] {
        kube.create::<ResourceQuota>(
            ns,
            json!({"metadata": {"name": name}, "spec": {"hard": {"pods": "10"}}}),
        )
        .await;
        let quotas: Api<ResourceQuota> = Api::namespaced(kube.client(), ns);
        status(&quotas, name, json!({"hard": {"pods": "10"}, "used": {"pods": used}})).await;
    }
    let not_ready = json!({"conditions": [{"type": "Ready", "status": "False", "message": "no such key",
        "lastTransitionTime": base.to_string()}]});
    for (group, version, kind, plural) in [
        ("external-secrets.io", "v1beta1", "ExternalSecret", "externalsecrets"),
        ("cert-manager.io", "v1", "Certificate", "certificates"),
        ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
    ] {
        let of = kube.crd(group, version, kind, plural, true).await;
        custom(&kube, &of, Some(ns), json!({"metadata": {"name": "it"}, "status": not_ready})).await;
    }
    let nodes: Api<Node> = Api::all(kube.client());
    let all: Vec<String> = kube.nodes().await.into_iter().filter_map(|node| node.metadata.name).collect();
    let [first, second, third] = [&all[0], &all[1], &all[2]];
    let down = json!({"type": "Ready", "status": "Unknown", "lastTransitionTime": base.to_string()});
    for node in [first, second] {
        status(&nodes, node, json!({"conditions": [down]})).await;
    }
    let short = json!([{"type": "Ready", "status": "True"}, {"type": "MemoryPressure", "status": "True"}]);
    let allocatable = json!({"cpu": "2", "memory": "1000Mi", "pods": "100"});
    status(&nodes, third, json!({"conditions": short, "allocatable": allocatable})).await;
    let metrics = kube.crd("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", false).await;
    let usage = json!({"cpu": "1900000000n", "memory": "900Mi"});
    custom(&kube, &metrics, None, json!({"metadata": {"name": third}, "usage": usage})).await;

    let config =
        WatchConfig { prometheus: Some(prometheus("0.93").await.parse().unwrap()), ..WatchConfig::default() };
    let watch = Watch::open(&kube, Clock::at(base), config).await;
    let in_ns = |condition: &str, about: &str, severity: &str| {
        let (kind, name) = about.split_once('/').unwrap();
        (
            condition.to_owned(),
            format!("payments {kind}/{ns}/{name}"),
            severity.to_owned(),
            FindingState::Open,
        )
    };
    let of_cluster = |condition: &str, about: String, severity: &str| {
        (condition.to_owned(), about, severity.to_owned(), FindingState::Open)
    };
    let expected = BTreeSet::from_iter(
        [
            in_ns("KubePodCrashLooping", "pods/loops", "critical"),
            in_ns("KubeContainerWaiting", "pods/pulls", "warning"),
            in_ns("KubeContainerOOMKilled", "pods/killed", "warning"),
            in_ns("KubePodRestartingOften", "pods/restarts", "warning"),
            in_ns("KubePodEvicted", "pods/evicted", "warning"),
            in_ns("KubePodNotReady", "pods/nowhere", "warning"),
            in_ns("KubeJobFailed", "jobs/import", "warning"),
            in_ns("KubePdbBlocksDrains", "poddisruptionbudgets/web", "info"),
            in_ns("KubeHpaMaxedOut", "horizontalpodautoscalers/web", "warning"),
            in_ns("KubeQuotaFullyUsed", "resourcequotas/full", "warning"),
            in_ns("KubeQuotaAlmostFull", "resourcequotas/nearly", "info"),
            in_ns("ExternalSecretNotReady", "externalsecrets/it", "warning"),
            in_ns("CertManagerCertNotReady", "certificates/it", "warning"),
            in_ns("KedaScaledObjectNotReady", "scaledobjects/it", "warning"),
            of_cluster("KubeNodeNotReady", format!("payments node/{first}"), "critical"),
            of_cluster("KubeNodeNotReady", format!("payments node/{second}"), "critical"),
            of_cluster("KubeNodesNotReady", "payments".to_owned(), "critical"),
            of_cluster("KubeNodePressure", format!("payments node/{third}"), "warning"),
            of_cluster("NodeCPUHighUsage", format!("payments node/{third}"), "warning"),
            of_cluster("NodeMemoryHighUtilization", format!("payments node/{third}"), "warning"),
            of_cluster(
                "KubePersistentVolumeFillingUp",
                "payments persistentvolumeclaims/shop/data-orders-0".to_owned(),
                "critical",
            ),
        ]
        .map(|(condition, about, severity, state)| (condition, about, severity, state.as_str())),
    );
    let mut told: Vec<(String, String, String, FindingState)> = Vec::new();
    for minute in 0..75 {
        if minute == 5 {
            status(&pods, "restarts", ended("Error", 9, late)).await;
        }
        told.extend(watch.look().await);
        watch.clock.advance(SignedDuration::from_mins(1));
    }
    let begun: BTreeSet<_> = told
        .iter()
        .filter(|(.., state)| *state == FindingState::Open)
        .map(|(condition, about, severity, state)| {
            (condition.clone(), about.clone(), severity.clone(), state.as_str())
        })
        .collect();
    assert_eq!(begun, expected);

    // Each is said again at most every half hour; then all is mended.
    let most = told.iter().fold(BTreeMap::<_, usize>::new(), |mut counts, (condition, about, ..)| {
        *counts.entry((condition, about)).or_default() += 1;
        counts
    });
    assert!(most.values().all(|count| *count <= 4), "{most:?}");
    kube.proxy().fault(Match::any().path("/readyz"), Fault::status(503));
    let mut down = Vec::new();
    for _ in 0..3 {
        down.extend(watch.look().await.into_iter().filter(|(condition, ..)| condition == "KubeAPIDown"));
        watch.clock.advance(SignedDuration::from_mins(1));
    }
    let api = "payments resource/control-plane/apiserver".to_owned();
    assert_eq!(down, [("KubeAPIDown".to_owned(), api, "critical".to_owned(), FindingState::Open)]);
    kube.proxy().heal();
    for name in ["loops", "pulls", "killed", "restarts", "evicted", "nowhere"] {
        pods.delete(name, &DeleteParams::default().grace_period(0)).await.unwrap();
    }
    for node in [first, second, third] {
        status(&nodes, node, json!({"conditions": [{"type": "Ready", "status": "True"}]})).await;
    }
    let jobs: Api<Job> = Api::namespaced(kube.client(), ns);
    jobs.delete("import", &DeleteParams::background()).await.unwrap();
    let is_over = |state: &FindingState| *state == FindingState::Resolved;
    let mut over: BTreeSet<String> =
        told.into_iter().filter(|(.., state)| is_over(state)).map(|(condition, ..)| condition).collect();
    for _ in 0..20 {
        let told = watch.look().await.into_iter();
        over.extend(told.filter(|(.., state)| is_over(state)).map(|(condition, ..)| condition));
        watch.clock.advance(SignedDuration::from_mins(1));
    }
    let mended = [
        "KubeAPIDown",
        "KubeNodeNotReady",
        "KubeNodesNotReady",
        "KubeNodePressure",
        "KubePodCrashLooping",
        "KubePodRestartingOften",
        "KubeContainerWaiting",
        "KubePodNotReady",
        "KubeContainerOOMKilled",
        "KubePodEvicted",
        "KubeJobFailed",
    ];
    assert_eq!(over, mended.map(str::to_owned).into());
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_said_with_its_reason_and_clears_nothing() {
    let kube = Cluster::fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::at(Timestamp::now());
    let ours = open(&kube, &clock, &folder).await;
    let survey = ours.survey(&WatchConfig::default(), &Clients::new(None).unwrap()).unwrap();
    let none = BTreeSet::new();
    kube.proxy().fault(Match::any().path("/horizontalpodautoscalers"), Fault::status(403));
    let looked = survey.look(&none, clock.now()).await;
    let because = |condition: Condition| looked.blind.get(&condition).map(String::as_str);
    assert_eq!(
        [
            Condition::HpaMaxed,
            Condition::NodeCpu,
            Condition::VolumeFull,
            Condition::CrashLoop,
            Condition::Certificate
        ]
        .map(because),
        [
            Some("horizontalpodautoscalers: not permitted (403)"),
            Some("there is no metrics server"),
            Some("no Prometheus is configured (watch.prometheus)"),
            None,
            // A cluster that has none has nothing amiss in them.
            None,
        ]
    );
    kube.proxy().fault(Match::any().path("/readyz"), Fault::status(500));
    let looked = survey.look(&none, clock.now()).await;
    let seen: BTreeSet<_> =
        Condition::ALL.into_iter().filter(|one| !looked.blind.contains_key(one)).collect();
    assert_eq!(seen, BTreeSet::from([Condition::ApiDown, Condition::ApiSlow]));
}
