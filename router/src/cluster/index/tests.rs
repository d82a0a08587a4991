//! Promises about the index.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use jiff::SignedDuration;
use watchfire_core::builders;
use watchfire_core::context::{Node, Owner, Pod, PodContainer, Query, Workload, WorkloadKind};

use super::Index;
use crate::clock::Clock;

fn owner(kind: &str, name: &str) -> Owner {
    Owner { uid: format!("{kind}-{name}"), ..builders::owner(kind, name) }
}

fn workload(kind: WorkloadKind, name: &str, owner: Option<Owner>) -> Workload {
    let uid = format!("{}-{name}", kind.as_str());
    Workload { uid, owner, ..builders::workload(kind, name) }
}

fn pod(name: &str) -> Pod {
    let mut pod = Pod {
        ips: vec![format!("10.0.0.{}", name.len())],
        node: Some("n1".into()),
        owner: Some(owner("ReplicaSet", "pay-7c9")),
        service_account: "pay".into(),
        ..builders::pod(name, "app", "reg/pay:1")
    };
    pod.containers = vec![PodContainer {
        digest: Some("sha256:aa".into()),
        id: Some(format!("id-{name}")),
        previous_id: Some(format!("old-{name}")),
        restarts: 1,
        ..pod.containers.remove(0)
    }];
    pod
}

fn index() -> (Index, Clock) {
    let clock = Clock::at("2026-11-25T10:00:00Z".parse().unwrap());
    let index = Index::new(clock.clone());
    index.put_node(Node {
        name: "n1".into(),
        uid: "uid-n1".into(),
        instance: Some("i-0a".into()),
        ..Node::default()
    });
    index.put_workload(workload(WorkloadKind::Deployment, "pay", None));
    index.put_workload(workload(WorkloadKind::ReplicaSet, "pay-7c9", Some(owner("Deployment", "pay"))));
    index.put_role("uid-sa", "shop/pay".into(), Some("arn:aws-us-gov:iam::111122223333:role/pay".into()));
    for name in ["a", "bb"] {
        index.put_pod(pod(name));
    }
    (index, clock)
}

/// The names of the pods or nodes, the workload's UID and the count.
fn names(index: &Index, query: &Query) -> (Vec<String>, Option<String>, usize) {
    let found = index.answer(query, "prod");
    let pods = found.answer.pods.iter().map(|pod| pod.name.clone());
    let nodes = found.answer.nodes.iter().map(|node| node.name.clone());
    (pods.chain(nodes).collect(), found.answer.workload_uid, found.count)
}

#[test]
fn a_pod_is_found_by_everything_that_a_finding_may_say() {
    let (index, _) = index();
    let text = str::to_owned;
    let named = |uid: Option<&str>| Query::PodNamed {
        namespace: "shop".into(),
        name: "a".into(),
        uid: uid.map(str::to_owned),
    };
    let of = |kind: &str, name: &str| Query::PodsOf {
        kind: kind.into(),
        namespace: "shop".into(),
        name: name.into(),
        uid: None,
    };
    let both = || vec!["a".to_owned(), "bb".to_owned()];
    let one = || vec!["a".to_owned()];
    let session = |pod: &str| Query::Session(format!("eks-prod-{pod}-0d5c9a1e-2f3b-4c4d-8e5f-6a7b8c9d0e1f"));
    let account = Query::ServiceAccount { namespace: "shop".into(), name: "pay".into() };
    let cases = [
        (named(None), (one(), None, 1)),
        (named(Some("uid-a")), (one(), None, 1)),
        (named(Some("another")), (one(), None, 1)),
        (of("deployments", "pay"), (both(), Some(text("Deployment-pay")), 2)),
        (of("replicasets", "pay-7c9"), (both(), Some(text("ReplicaSet-pay-7c9")), 2)),
        (of("statefulsets", "pay"), (vec![], None, 0)),
        (Query::Container(text("id-a")), (one(), None, 1)),
        (Query::Container(text("old-a")), (one(), None, 1)),
        (Query::Address(text("10.0.0.1")), (vec![text("a"), text("n1")], None, 1)),
        (Query::Instance(text("i-0a")), (vec![text("n1")], None, 0)),
        (Query::NodeNamed(text("n1")), (vec![text("n1")], None, 0)),
        (account, (both(), None, 2)),
        (Query::Role(text("pay")), (both(), None, 2)),
        (Query::Role(text("ay")), (vec![], None, 0)),
        (session("a"), (one(), None, 1)),
        (session("b"), (vec![text("bb")], None, 1)),
        (Query::Digest(text("sha256:aa")), (both(), None, 2)),
    ];
    for (query, expected) in cases {
        assert_eq!(names(&index, &query), expected, "{query:?}");
    }
}

#[test]
fn a_pod_that_is_gone_is_found_for_fifteen_minutes_with_its_workload() {
    let (index, clock) = index();
    clock.advance(SignedDuration::from_mins(1));
    index.pod_gone("uid-a");
    index.only_pods(&HashSet::new());
    index.only_workloads("Deployment", &HashSet::new());
    index.only_workloads("ReplicaSet", &HashSet::new());
    let query =
        Query::PodsOf { kind: "deployments".into(), namespace: "shop".into(), name: "pay".into(), uid: None };
    clock.advance(SignedDuration::from_mins(14));
    let gone: Vec<_> = index.answer(&query, "prod").answer.pods.iter().map(|pod| pod.gone_at).collect();
    let at = Some("2026-11-25T10:01:00Z".parse().unwrap());
    assert_eq!((gone, index.pods(), index.workloads()), (vec![at, at], 0, 0));
    clock.advance(SignedDuration::from_mins(1));
    assert_eq!(index.answer(&query, "prod").count, 0);
}

#[test]
fn a_pod_of_the_host_network_is_not_found_by_the_nodes_address() {
    let (index, _) = index();
    let mut host = pod("ccc");
    host.host.network = true;
    index.put_pod(host);
    assert_eq!(index.answer(&Query::Address("10.0.0.3".into()), "prod").count, 0);
}

#[test]
fn of_many_pods_fifty_are_copied_and_all_are_counted() {
    let (index, _) = index();
    for number in 0..100 {
        index.put_pod(pod(&format!("more-{number}")));
    }
    let found = index.answer(&Query::Digest("sha256:aa".into()), "prod");
    assert_eq!((found.answer.pods.len(), found.count), (50, 102));
}

#[test]
fn others_on_the_node_and_of_the_image_are_named() {
    let (index, _) = index();
    index.put_route("slice", "shop/pay".into(), vec!["uid-a".into()]);
    let on_node: Vec<_> = index.on_node("n1").into_iter().map(|pod| pod.name).collect();
    assert_eq!(on_node, ["a", "bb"]);
    assert_eq!(index.same_image(&pod("a")), ["shop/bb"]);
    assert_eq!(index.role("shop", "pay").as_deref(), Some("arn:aws-us-gov:iam::111122223333:role/pay"));
    assert_eq!(
        (index.routed_to(&pod("a")), index.routed_to(&pod("bb"))),
        (vec!["shop/pay".to_owned()], vec![])
    );
}
