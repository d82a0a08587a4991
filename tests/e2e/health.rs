//! The report of health: faults planted in a cluster are found, in a clean one there is none; asked of a worker, by a kubeconfig,
//! and posted once.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolumeClaim, Pod, ResourceQuota};
use kube::api::{Api, ApiResource, Patch, PatchParams};
use serde_json::{Value, json};
use watchfire::clock::Clock;
use watchfire_core::health::{Colour, Item, Report};
use watchfire_core::plan::permissions::{Evidence, permissions};
use watchfire_kubernetes::{Machine, Rule, User};
use watchfire_tests::cluster::{Cluster, SOON, Template};
use watchfire_tests::in_process::router;
use watchfire_tests::{
    Configuration, Findings, FindingsApi, PagerDuty, Watchfire, until, watchfire, watchfire_calling,
};

use crate::transcripts::is_documented;
use crate::watch::{custom, ended, status, waiting};

/// What is amiss: its name and what it is about. How long Kubernetes is supported depends on the day of the test.
fn amiss(report: &Report) -> BTreeSet<String> {
    let lines = report.sections.iter().flat_map(|part| &part.lines);
    let amiss = lines.filter(|line| line.colour >= Colour::Yellow);
    let of_the_day = ["kubernetes", "support_table"];
    amiss
        .filter(|line| !of_the_day.contains(&line.what.as_str()))
        .map(|line| {
            let about: Vec<_> = line.items.listed.iter().map(Item::full_name).collect();
            format!("{} {}", line.what.as_str(), about.join(" ")).trim_end().to_owned()
        })
        .collect()
}

async fn label(namespace: &str, kube: &Cluster, labels: Value) {
    let all: Api<Namespace> = Api::all(kube.client());
    let patch = Patch::Merge(json!({"metadata": {"labels": labels}}));
    all.patch(namespace, &PatchParams::default(), &patch).await.unwrap();
}

/// Plants faults in pods; what is found because of them.
async fn in_pods(kube: &Cluster, ns: &str, late: Timestamp) -> Vec<String> {
    let pods: Api<Pod> = Api::namespaced(kube.client(), ns);
    for name in ["loops", "pulls", "killed", "restarts", "left"] {
        kube.bare_pod(ns, name, [("app", name)]).await;
    }
    status(&pods, "loops", waiting("CrashLoopBackOff")).await;
    status(&pods, "pulls", waiting("ImagePullBackOff")).await;
    status(&pods, "killed", ended("OOMKilled", 1, late)).await;
    status(&pods, "restarts", ended("Error", 9, late)).await;
    status(&pods, "left", json!({"phase": "Failed", "reason": "Evicted"})).await;
    let mut nowhere = Template::of(&[("app", "nowhere")]).spec("nodeSelector", json!({"disk": "none"})).pod();
    nowhere["metadata"]["name"] = "nowhere".into();
    kube.create::<Pod>(ns, nowhere).await;
    vec![
        format!("KubePodCrashLooping {ns}/loops"),
        format!("KubeContainerWaiting {ns}/pulls"),
        format!("KubeContainerOOMKilled {ns}/killed"),
        format!("restarts {ns}/restarts"),
        format!("pod_failed {ns}/left"),
        format!("KubePodNotReady {ns}/nowhere"),
    ]
}

/// Plants faults in what pods need.
async fn in_namespace(kube: &Cluster, ns: &str, base: Timestamp) -> Vec<String> {
    kube.pdb(ns, "web", 1, &[("app", "web")]).await;
    let scalers: Api<HorizontalPodAutoscaler> = Api::namespaced(kube.client(), ns);
    kube.hpa(ns, "web", 1, 2).await;
    let unable = json!([{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric",
        "message": "no metrics returned", "lastTransitionTime": base.to_string()}]);
    status(&scalers, "web", json!({"currentReplicas": 1, "desiredReplicas": 1, "conditions": unable})).await;
    for (name, used) in [("full", "10"), ("nearly", "9500m")] {
        let quota = json!({"metadata": {"name": name}, "spec": {"hard": {"pods": "10"}}});
        kube.create::<ResourceQuota>(ns, quota).await;
        let quotas: Api<ResourceQuota> = Api::namespaced(kube.client(), ns);
        status(&quotas, name, json!({"hard": {"pods": "10"}, "used": {"pods": used}})).await;
    }
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(kube.client(), ns);
    for (name, phase) in [("waits", "Pending"), ("gone", "Lost"), ("data", "Bound")] {
        let claim = json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"]}});
        kube.create::<PersistentVolumeClaim>(ns, claim).await;
        status(&claims, name, json!({"phase": phase})).await;
    }
    let not_ready = json!({"conditions": [{"type": "Ready", "status": "False", "message": "no such key",
        "lastTransitionTime": base.to_string()}]});
    for (group, version, kind, plural) in [
        ("external-secrets.io", "v1", "ExternalSecret", "externalsecrets"),
        ("cert-manager.io", "v1", "Certificate", "certificates"),
        ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
    ] {
        let of = kube.crd(group, version, kind, plural, true).await;
        custom(kube, &of, Some(ns), json!({"metadata": {"name": "it"}, "status": not_ready})).await;
    }
    let velero = |kind, plural| kube.crd("velero.io", "v1", kind, plural, true);
    let (backups, schedules, places) = tokio::join!(
        velero("Backup", "backups"),
        velero("Schedule", "schedules"),
        velero("BackupStorageLocation", "backupstoragelocations"),
    );
    let put = async |of: &ApiResource, object| custom(kube, of, Some(ns), object).await;
    put(
        &backups,
        json!({"metadata": {"name": "nightly-1", "labels": {"velero.io/schedule-name": "nightly"}},
        "status": {"phase": "Failed"}}),
    )
    .await;
    put(&schedules, json!({"metadata": {"name": "nightly"}, "spec": {"paused": false}})).await;
    put(
        &places,
        json!({"metadata": {"name": "default"},
        "status": {"phase": "Unavailable", "message": "AccessDenied"}}),
    )
    .await;
    vec![
        format!("KubePdbBlocksDrains {ns}/web"),
        format!("scaler_cannot_act {ns}/web"),
        format!("KubeQuotaFullyUsed {ns}/full"),
        format!("KubeQuotaAlmostFull {ns}/nearly"),
        format!("claim_pending {ns}/waits"),
        format!("claim_lost {ns}/gone"),
        format!("ExternalSecretNotReady {ns}/it"),
        format!("CertManagerCertNotReady {ns}/it"),
        format!("KedaScaledObjectNotReady {ns}/it"),
        format!("backup_failed {ns}/nightly-1"),
        "backup_old".to_owned(),
        format!("backup_place {ns}/default"),
    ]
}

/// Plants faults in nodes and in what they run.
async fn in_nodes(kube: &Cluster, base: Timestamp) -> Vec<String> {
    let nodes: Api<Node> = Api::all(kube.client());
    let all: Vec<String> = kube.nodes().await.into_iter().filter_map(|node| node.metadata.name).collect();
    let [down, short, old] = [&all[0], &all[1], &all[2]];
    let unknown = json!({"type": "Ready", "status": "Unknown", "lastTransitionTime": base.to_string()});
    status(&nodes, down, json!({"conditions": [unknown]})).await;
    let pressed = json!([{"type": "Ready", "status": "True"}, {"type": "MemoryPressure", "status": "True"}]);
    let allocatable = json!({"cpu": "2", "memory": "1000Mi", "pods": "100"});
    status(&nodes, short, json!({"conditions": pressed, "allocatable": allocatable})).await;
    status(&nodes, old, json!({"nodeInfo": {"kubeletVersion": "v1.32.1-eks-1"}})).await;
    let cordon = Patch::Merge(json!({"spec": {"unschedulable": true}}));
    nodes.patch(old, &PatchParams::default(), &cordon).await.unwrap();
    let metrics = kube.crd("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", false).await;
    let usage = json!({"cpu": "1900000000n", "memory": "100Mi"});
    custom(kube, &metrics, None, json!({"metadata": {"name": short}, "usage": usage})).await;
    let fake = kube.fake().expect("it is the faithful one");
    fake.deprecated("flowcontrol.apiserver.k8s.io", "v1beta3", "flowschemas", "1.37");
    vec![
        format!("KubeNodeNotReady {down}"),
        format!("KubeNodePressure {short}"),
        format!("NodeCPUHighUsage {short}"),
        format!("node_cordoned {old}"),
        format!("kubelet_skew {old}"),
        "deprecated_apis flowcontrol.apiserver.k8s.io/v1beta3 flowschemas".to_owned(),
    ]
}

/// The role that `watchfire rbac` prints for the context and the report, and no more.
fn reader() -> User {
    let needed = permissions(&BTreeSet::new(), Evidence::None).with_health();
    let rules = needed.all().map(|(_, permission)| {
        let verbs: Vec<_> = permission.verbs.iter().map(|verb| verb.as_str().to_owned()).collect();
        let names: Vec<_> = permission.names.iter().map(|name| (*name).to_owned()).collect();
        match permission.path() {
            Some(path) => Rule { verbs, paths: vec![path.to_owned()], ..Rule::default() },
            None => Rule {
                verbs,
                groups: vec![permission.group.to_owned()],
                resources: vec![permission.resource.to_owned()],
                names,
                ..Rule::default()
            },
        }
    });
    User { name: "system:serviceaccount:watchfire:watchfire".to_owned(), rules: rules.collect() }
}

// The binary is waited for, and the API server that it asks is in this process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_planted_in_a_cluster_are_all_found_by_who_may_read_no_more_and_none_in_a_clean_one() {
    let kube = Cluster::fresh().await;
    let fake = kube.fake().expect("it is the faithful one");
    (1..=2).for_each(|number| fake.node(&Machine::number(number)));
    let ns = &kube.namespace("prod").await;
    kube.deployment(ns, "web", 1, [("app", "web")]).await;
    let base = Timestamp::now() - SignedDuration::from_hours(2);
    let late = Timestamp::now() + SignedDuration::from_mins(90);
    let (pagerduty, folder, clock) =
        (PagerDuty::start().await, tempfile::tempdir().unwrap(), Clock::at(late));
    let kubeconfig = kube.proxy().kubeconfig(folder.path());
    // Open at any time of any day.
    let business = json!({"opens": "00:00", "closes": "24:00",
        "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]});
    let configuration = Configuration::new(&pagerduty.url())
        .set("cluster", json!({"name": "payments", "access": {"kubeconfig": {"path": kubeconfig}}}))
        .set("health_report", json!({"to": ["oncall"]}))
        .set("business", business);
    let router = router(folder.path(), clock.clone(), &configuration).await;
    kube.proxy().acting_as(reader());
    assert_eq!(amiss(&router.health().await), BTreeSet::new());

    let mut expected = in_pods(&kube, ns, late).await;
    expected.extend(in_namespace(&kube, ns, base).await);
    expected.extend(in_nodes(&kube, base).await);
    let mesh = &kube.namespace("mesh").await;
    kube.bare_pod(mesh, "bare", [("app", "bare")]).await;
    label(mesh, &kube, json!({"istio-injection": "enabled"})).await;
    expected.push(format!("not_injected {mesh}/bare"));
    kube.proxy().clear();
    let report = router.health().await;
    assert!(expected.len() >= 20, "{}", expected.len());
    assert_eq!(amiss(&report), BTreeSet::from_iter(expected));
    assert_eq!((report.cluster.as_deref(), report.colour), (Some("payments"), Colour::Red));
    let calls = kube.proxy().calls();
    assert!(calls.iter().all(|call| !call.writes()) && calls.len() < 40, "{}", calls.len());

    // It is posted once, though two look.
    let now = clock.now();
    let posted = [router.post_bulletins(now).await.unwrap(), router.post_bulletins(now).await.unwrap()];
    assert_eq!((posted, pagerduty.accepted()), ([1, 0], 1));
    let event = &pagerduty.events()[0];
    let title = event["payload"]["summary"].as_str().unwrap();
    assert!(title.contains("Health of payments: red:"), "{title}");

    // Whoever may read less is told what they would need, and nothing is called well that was not seen.
    let mut less = reader();
    less.rules.retain(|rule| {
        !["persistentvolumeclaims", "backups"].iter().any(|name| rule.resources == [*name])
            && rule.paths.is_empty()
    });
    kube.proxy().acting_as(less);
    let report = router.health().await;
    let lines = report.sections.iter().flat_map(|part| &part.lines);
    let missing: BTreeSet<_> = lines
        .filter(|line| line.found.contains("is missing"))
        .map(|line| (line.found.clone(), line.colour == Colour::Yellow))
        .collect();
    let not =
        |what: &str, permission: &str| (format!("{what}: not looked at, `{permission}` is missing"), true);
    let expected = [
        not("Backups", "list backups.velero.io"),
        not("Claims", "list persistentvolumeclaims"),
        not("Deprecated APIs in use", "get /metrics"),
    ];
    assert_eq!(missing, BTreeSet::from(expected));
    tokio::task::block_in_place(|| documented(&kube, (ns, mesh)));
}

/// What the real binary prints of it, by a kubeconfig, with the code that a script gets. By its clock what was made for this
/// test is young, so that it is told less; the day decides about versions, and how many lines there are.
fn documented(kube: &Cluster, (ns, mesh): (&str, &str)) {
    kube.proxy().acting_as_administrator();
    let folder = tempfile::tempdir().unwrap();
    let path = kube.proxy().kubeconfig(folder.path());
    std::fs::rename(path, folder.path().join("kubeconfig")).unwrap();
    let said = watchfire(folder.path(), &["health", "--kubeconfig", "kubeconfig"], "");
    assert_eq!(said.code, 2, "{}", said.stderr);
    let text = said.stdout;
    let width = text.lines().map(|line| line.chars().count()).max();
    assert!(width <= Some(80), "{width:?}\n{text}");
    let (_, rest) = text.split_once("\nNodes\n").unwrap_or_else(|| panic!("{text}"));
    let rest = rest.replace(ns, "prod").replace(mesh, "mesh");
    is_documented(
        "router/docs/health.md",
        "faults that were planted",
        &format!("$ watchfire health --kubeconfig kubeconfig\n…\nNodes\n{rest}"),
    );
    let json = watchfire(folder.path(), &["health", "--kubeconfig", "kubeconfig", "-o", "json"], "");
    let report: Report = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, report.colour), (2, Colour::Red));
    let unknown = watchfire(folder.path(), &["health", "--server", "http://127.0.0.1:9"], "");
    assert_eq!((unknown.code, unknown.stdout.as_str()), (3, ""));
}

#[tokio::test]
async fn a_cluster_that_is_silent_is_red_soon_and_everything_else_is_called_unknown() {
    let (folder, pagerduty) = (tempfile::tempdir().unwrap(), PagerDuty::start().await);
    let kube = Cluster::fresh().await;
    let kubeconfig = kube.proxy().kubeconfig(folder.path());
    let configuration = Configuration::new(&pagerduty.url())
        .set("cluster", json!({"name": "payments", "access": {"kubeconfig": {"path": kubeconfig}}}));
    let router = router(folder.path(), Clock::System, &configuration).await;
    drop(kube);
    let report = until("it is gone", SOON, async || {
        let report = router.health().await;
        (report.colour == Colour::Red).then_some(report)
    })
    .await;
    let names: Vec<_> = amiss(&report).into_iter().collect();
    assert_eq!(names, ["KubeAPIDown apiserver", "nodes"]);
}

#[tokio::test]
async fn the_week_is_posted_once_on_its_first_business_day_with_what_autoscaling_did() {
    let (folder, pagerduty) = (tempfile::tempdir().unwrap(), PagerDuty::start().await);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let clock = Clock::at(at("2026-12-03T10:00:00Z"));
    let configuration = Configuration::new(&pagerduty.url())
        .set("health_report", json!({"weekly_to": ["oncall"]}))
        .set("business", json!({"holidays": ["2026-12-07"]}));
    let router = router(folder.path(), clock.clone(), &configuration).await;
    let alert = |status: &str| {
        let labels = json!({"alertname": "KubeHpaMaxedOut", "namespace": "shop", "horizontalpodautoscaler": "web",
                            "severity": "warning"});
        let ends_at = if status == "firing" { at("0001-01-01T00:00:00Z") } else { clock.now() };
        json!({"source": "prometheus", "detail-type": "Prometheus Alert", "id": format!("hpa-{status}"),
               "account": "111122223333", "time": clock.now().to_string(), "region": "eu-north-1", "resources": [],
               "detail": {"status": status, "labels": labels, "startsAt": "2026-12-03T10:00:00Z",
                          "endsAt": ends_at}}).to_string()
    };
    router.handle(&alert("firing")).await.unwrap();
    let until = |time: &str| clock.advance(at(time).duration_since(clock.now()));
    until("2026-12-03T13:00:00Z");
    router.handle(&alert("resolved")).await.unwrap();
    let told = pagerduty.accepted();
    // Monday is a holiday, and Tuesday before nine is too early.
    for (now, posted) in
        [("2026-12-07T12:00:00Z", 0), ("2026-12-08T08:59:00Z", 0), ("2026-12-08T09:00:00Z", 1)]
    {
        until(now);
        assert_eq!(router.post_bulletins(at(now)).await.unwrap(), posted, "{now}");
    }
    assert_eq!(router.post_bulletins(clock.now()).await.unwrap(), 0, "it is posted once");
    assert_eq!(pagerduty.accepted(), told + 1);
    let event = pagerduty.events().pop().unwrap();
    let title = event["payload"]["summary"].as_str().unwrap();
    assert!(title.contains("The week: 2 events, 1 paged, 50 % called nobody"), "{title}");
    let said = event.to_string();
    assert!(said.contains("horizontalpodautoscalers/shop/web: once, the last time for 3.0 h"), "{said}");
}

// The program that is waited for asks servers of this test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guard_duty_and_security_hub_are_asked_themselves_by_whoever_says_so() {
    let (aws, pagerduty) = (FindingsApi::start().await, PagerDuty::start().await);
    let configuration =
        Configuration::new(&pagerduty.url()).set("http.operator_token", json!({"env": "INGEST_TOKEN"}));
    let worker = Watchfire::start(&configuration, None).await;
    let by = [("AWS_ACCESS_KEY_ID", "person"), ("WATCHFIRE_TOKEN", Configuration::INGEST_TOKEN)];
    let asked = |more: &[&str]| {
        let arguments = ["health", "--server", &worker.ingest, "-o", "json"];
        let arguments: Vec<_> = arguments.iter().chain(more).copied().collect();
        let said = tokio::task::block_in_place(|| {
            watchfire_calling(&worker.path(""), aws.endpoint(), &by, &arguments)
        });
        let report: Report = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
        let lines = report.sections.into_iter().flat_map(|part| part.lines);
        let live = lines.filter(|line| ["guard_duty", "security_hub"].contains(&line.what.as_str()));
        let mut live: Vec<_> = live.map(|line| (line.found, line.colour)).collect();
        live.sort_by(|one, other| one.0.cmp(&other.0));
        live
    };
    assert!(asked(&[]).is_empty());
    let (both, yellow, green) = (&["--live"], Colour::Yellow, Colour::Green);
    let line = |found: &str, colour| (found.to_owned(), colour);
    let nothing = [
        line("GuardDuty itself: not switched on in us-gov-west-1", Colour::Unasked),
        line("Security Hub itself: not switched on here", Colour::Unasked),
    ];
    assert_eq!(asked(both), nothing);
    let labels = ["LOW", "CRITICAL", "INFORMATIONAL", "LOW"].repeat(30);
    let counts = vec![(8.0, 2), (7.5, 1), (5.0, 4), (2.0, 14)];
    aws.set(Findings { guard_duty: Some(counts), security_hub: Some(labels), denied: false });
    let some = [
        line(
            "GuardDuty itself: 3 high, 4 medium, 14 low (found or found again; all of us-gov-west-1)",
            yellow,
        ),
        line(
            "Security Hub itself: 30 critical, 60 low, 30 informational (new, of all products; all of us-gov-west-1)",
            yellow,
        ),
    ];
    assert_eq!(asked(both), some);
    aws.set(Findings { guard_duty: Some(Vec::new()), security_hub: Some(vec!["LOW"; 1001]), denied: false });
    let many = [
        line("GuardDuty itself: none (found or found again; all of us-gov-west-1)", green),
        line(
            "Security Hub itself: 1000 low, and more that were not counted (new, of all products; all of us-gov-west-1)",
            green,
        ),
    ];
    assert_eq!(asked(both), many);
    aws.set(Findings { denied: true, ..Findings::default() });
    let denied = [
        line("GuardDuty itself: not looked at, `guardduty:ListDetectors` is missing", yellow),
        line("Security Hub itself: not looked at, `securityhub:GetFindings` is missing", yellow),
    ];
    assert_eq!(asked(both), denied);
}
