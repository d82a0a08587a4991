//! Each fault planted into a cluster that is well is found, by its name and colour, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::support::Supported;
use super::*;
use crate::context::{
    Namespace, Node, Owner, Pod, PodContainer, Progress, Room, Stumble, Trouble, Workload, WorkloadKind,
};
use crate::event::Band;
use crate::priority::Priority;
use crate::survey::{
    Condition, Guarded, Probe, Quota, Readied, Readiness, Scaler, Usage, Used, Volume, volume,
};
use crate::verdict::{Verdict, Why};

fn at() -> Timestamp {
    "2026-10-30T06:00:00Z".parse().expect("a time")
}

fn ago(hours: i64) -> Option<Timestamp> {
    Some(at() - SignedDuration::from_hours(hours))
}

fn node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        ready: true,
        ready_since: ago(100),
        created_at: ago(100),
        kubelet: Some("v1.35.2-eks-1".to_owned()),
        room: Some(Room { cpu_millis: 2_000, memory: 1_000 }),
        ..Node::default()
    }
}

fn pod(namespace: &str, name: &str) -> Pod {
    let container =
        PodContainer { name: "app".to_owned(), image: "app:1".to_owned(), ..PodContainer::default() };
    Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        phase: "Running".to_owned(),
        ready: true,
        created_at: ago(100),
        containers: vec![container],
        ..Pod::default()
    }
}

fn system(container: &str, image: &str) -> Pod {
    let mut one = pod("kube-system", container);
    one.containers[0].name = container.to_owned();
    one.containers[0].image = image.to_owned();
    one
}

fn namespace(name: &str, labels: &[(&str, &str)]) -> Namespace {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Namespace { name: name.to_owned(), labels, annotations: BTreeMap::new() }
}

fn workload(name: &str, wanted: u32, ready: u32) -> Workload {
    Workload {
        kind: WorkloadKind::Deployment,
        namespace: "prod".to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        replicas: Some(wanted),
        ready,
        selector: None,
        suspended: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        owner: None,
        progress: None,
    }
}

fn readiness(of: Readied, ready: bool) -> Readiness {
    Readiness {
        of,
        namespace: "prod".to_owned(),
        name: "it".to_owned(),
        uid: "uid-it".to_owned(),
        ready: Some(ready),
        message: "no such key".to_owned(),
        since: ago(2),
        is_paused: false,
    }
}

/// A cluster whose pods are not listed yet.
struct Planted {
    pods: Vec<Pod>,
    seen: ClusterSeen,
    kept: Kept,
    settings: Settings,
}

impl Planted {
    /// One that is well, and has everything.
    fn well() -> Self {
        let scaler =
            Scaler { namespace: "prod".to_owned(), name: "web".to_owned(), most: 5, ..Scaler::default() };
        let backup = Backup {
            namespace: "velero".to_owned(),
            name: "daily-1".to_owned(),
            schedule: Some("daily".to_owned()),
            phase: "Completed".to_owned(),
            created_at: ago(5),
        };
        let (namespace_of, name) = ("velero".to_owned(), "default".to_owned());
        let place = BackupPlace {
            namespace: namespace_of,
            name,
            phase: "Available".to_owned(),
            ..BackupPlace::default()
        };
        let claim = Claim { phase: "Bound".to_owned(), ..claim("data") };
        let mut seen = ClusterSeen::nothing(
            Probe::Ready(Duration::from_millis(12)),
            &Unseen::NotAsked("not in this test".to_owned()),
        );
        seen.version = Ok("v1.35.4-eks-1".to_owned());
        seen.nodes = Ok(vec![node("one"), node("two"), node("three")]);
        seen.usage = Ok(Vec::new());
        seen.namespaces =
            Ok(vec![namespace("prod", &[]), namespace("mesh", &[("istio-injection", "enabled")])]);
        seen.workloads = Ok(vec![workload("web", 1, 1)]);
        seen.claims = Ok(vec![claim]);
        seen.volumes = Ok(Vec::new());
        seen.quotas = Ok(Vec::new());
        seen.autoscalers = Ok(vec![Autoscaling { scaler, hindered: None }]);
        seen.scaled_objects = Ok(vec![readiness(Readied::ScaledObject, true)]);
        seen.budgets = Ok(Vec::new());
        seen.external_secrets = Ok(vec![readiness(Readied::ExternalSecret, true)]);
        seen.certificates = Ok(vec![readiness(Readied::Certificate, true)]);
        seen.deprecated = Ok(Vec::new());
        seen.backups = Ok(vec![backup]);
        seen.schedules = Ok(vec![Schedule::default()]);
        seen.places = Ok(vec![place]);
        let pods = vec![
            pod("prod", "web"),
            system("coredns", "reg/coredns:v1.12.1-eksbuild.2"),
            system("kube-proxy", "reg/kube-proxy:v1.34.0-eksbuild.1"),
        ];
        Self { pods, seen, kept: Kept::default(), settings: Settings::default() }
    }

    fn report(self) -> Report {
        let Self { pods, mut seen, kept, settings } = self;
        let mut all = PodsSeen::default();
        pods.iter().for_each(|pod| all.see(pod, &settings, at()));
        seen.pods = Ok(all);
        report(Some("payments"), &Ok(seen), &Ok(kept), &settings, at())
    }
}

fn claim(name: &str) -> Claim {
    Claim { namespace: "prod".to_owned(), name: name.to_owned(), created_at: ago(3), ..Claim::default() }
}

/// What is not green: its name, its colour, and what it is about.
fn amiss(report: &Report) -> Vec<String> {
    let lines = report.sections.iter().flat_map(|part| &part.lines);
    let amiss = lines.filter(|line| line.colour >= Colour::Yellow);
    amiss
        .map(|line| {
            let about: Vec<_> = line.items.listed.iter().map(Item::full_name).collect();
            let (name, colour, about) = (line.what.as_str(), line.colour.as_str(), about.join(" "));
            format!("{name} {colour} {about}").trim_end().to_owned()
        })
        .collect()
}

fn stumbling(name: &str, stumble: Stumble) -> Pod {
    let mut one = pod("prod", name);
    one.containers[0].stumble = Some(Box::new(stumble));
    one
}

fn waiting(name: &str, reason: &str) -> Pod {
    let waits = Some(reason.to_owned());
    Pod { ready: false, ..stumbling(name, Stumble { waits, ..Stumble::default() }) }
}

fn put_out(name: &str, reason: &str, when: Option<Timestamp>) -> Pod {
    let trouble = Trouble { reason: Some(reason.to_owned()), evicted_at: when, ..Trouble::default() };
    Pod { phase: "Failed".to_owned(), ready: false, trouble: Some(Box::new(trouble)), ..pod("prod", name) }
}

fn quota(used: f64) -> Quota {
    let used = vec![Used { resource: "pods".to_owned(), used, hard: 10.0 }];
    Quota { namespace: "prod".to_owned(), name: "quota".to_owned(), uid: "q".to_owned(), used }
}

fn guarded(healthy: u32, desired: u32) -> Guarded {
    let (namespace, name) = ("prod".to_owned(), "web".to_owned());
    Guarded { namespace, name, expected: 3, healthy, desired, ..Guarded::default() }
}

type Fault = (&'static str, fn(&mut Planted), &'static [&'static str]);

/// A fault, and all that is found because of it.
const FAULTS: &[Fault] = &[
    (
        "the API server is slow",
        |it| it.seen.probe = Probe::Ready(Duration::from_secs(3)),
        &["KubeAPILatencyHigh red apiserver"],
    ),
    (
        "a version in extended support",
        |it| it.seen.version = Ok("v1.33.9-eks-2".to_owned()),
        &["kubelet_skew red one three two", "proxy_skew red kube-system/kube-proxy", "kubernetes yellow"],
    ),
    (
        "support that ends soon",
        |it| {
            it.seen.version = Ok("v1.34.9-eks-2".to_owned());
            it.old_nodes();
        },
        &["kubernetes yellow"],
    ),
    (
        "an old kubelet",
        |it| it.node(|node| node.kubelet = Some("v1.31.1-eks-1".to_owned())),
        &["kubelet_skew red one"],
    ),
    (
        "an old kube-proxy",
        |it| it.pods.push(system("kube-proxy", "reg/kube-proxy:v1.32.0@sha256:aa")),
        &["proxy_skew yellow kube-system/kube-proxy"],
    ),
    ("a node that is not ready", |it| it.node(|node| node.ready = false), &["KubeNodeNotReady red one"]),
    (
        "pressure",
        |it| it.node(|node| node.pressures = vec!["DiskPressure".to_owned()]),
        &["KubeNodePressure yellow one"],
    ),
    ("a cordoned node", |it| it.node(|node| node.unschedulable = true), &["node_cordoned yellow one"]),
    (
        "busy processors",
        |it| {
            it.seen.usage =
                Ok(vec![Usage { node: "two".to_owned(), used: Room { cpu_millis: 1_900, memory: 1 } }])
        },
        &["NodeCPUHighUsage yellow two"],
    ),
    (
        "memory nearly used up",
        |it| {
            it.seen.usage =
                Ok(vec![Usage { node: "two".to_owned(), used: Room { cpu_millis: 1, memory: 950 } }])
        },
        &["NodeMemoryHighUtilization yellow two"],
    ),
    (
        "a system pod that is not ready",
        |it| it.pods.push(Pod { ready: false, ..pod("keda", "keda-operator") }),
        &["system_pods red keda/pods", "pod_not_ready yellow keda/keda-operator"],
    ),
    (
        "a crash loop",
        |it| it.pods.push(waiting("loops", "CrashLoopBackOff")),
        &["KubePodCrashLooping red prod/loops"],
    ),
    (
        "an image that is not there",
        |it| it.pods.push(waiting("pulls", "ImagePullBackOff")),
        &["KubeContainerWaiting yellow prod/pulls"],
    ),
    (
        "a pod that does not start",
        |it| it.pods.push(Pod { phase: "Pending".to_owned(), ready: false, ..pod("prod", "waits") }),
        &["KubePodNotReady yellow prod/waits"],
    ),
    (
        "a kill for memory",
        |it| {
            it.pods.push(stumbling(
                "killed",
                Stumble { ended: Some("OOMKilled".to_owned()), ended_at: Some(at()), ..Stumble::default() },
            ))
        },
        &["KubeContainerOOMKilled yellow prod/killed"],
    ),
    (
        "an eviction",
        |it| it.pods.push(put_out("evicted", "Evicted", Some(at()))),
        &["KubePodEvicted yellow prod/evicted"],
    ),
    (
        "an old failed pod",
        |it| it.pods.push(put_out("left", "Evicted", ago(9))),
        &["pod_failed yellow prod/left"],
    ),
    (
        "a pod that runs and is not ready",
        |it| it.pods.push(Pod { ready: false, ..pod("prod", "sick") }),
        &["pod_not_ready yellow prod/sick"],
    ),
    (
        "many restarts",
        |it| {
            it.pods.push({
                let mut one = stumbling(
                    "again",
                    Stumble { ended: Some("Error".to_owned()), ended_at: ago(2), ..Stumble::default() },
                );
                one.containers.push(PodContainer {
                    name: "second".to_owned(),
                    restarts: 9,
                    ..PodContainer::default()
                });
                one
            })
        },
        &["restarts yellow prod/again"],
    ),
    (
        "a workload without its pods",
        |it| it.seen.workloads = Ok(vec![workload("web", 3, 0)]),
        &["workload_short red prod/web"],
    ),
    (
        "a failed Job",
        |it| {
            it.seen.workloads = Ok(vec![Workload {
                kind: WorkloadKind::Job,
                replicas: None,
                progress: Some(Progress::Failed { reason: "BackoffLimitExceeded".to_owned(), at: ago(1) }),
                ..workload("import", 0, 0)
            }])
        },
        &["KubeJobFailed yellow prod/import"],
    ),
    (
        "a claim without a volume",
        |it| it.seen.claims = Ok(vec![Claim { phase: "Pending".to_owned(), ..claim("data") }]),
        &["claim_pending yellow prod/data"],
    ),
    (
        "a claim whose volume is lost",
        |it| it.seen.claims = Ok(vec![Claim { phase: "Lost".to_owned(), ..claim("data") }]),
        &["claim_lost red prod/data"],
    ),
    (
        "a full volume",
        |it| {
            let full = Volume { namespace: "prod".to_owned(), claim: "data".to_owned(), used: 0.97 };
            it.seen.volumes = Ok(volume(&full, &it.settings.survey).into_iter().collect());
        },
        &["KubePersistentVolumeFillingUp red prod/data"],
    ),
    (
        "a quota that is used up",
        |it| it.seen.quotas = Ok(vec![quota(10.0)]),
        &["KubeQuotaFullyUsed yellow prod/quota"],
    ),
    (
        "a quota that nearly is",
        |it| it.seen.quotas = Ok(vec![quota(9.5)]),
        &["KubeQuotaAlmostFull yellow prod/quota"],
    ),
    (
        "an autoscaler at its maximum",
        |it| {
            it.scaler(|one| {
                one.scaler.current = 5;
                one.scaler.held_back = Some(ago(1));
            })
        },
        &["KubeHpaMaxedOut yellow prod/web"],
    ),
    (
        "an autoscaler that cannot act",
        |it| it.scaler(|one| one.hindered = Some("no metrics".to_owned())),
        &["scaler_cannot_act yellow prod/web"],
    ),
    (
        "KEDA at its maximum",
        |it| {
            it.scaler(|one| {
                one.scaler.current = 5;
                one.scaler.held_back = Some(ago(1));
                one.scaler.keda = Some(("queue".to_owned(), "k".to_owned()));
            })
        },
        &["KedaScaledObjectMaxedOut yellow prod/queue"],
    ),
    (
        "a ScaledObject that is not ready",
        |it| it.seen.scaled_objects = Ok(vec![readiness(Readied::ScaledObject, false)]),
        &["KedaScaledObjectNotReady yellow prod/it"],
    ),
    (
        "a budget whose pods are ill",
        |it| it.seen.budgets = Ok(vec![guarded(1, 2)]),
        &["KubePdbNotEnoughHealthyPods yellow prod/web"],
    ),
    (
        "a budget that allows nothing",
        |it| it.seen.budgets = Ok(vec![guarded(3, 3)]),
        &["KubePdbBlocksDrains yellow prod/web"],
    ),
    (
        "an ExternalSecret that is not ready",
        |it| it.seen.external_secrets = Ok(vec![readiness(Readied::ExternalSecret, false)]),
        &["ExternalSecretNotReady yellow prod/it"],
    ),
    (
        "a certificate that is not ready",
        |it| it.seen.certificates = Ok(vec![readiness(Readied::Certificate, false)]),
        &["CertManagerCertNotReady yellow prod/it"],
    ),
    (
        "an API that the next version does not have",
        |it| {
            it.seen.deprecated = Ok(vec![Deprecated {
                version: "flowcontrol.apiserver.k8s.io/v1beta3".to_owned(),
                resource: "flowschemas".to_owned(),
                removed_in: Some("1.36".to_owned()),
            }])
        },
        &["deprecated_apis red flowcontrol.apiserver.k8s.io/v1beta3 flowschemas"],
    ),
    ("a pod without a sidecar", |it| it.pods.push(pod("mesh", "bare")), &["not_injected yellow mesh/bare"]),
    (
        "a failed backup",
        |it| it.backup(|backup| backup.phase = "Failed".to_owned()),
        &["backup_failed red velero/daily-1", "backup_old yellow"],
    ),
    ("an old backup", |it| it.backup(|backup| backup.created_at = ago(30)), &["backup_old yellow"]),
    (
        "a place for backups that is away",
        |it| {
            it.seen.places = Ok(vec![BackupPlace {
                name: "default".to_owned(),
                namespace: "velero".to_owned(),
                phase: "Unavailable".to_owned(),
                ..BackupPlace::default()
            }])
        },
        &["backup_place red velero/default"],
    ),
    (
        "critical findings",
        |it| it.kept.count("guardduty", Some(Band::Critical), Verdict::Page, Why::New),
        &["findings yellow"],
    ),
    (
        "an open P0",
        |it| {
            it.kept.open.insert(Priority::P0, Open { all: 1, unacknowledged: 1 });
        },
        &["open_incidents red"],
    ),
    (
        "an incident that nobody has",
        |it| it.kept.overdue.push(Item::new(None, "wf1-a", "late", Colour::Red)),
        &["overdue red wf1-a"],
    ),
    (
        "something contained",
        |it| it.kept.contained.push(Item::new(None, "pod prod/web", "by us", Colour::Yellow)),
        &["contained yellow pod prod/web"],
    ),
    (
        "mitigation switched off",
        |it| it.kept.switched_off = Some("by jane: game day".to_owned()),
        &["mitigation yellow"],
    ),
];

impl Planted {
    fn node(&mut self, change: impl FnOnce(&mut Node)) {
        change(&mut self.seen.nodes.as_mut().expect("there are nodes")[0]);
    }

    fn old_nodes(&mut self) {
        for node in self.seen.nodes.as_mut().expect("there are nodes") {
            node.kubelet = Some("v1.34.1".to_owned());
        }
    }

    fn scaler(&mut self, change: impl FnOnce(&mut Autoscaling)) {
        change(&mut self.seen.autoscalers.as_mut().expect("there is one")[0]);
    }

    fn backup(&mut self, change: impl FnOnce(&mut Backup)) {
        change(&mut self.seen.backups.as_mut().expect("there is one")[0]);
    }
}

#[test]
fn nothing_is_amiss_in_a_cluster_that_is_well() {
    let report = Planted::well().report();
    assert_eq!((amiss(&report), report.colour), (vec![], Colour::Green));
    let sections: Vec<_> = report.sections.iter().map(|part| part.section).collect();
    assert_eq!(sections, Section::ALL, "each section has a line");
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let planted = FAULTS.iter().map(|(fault, plant, found)| {
        let mut planted = Planted::well();
        plant(&mut planted);
        (*fault, amiss(&planted.report()), found.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>())
    });
    let wrong: Vec<_> = planted.filter(|(_, found, expected)| found != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_may_not_be_looked_at_is_yellow_and_names_the_permission_and_what_is_not_there_is_neither() {
    let mut planted = Planted::well();
    planted.seen.claims = Err(Unseen::Refused("list persistentvolumeclaims".to_owned()));
    planted.seen.backups = Err(Unseen::NotInstalled);
    planted.seen.scaled_objects = Err(Unseen::NotInstalled);
    planted.seen.certificates = Err(Unseen::Because("list certificates: 500 no".to_owned()));
    let report = planted.report();
    assert_eq!(amiss(&report), ["claims yellow", "certificates yellow"]);
    let lines: Vec<_> = report.sections.iter().flat_map(|part| &part.lines).collect();
    let of = |check| {
        lines
            .iter()
            .find(|line| line.what == What::Check(check))
            .map(|line| (line.colour, line.found.as_str()))
    };
    let missing = "Claims: not looked at, `list persistentvolumeclaims` is missing";
    assert_eq!(of(Check::Claims), Some((Colour::Yellow, missing)));
    assert_eq!(of(Check::Backups), Some((Colour::Unasked, "Backups: not installed")));
    assert_eq!(of(Check::ScaledObjects), Some((Colour::Unasked, "ScaledObjects: not installed")));
}

#[test]
fn an_api_server_that_is_silent_is_red_and_nothing_is_called_well() {
    let silent = Probe::NotReady("no answer within 10 s".to_owned());
    let seen = ClusterSeen::nothing(silent, &Unseen::Because("no answer".to_owned()));
    let kept = Err(Unseen::Because("the store does not answer".to_owned()));
    let report = report(None, &Ok(seen), &kept, &Settings::default(), at());
    assert_eq!(amiss(&report), ["KubeAPIDown red apiserver", "nodes yellow", "findings yellow"]);
    assert_eq!(report.count(Colour::Green), 0);
}

#[test]
fn what_watchfire_has_contained_is_told_as_that_and_as_nothing_else() {
    let mut planted = Planted::well();
    planted.node(|node| node.unschedulable = true);
    planted.kept.contained_uids.insert("uid-one".to_owned());
    planted.seen.workloads = Ok(vec![workload("web", 3, 0)]);
    planted.kept.contained_uids.insert("uid-web".to_owned());
    planted.pods = vec![waiting("web", "CrashLoopBackOff")];
    planted.kept.contained.push(Item::new(None, "node one", "On account of wf1-a.", Colour::Yellow));
    assert_eq!(amiss(&planted.report()), ["contained yellow node one"]);
}

#[test]
fn what_takes_its_time_is_no_fault_before_it_has_taken_too_long() {
    let mut planted = Planted::well();
    let young = Some(at() - SignedDuration::from_mins(2));
    planted.pods.push(Pod {
        phase: "Pending".to_owned(),
        ready: false,
        created_at: young,
        ..pod("prod", "new")
    });
    planted.pods.push(Pod { ready: false, created_at: young, ..pod("keda", "starts") });
    planted.seen.claims = Ok(vec![Claim { phase: "Pending".to_owned(), created_at: young, ..claim("data") }]);
    planted.seen.workloads =
        Ok(vec![Workload { progress: Some(Progress::RollingOut), ..workload("web", 3, 1) }]);
    planted.node(|node| (node.ready, node.ready_since) = (false, Some(at())));
    assert_eq!(amiss(&planted.report()), Vec::<String>::new());
}

#[test]
fn whoever_may_see_one_namespace_is_shown_what_is_there_and_no_figure_of_others() {
    let mut planted = Planted::well();
    planted.pods.extend([waiting("loops", "CrashLoopBackOff"), {
        let mut other = waiting("other", "CrashLoopBackOff");
        other.namespace = "payments".to_owned();
        other
    }]);
    planted.node(|node| node.ready = false);
    planted.kept.open.insert(Priority::P0, Open { all: 1, unacknowledged: 1 });
    let report = planted.report().seen_in(|namespace| namespace == "payments");
    assert_eq!(amiss(&report), ["KubePodCrashLooping yellow payments/other"]);
    let lines: usize = report.sections.iter().map(|part| part.lines.len()).sum();
    assert_eq!((lines, report.sections[0].lines[0].found.as_str()), (1, "Crash loop: 1"));
}

#[test]
fn too_many_are_counted_and_the_worst_of_them_is_still_named() {
    let mut planted = Planted::well();
    for number in 0..30 {
        let mut one = waiting(&format!("loops-{number}"), "CrashLoopBackOff");
        one.namespace = "dev".to_owned();
        planted.pods.push(one);
    }
    planted.pods.push(waiting("important", "CrashLoopBackOff"));
    let report = planted.report();
    let line = report
        .sections
        .iter()
        .flat_map(|part| &part.lines)
        .find(|line| line.what == What::Condition(Condition::CrashLoop));
    let line = line.expect("it is found");
    let said = (line.colour, line.found.as_str(), line.items.listed[0].full_name(), line.items.more);
    assert_eq!(said, (Colour::Red, "Crash loop: 31", "prod/important".to_owned(), 11));
}

#[test]
fn hostile_words_of_a_cluster_become_one_harmless_line() {
    let item = Item::new(Some("a\nb"), "x\u{1b}[2J", "it says: \u{202e}\r\nRED all is lost", Colour::Yellow);
    assert_eq!(
        (item.full_name(), item.said),
        ("a b/x\u{fffd}[2J".to_owned(), "it says: \u{fffd} RED all is lost".to_owned())
    );
}

#[test]
fn a_pod_wants_a_sidecar_where_it_or_its_namespace_asks_and_it_does_not_refuse() {
    let mut planted = Planted::well();
    let labelled = |namespace: &str, name: &str, label: &str, value: &str| {
        let labels = BTreeMap::from([(label.to_owned(), value.to_owned())]);
        Pod { labels: labels.into(), ..pod(namespace, name) }
    };
    let mut has_it = pod("mesh", "has-it");
    has_it.containers.push(PodContainer { name: "istio-proxy".to_owned(), ..PodContainer::default() });
    let mut of_a_job = pod("prod", "asks");
    of_a_job.owner = Some(Owner {
        api_version: String::new(),
        kind: "Job".to_owned(),
        name: String::new(),
        uid: "j".to_owned(),
    });
    Arc::make_mut(&mut of_a_job.labels).insert("sidecar.istio.io/inject".to_owned(), "true".to_owned());
    let mut on_host = pod("mesh", "on-host");
    on_host.host.network = true;
    planted.pods.extend([
        has_it,
        of_a_job,
        on_host,
        labelled("mesh", "refuses", "sidecar.istio.io/inject", "false"),
        labelled("mesh", "wants", "app", "wants"),
    ]);
    assert_eq!(amiss(&planted.report()), ["not_injected yellow mesh/wants prod/asks"]);
}

#[test]
fn the_table_of_support_dates_can_be_read_and_says_when_it_is_old() {
    let table = Support::table();
    assert!(table.as_of < table.good_until && !table.source.is_empty() && !table.verified.is_empty());
    // A day on which support ends is one without it.
    let of = |day: &str| table.of(Version { major: 1, minor: 34 }, day.parse().expect("a day"));
    let (standard, extended) = (jiff::civil::date(2026, 12, 2), jiff::civil::date(2027, 12, 2));
    assert_eq!(
        ["2026-12-01", "2026-12-02", "2027-12-01", "2027-12-02"].map(of),
        [
            Supported::Standard(standard),
            Supported::Extended(extended),
            Supported::Extended(extended),
            Supported::No(extended)
        ]
    );
    let old = "2027-03-01T06:00:00Z".parse().expect("a time");
    let mut seen = Planted::well().seen;
    seen.pods = Ok(PodsSeen::default());
    let report = report(None, &Ok(seen), &Ok(Kept::default()), &Settings::default(), old);
    let found: Vec<_> = amiss(&report).into_iter().filter(|one| one.starts_with("support_table")).collect();
    assert_eq!(found, ["support_table yellow"]);
}

#[test]
fn a_version_is_read_from_what_servers_kubelets_and_images_say() {
    let of = |text: &str| Version::of(text).map(|version| version.to_string());
    assert_eq!(of("v1.36.2-eks-1a2b3c4").as_deref(), Some("1.36"));
    assert_eq!(of("1.30+").as_deref(), Some("1.30"));
    assert_eq!(of("latest"), None);
    let image = super::version::of_image;
    assert_eq!(
        image("602.dkr.ecr/eks/kube-proxy:v1.35.0-minimal-eksbuild.2@sha256:ab"),
        Some("v1.35.0-minimal-eksbuild.2")
    );
    assert_eq!(image("localhost:5000/app"), None);
}

#[test]
fn every_name_is_one_and_every_check_has_a_title() {
    let names: BTreeSet<_> = Check::ALL
        .into_iter()
        .map(What::Check)
        .chain(Condition::ALL.into_iter().map(What::Condition))
        .inspect(|what| assert!(!what.title().is_empty()))
        .map(What::as_str)
        .collect();
    assert_eq!(names.len(), Check::ALL.len() + Condition::ALL.len());
    for condition in Condition::ALL {
        assert!(!What::Condition(condition).todo().is_empty(), "{condition:?}");
    }
}
