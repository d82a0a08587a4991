//! Every condition at its edge.

#![allow(clippy::unwrap_used)]

mod over_time;
mod telling;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::act::{QUARANTINE_LABEL, REPLICAS_ANNOTATION};
use crate::builders;
use crate::context::{Node, Owner, Pod, Progress, Room, Stumble, Trouble, Workload, WorkloadKind};

fn at(minutes: i64) -> Timestamp {
    "2026-11-30T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn ago(minutes: i64) -> Option<Timestamp> {
    Some(at(-minutes))
}

fn stumbling(stumble: Stumble) -> Pod {
    let mut pod = Pod {
        node: Some("n1".into()),
        owner: Some(builders::owner("ReplicaSet", "pay-7c9")),
        created_at: ago(60),
        ..builders::pod("pay-1", "app", "reg/pay:1")
    };
    pod.containers[0].restarts = 7;
    pod.containers[0].stumble = Some(Box::new(stumble));
    pod
}

fn waiting(reason: &str) -> Pod {
    stumbling(Stumble { waits: Some(reason.into()), ..Stumble::default() })
}

fn ended(reason: &str, minutes: i64) -> Pod {
    stumbling(Stumble { ended: Some(reason.into()), code: 137, ended_at: ago(minutes), ..Stumble::default() })
}

fn pending(trouble: Option<Trouble>) -> Pod {
    Pod {
        phase: "Pending".into(),
        created_at: ago(60),
        trouble: trouble.map(Box::new),
        ..builders::pod("pay-1", "app", "reg/pay:1")
    }
}

fn evicted(minutes: i64) -> Pod {
    let trouble = Trouble {
        reason: Some("Evicted".into()),
        message: Some("The node was low on resource: memory.".into()),
        evicted_at: ago(minutes),
        ..Trouble::default()
    };
    Pod { phase: "Failed".into(), ..pending(Some(trouble)) }
}

fn of_pod(pod: &Pod, restarted: u32) -> Vec<(Condition, String)> {
    let mut said = Vec::new();
    super::pod(pod, restarted, &Settings::default(), at(0), &mut |symptom| {
        said.push((symptom.condition, symptom.seen))
    });
    said
}

fn names(pod: &Pod) -> Vec<Condition> {
    of_pod(pod, 0).into_iter().map(|(condition, _)| condition).collect()
}

#[test]
fn each_trouble_of_a_pod_is_seen_and_said_in_a_sentence() {
    let looping = stumbling(Stumble {
        waits: Some("CrashLoopBackOff".into()),
        ended: Some("Error".into()),
        code: 1,
        ended_at: ago(1),
    });
    let unplaced = Trouble {
        message: Some("0/3 nodes are available: 3 Insufficient cpu.".into()),
        unplaced_since: ago(20),
        ..Trouble::default()
    };
    let misfit = Pod { phase: "Pending".into(), ..waiting("CreateContainerConfigError") };
    let stuck = Pod { node: Some("n1".into()), ..pending(None) };
    for (pod, restarted, condition, seen) in [
        (
            looping,
            0,
            Condition::CrashLoop,
            "Container app has ended 7 times, the last time with code 1 (Error).",
        ),
        (
            waiting("ImagePullBackOff"),
            0,
            Condition::ImagePull,
            "Container app waits for reg/pay:1 (ImagePullBackOff).",
        ),
        (
            waiting("ErrImagePull"),
            0,
            Condition::ImagePull,
            "Container app waits for reg/pay:1 (ErrImagePull).",
        ),
        (
            ended("Error", 1),
            6,
            Condition::Restarting,
            "Its containers were started again 6 times in ten minutes.",
        ),
        (
            ended("OOMKilled", 14),
            0,
            Condition::OomKilled,
            "Container app was killed because it had too much memory.",
        ),
        (evicted(14), 0, Condition::Evicted, "The node was low on resource: memory."),
        (
            pending(Some(unplaced)),
            0,
            Condition::Pending,
            "No node takes it: 0/3 nodes are available: 3 Insufficient cpu.",
        ),
        (misfit, 0, Condition::Pending, "Container app cannot be made (CreateContainerConfigError)."),
        (stuck, 0, Condition::Pending, "Node n1 has it and does not start it."),
    ] {
        assert_eq!(of_pod(&pod, restarted), [(condition, seen.to_owned())]);
    }
}

#[test]
fn a_pod_at_the_edge_is_left_alone() {
    for (pod, restarted) in [
        (builders::pod("pay-1", "app", "reg/pay:1"), 0),
        (waiting("ContainerCreating"), 0),
        (waiting("PodInitializing"), 0),
        (ended("Error", 1), 5),
        (ended("OOMKilled", 15), 0),
        (evicted(15), 0),
        // What has ended is not waited for.
        (Pod { phase: "Succeeded".into(), ..waiting("CrashLoopBackOff") }, 9),
        (Pod { phase: "Failed".into(), ..waiting("CrashLoopBackOff") }, 9),
    ] {
        assert_eq!(of_pod(&pod, restarted), [], "{pod:?}");
    }
}

#[test]
fn what_we_cut_off_what_is_deleted_and_what_nobody_wants_looked_at_is_no_news() {
    let looping = waiting("CrashLoopBackOff");
    assert_eq!(names(&looping), [Condition::CrashLoop]);
    let mut quarantined = looping.clone();
    Arc::make_mut(&mut quarantined.labels).insert(QUARANTINE_LABEL.into(), "wf1-1".into());
    let leaving = Trouble { is_leaving: true, ..Trouble::default() };
    let leaving = Pod { trouble: Some(Box::new(leaving)), ..looping.clone() };
    let gone = Pod { gone_at: Some(at(0)), ..looping.clone() };
    for pod in [quarantined, leaving, gone] {
        assert_eq!(names(&pod), [], "{pod:?}");
    }
    let say = |settings: &Settings| {
        let mut count = 0;
        super::pod(&looping, 0, settings, at(0), &mut |_| count += 1);
        count
    };
    let ignoring = Settings { ignored: vec!["sh*".into()], ..Settings::default() };
    let off = Settings { off: BTreeSet::from([Condition::CrashLoop]), ..Settings::default() };
    assert_eq!((say(&Settings::default()), say(&ignoring), say(&off)), (1, 0, 0));
}

#[test]
fn restarts_are_counted_over_ten_minutes_and_only_of_what_restarts() {
    let mut restarts = Restarts::default();
    let with = |count: u32, minute: i64| {
        let mut pod = ended("Error", -minute);
        pod.containers[0].restarts = count;
        pod
    };
    let mut counted = Vec::new();
    for (count, minute) in [(1, 0), (3, 2), (6, 5), (6, 9), (7, 11), (7, 16)] {
        counted.push(restarts.of(&with(count, minute), at(minute)));
    }
    // At 11 minutes the first lies before the window, at 16 all but the last.
    assert_eq!(counted, [1, 3, 6, 6, 6, 1]);
    assert_eq!(restarts.of(&builders::pod("calm", "app", "reg/pay:1"), at(16)), 0);
    assert_eq!(restarts.followed(), 1);
    restarts.forget(at(30));
    assert_eq!(restarts.followed(), 0);
}

fn node(name: &str, ready: bool) -> Node {
    Node {
        name: name.into(),
        uid: format!("uid-{name}"),
        ready,
        created_at: ago(60),
        ready_since: ago(3),
        ..Node::default()
    }
}

fn of_node(node: &Node) -> Vec<(Condition, String)> {
    let mut said = Vec::new();
    super::node(node, &Settings::default(), at(0), &mut |symptom| {
        said.push((symptom.condition, symptom.seen))
    });
    said
}

#[test]
fn a_node_is_not_ready_or_short_of_something_unless_it_is_young_or_leaving() {
    let not_ready = "Its kubelet says that it is not ready, or says nothing.";
    assert_eq!(of_node(&node("n1", false)), [(Condition::NodeNotReady, not_ready.to_owned())]);
    let cordoned = Node { unschedulable: true, ..node("n1", false) };
    assert_eq!(of_node(&cordoned), [(Condition::NodeNotReady, format!("{not_ready} It is cordoned."))]);
    let short = Node { pressures: vec!["MemoryPressure".into(), "DiskPressure".into()], ..node("n1", true) };
    let said = "It says MemoryPressure, DiskPressure.".to_owned();
    assert_eq!(of_node(&short), [(Condition::NodePressure, said)]);
    for none in [
        node("n1", true),
        Node { created_at: ago(4), ..node("n1", false) },
        Node { is_leaving: true, ..node("n1", false) },
        Node { gone_at: ago(1), ..node("n1", false) },
    ] {
        assert_eq!(of_node(&none), [], "{none:?}");
    }
}

#[test]
fn several_nodes_are_one_symptom_since_the_last_that_made_them_several() {
    let young = Node { created_at: ago(1), ..node("n9", false) };
    let one = [node("n1", false), node("n2", true), young.clone()];
    assert_eq!(nodes(one.iter(), &Settings::default(), at(0)), None);
    let earlier = Node { ready_since: ago(30), ..node("n3", false) };
    let two = [earlier, node("n1", false), node("n2", true), young];
    let symptom = nodes(two.iter(), &Settings::default(), at(0)).unwrap();
    let about = About::of_cluster(Thing::Nodes, "nodes", "nodes");
    let seen = "2 of 3 nodes are not ready: n1, n3.";
    assert_eq!(symptom, Symptom::new(Condition::NodesNotReady, about, ago(3), seen));
}

#[test]
fn a_node_is_used_too_much_above_the_threshold_and_not_at_it() {
    let room = Some(Room { cpu_millis: 4_000, memory: 1_000 });
    let said = |cpu_millis, memory| {
        let usage = Usage { node: "n1".into(), used: Room { cpu_millis, memory } };
        let mut said = Vec::new();
        let node = Node { room, ..node("n1", true) };
        super::usage(&node, &usage, &Settings::default(), at(0), &mut |it| {
            said.push((it.condition, it.seen))
        });
        said
    };
    assert_eq!(said(3_439, 850), []);
    let all = [
        (Condition::NodeCpu, "86 % of its processors are used.".to_owned()),
        (Condition::NodeMemory, "90 % of its memory are used.".to_owned()),
    ];
    assert_eq!(said(3_440, 901), all);
}

fn job(name: &str, owner: Option<Owner>, progress: Option<Progress>) -> Workload {
    Workload { owner, progress, ..builders::workload(WorkloadKind::Job, name) }
}

fn failed(minutes: i64) -> Option<Progress> {
    Some(Progress::Failed { reason: "BackoffLimitExceeded".into(), at: ago(minutes) })
}

#[test]
fn a_job_that_failed_is_told_and_of_a_cronjob_only_the_last() {
    let say = |all: &[Workload]| {
        let mut said = Vec::new();
        let finished = all.iter().filter_map(Finished::of);
        jobs(finished, &Settings::default(), at(0), &mut |it| {
            said.push((it.about.thing, it.about.name, it.seen))
        });
        said
    };
    let nightly = || Some(builders::owner("CronJob", "nightly"));
    let succeeded = |minutes| Some(Progress::Succeeded { at: ago(minutes) });
    let lone = [job("import", None, failed(5)), job("old", None, failed(60 * 24)), job("runs", None, None)];
    let given_up = "Job import was given up (BackoffLimitExceeded).".to_owned();
    assert_eq!(say(&lone), [(Thing::Job, "import".to_owned(), given_up)]);
    let mended = [job("nightly-1", nightly(), failed(50)), job("nightly-2", nightly(), succeeded(5))];
    assert_eq!(say(&mended), []);
    let broken = [job("nightly-1", nightly(), succeeded(50)), job("nightly-2", nightly(), failed(5))];
    let given_up = "Job nightly-2 was given up (BackoffLimitExceeded).".to_owned();
    assert_eq!(say(&broken), [(Thing::CronJob, "nightly".to_owned(), given_up)]);
}

#[test]
fn what_says_that_it_is_not_ready_is_told_unless_somebody_has_paused_it() {
    let base = Readiness {
        of: Readied::ExternalSecret,
        namespace: "shop".into(),
        name: "db".into(),
        uid: "u1".into(),
        ready: Some(false),
        message: "could not get secret data from provider.".into(),
        since: ago(12),
        is_paused: false,
    };
    let symptom = readiness(&base, &Settings::default()).unwrap();
    let about = About::object(Thing::ExternalSecret, "shop", "db", "u1");
    let seen = "It says: could not get secret data from provider.";
    assert_eq!(symptom, Symptom::new(Condition::ExternalSecret, about, ago(12), seen));
    for (of, condition) in
        [(Readied::Certificate, Condition::Certificate), (Readied::ScaledObject, Condition::KedaNotReady)]
    {
        let symptom = readiness(&Readiness { of, ..base.clone() }, &Settings::default());
        assert_eq!(symptom.map(|symptom| symptom.condition), Some(condition));
    }
    for none in [
        Readiness { ready: Some(true), ..base.clone() },
        Readiness { ready: None, ..base.clone() },
        Readiness { is_paused: true, ..base },
    ] {
        assert_eq!(readiness(&none, &Settings::default()), None);
    }
}

#[test]
fn an_autoscaler_is_at_its_maximum_where_it_says_that_it_would_make_more() {
    let base = Scaler {
        namespace: "shop".into(),
        name: "pay".into(),
        uid: "u1".into(),
        current: 10,
        most: 10,
        least: 2,
        held_back: Some(ago(20)),
        ..Scaler::default()
    };
    let symptom = scaler(&base, &Settings::default()).unwrap();
    let seen = "It has 10 pods, may have 10, and would make more.";
    let about = About::object(Thing::Autoscaler, "shop", "pay", "u1");
    assert_eq!(symptom, Symptom::new(Condition::HpaMaxed, about, ago(20), seen));
    let keda = Scaler { keda: Some(("queue".into(), "k1".into())), ..base.clone() };
    let about = About::object(Thing::ScaledObject, "shop", "queue", "k1");
    let expected = Symptom::new(Condition::KedaMaxed, about, ago(20), seen);
    assert_eq!(scaler(&keda, &Settings::default()), Some(expected));
    for none in [
        Scaler { held_back: None, ..base.clone() },
        Scaler { current: 9, ..base.clone() },
        Scaler { least: 10, ..base },
    ] {
        assert_eq!(scaler(&none, &Settings::default()), None, "{none:?}");
    }
}

#[test]
fn a_budget_blocks_where_too_few_are_healthy_or_none_may_ever_go() {
    let base =
        Guarded { namespace: "shop".into(), name: "pay".into(), uid: "u1".into(), ..Guarded::default() };
    let of = |allowed, expected, healthy, desired| {
        let guarded = Guarded { allowed, expected, healthy, desired, ..base.clone() };
        budget(&guarded, &Settings::default()).map(|symptom| (symptom.condition, symptom.seen))
    };
    let few = "1 of 3 pods are healthy, and 2 have to be.".to_owned();
    assert_eq!(of(0, 3, 1, 2), Some((Condition::BudgetUnhealthy, few)));
    let never = "All 3 pods are healthy, 3 have to be, and none may be moved.".to_owned();
    assert_eq!(of(0, 3, 3, 3), Some((Condition::BudgetBlocks, never)));
    // One is being moved; nothing is there, as where a workload is scaled to zero; one may be moved.
    assert_eq!([of(0, 3, 2, 2), of(0, 0, 0, 0), of(1, 3, 3, 2)], [None, None, None]);
}

#[test]
fn a_quota_and_a_volume_are_full_above_their_threshold() {
    let of = |used, hard| {
        let limit = |resource: &str, used, hard| Used { resource: resource.into(), used, hard };
        let used =
            vec![limit("pods", 1.0, 10.0), limit("requests.cpu", used, hard), limit("services", 0.0, 0.0)];
        let quota = Quota { namespace: "shop".into(), name: "compute".into(), uid: "u1".into(), used };
        super::quota(&quota, &Settings::default()).map(|symptom| (symptom.condition, symptom.seen))
    };
    let said = |percent| format!("{percent} % of requests.cpu are used.");
    assert_eq!(of(9.0, 10.0), None);
    assert_eq!(of(9.1, 10.0), Some((Condition::QuotaAlmostFull, said(91))));
    assert_eq!(of(10.0, 10.0), Some((Condition::QuotaFull, said(100))));
    let of = |used| {
        volume(&Volume { namespace: "shop".into(), claim: "data-0".into(), used }, &Settings::default())
    };
    assert_eq!(of(0.90), None);
    let about = About::object(Thing::Claim, "shop", "data-0", "shop/data-0");
    assert_eq!(of(0.914), Some(Symptom::new(Condition::VolumeFull, about, None, "91 % of it are used.")));
}

#[test]
fn the_api_server_is_down_or_slow_above_two_seconds() {
    let of =
        |probe: Probe| server(&probe, &Settings::default()).map(|symptom| (symptom.condition, symptom.seen));
    assert_eq!(of(Probe::Ready(Duration::from_millis(2_000))), None);
    let slow = "It took 2.1 s to say that it is ready.".to_owned();
    assert_eq!(of(Probe::Ready(Duration::from_millis(2_100))), Some((Condition::ApiSlow, slow)));
    let down = "Asked whether it is ready (/readyz): no answer within 10 s.".to_owned();
    assert_eq!(of(Probe::NotReady("no answer within 10 s".into())), Some((Condition::ApiDown, down)));
}

#[test]
fn quantities_are_read_as_kubernetes_writes_them() {
    for (text, number) in [
        ("0", Some(0.0)),
        ("250m", Some(0.25)),
        ("156340125n", Some(0.156_340_125)),
        ("1536Mi", Some(1_610_612_736.0)),
        ("2Gi", Some(2_147_483_648.0)),
        ("2e3", Some(2_000.0)),
        ("1k", Some(1_000.0)),
        ("", None),
        ("Gi", None),
        ("inf", None),
        ("NaN", None),
        ("1x", None),
    ] {
        assert_eq!(quantity(text), number, "{text}");
    }
}

#[test]
fn what_we_contained_is_no_news_and_a_rollout_only_excuses_what_takes_time() {
    let symptom =
        |condition| Symptom::new(condition, About::object(Thing::Pod, "shop", "pay-1", "u1"), None, "");
    let none = BTreeSet::new();
    let plain = [
        builders::workload(WorkloadKind::ReplicaSet, "pay-7c9"),
        builders::workload(WorkloadKind::Deployment, "pay"),
    ];
    let with = |progress, annotation: Option<&str>| {
        let mut owners = plain.clone();
        owners[1].progress = progress;
        owners[1].annotations =
            annotation.map(|name| (name.to_owned(), "4".to_owned())).into_iter().collect();
        owners
    };
    let rolling = with(Some(Progress::RollingOut), None);
    let scaled = with(None, Some(REPLICAS_ANNOTATION));
    let contained = |uid: &str| BTreeSet::from([uid.to_owned()]);
    for (condition, owners, contained, expected) in [
        (Condition::Pending, &plain, none.clone(), None),
        (Condition::Pending, &rolling, none.clone(), Some(Exempt::RollingOut)),
        (Condition::CrashLoop, &rolling, none.clone(), None),
        (Condition::ImagePull, &rolling, none.clone(), None),
        (Condition::CrashLoop, &scaled, none, Some(Exempt::Contained)),
        (Condition::CrashLoop, &plain, contained("u1"), Some(Exempt::Contained)),
        (Condition::CrashLoop, &plain, contained("uid-pay"), Some(Exempt::Contained)),
        (Condition::CrashLoop, &plain, contained("u2"), None),
    ] {
        assert_eq!(exempt(&symptom(condition), owners, &contained), expected, "{condition:?}");
    }
}

#[test]
fn production_is_what_is_called_so_and_what_is_in_no_namespace() {
    let settings = Settings::default();
    for (namespace, place) in [
        (Some("prod"), Place::Production),
        (Some("prod-eu"), Place::Production),
        (Some("shop-prod"), Place::Production),
        (Some("product"), Place::Elsewhere),
        (Some("shop"), Place::Elsewhere),
        (None, Place::Production),
    ] {
        assert_eq!(settings.place(namespace), place, "{namespace:?}");
    }
    assert_eq!(Condition::CrashLoop.level(Place::Production), Level::Critical);
    assert_eq!(Condition::CrashLoop.level(Place::Elsewhere), Level::Warning);
}
