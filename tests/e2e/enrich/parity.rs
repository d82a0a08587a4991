//! The cache and the look-ups answer alike.

use kube::ResourceExt as _;
use watchfire::cluster::LookUp;
use watchfire_core::context::Query;
use watchfire_tests::cluster::{Cluster, Template};

use super::{DEADLINE, open, status};

#[tokio::test]
async fn look_ups_answer_every_query_as_the_cache_does() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("parity").await;
    let role = format!("arn:aws-us-gov:iam::111122223333:role/{ns}");
    kube.account(&ns, "pay", &[("eks.amazonaws.com/role-arn", &role)]).await;
    let web = kube.deployment(&ns, "web", 2, Template::from([("app", "web")]).account("pay")).await;
    kube.statefulset(&ns, "db", 1, [("app", "db")]).await;
    kube.daemonset(&ns, "agent", Template::from([("app", "agent")]).host_network()).await;
    kube.job(&ns, "once", 1, [("app", "once")]).await;
    let nightly = kube.cronjob(&ns, "nightly", [("app", "nightly")]).await;
    kube.cronjob_run(&ns, &nightly, "nightly-1").await;
    let bare = kube.bare_pod(&ns, "bare", [("app", "bare")]).await;

    let first = status(&web[0]);
    let container = first.container_id.unwrap().split_once("://").unwrap().1.to_owned();
    let node = web[0].spec.as_ref().unwrap().node_name.clone().unwrap();
    let ip = |pod: &k8s_openapi::api::core::v1::Pod| pod.status.as_ref().unwrap().pod_ip.clone().unwrap();
    let named = |name: &str, uid: Option<String>| Query::PodNamed {
        namespace: ns.clone(),
        name: name.to_owned(),
        uid,
    };
    let of = |kind: &str, name: &str| Query::PodsOf {
        kind: kind.to_owned(),
        namespace: ns.clone(),
        name: name.to_owned(),
        uid: None,
    };
    let set = web[0].owner_references()[0].name.clone();
    let session =
        |pod: &str| Query::Session(format!("eks-payments-{pod}-0d5c9a1e-2f3b-4c4d-8e5f-6a7b8c9d0e1f"));
    let queries = [
        named("bare", bare.uid()),
        named("bare", Some("another".to_owned())),
        named("bare", None),
        named("nobody", None),
        of("deployments", "web"),
        of("replicasets", &set),
        of("statefulsets", "db"),
        of("daemonsets", "agent"),
        of("jobs", "once"),
        of("cronjobs", "nightly"),
        of("deployments", "nobody"),
        of("rollouts", "web"),
        Query::Container(container),
        Query::Container("nobody".to_owned()),
        Query::Address(ip(&bare)),
        Query::Address("192.0.2.1".to_owned()),
        Query::Instance(node.clone()),
        Query::Instance("i-00000000000000000".to_owned()),
        Query::ServiceAccount { namespace: ns.clone(), name: "pay".to_owned() },
        Query::NodeNamed(node),
        Query::NodeNamed("nobody".to_owned()),
        Query::Role(ns.clone()),
        Query::Role("nobody".to_owned()),
        session(&web[0].name_any()),
        session("nobody"),
        Query::Digest("sha256:00".to_owned()),
    ];
    let watching = open(&kube, LookUp::Watch).await;
    let asking = open(&kube, LookUp::Each).await;
    for query in queries {
        watchfire_tests::until(&format!("the same answer to {query:?}"), DEADLINE * 5, async || {
            let cached = watching.cluster.answer(&query, DEADLINE).await.unwrap();
            let asked = asking.cluster.answer(&query, DEADLINE).await.unwrap();
            (cached == asked).then_some(())
        })
        .await;
    }
}
