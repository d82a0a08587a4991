//! What the API server is asked, and what not.

use kube::ResourceExt as _;
use serde_json::Value;
use watchfire::cluster::LookUp;
use watchfire_tests::cluster::{Cluster, SOON, Template};
use watchfire_tests::{GuardDuty, until};

use super::{of_pod, open};
use crate::containment::stage::Stage;

/// What was read of that namespace, in the order of the alphabet, without what is followed all the time.
fn read(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let calls = cluster.proxy().calls();
    let of_it = format!("/namespaces/{namespace}/");
    let mut read: Vec<_> = calls
        .iter()
        .filter(|call| call.path.contains(&of_it) && !call.query.contains("watch="))
        .map(|call| format!("{} {}", call.method, call.path.split(&of_it).last().unwrap_or_default()))
        .collect();
    read.sort();
    read
}

#[tokio::test]
async fn what_nobody_is_told_of_asks_nothing_and_a_page_is_told_with_what_surrounds_its_pod() {
    let stage = Stage::set("asking").await;
    let pods = stage.cluster.deployment(&stage.namespace, "web", 2, Template::from([("app", "web")])).await;
    stage.cluster.service(&stage.namespace, "web", &[("app", "web")]).await;
    stage.known(&pods[0]).await;
    until("all is seen", SOON, async || stage.router.responder().unwrap().cluster.is_synced().then_some(()))
        .await;
    let finding = |severity: f64, kind: &str, event: &str| -> Value {
        GuardDuty::of(kind, severity, &pods[0].name_any())
            .in_namespace(&stage.namespace, &pods[0].uid().unwrap())
            .event(event)
    };
    stage.cluster.proxy().clear();
    stage.handle(&finding(2.0, "Execution:Runtime/SuspiciousShellCreated", "low")).await;
    assert_eq!(read(&stage.cluster, &stage.namespace), [""; 0]);
    let low = stage.entry("low").await.unwrap().decision;
    assert_eq!(low.verdict.as_str(), "digest");
    assert_eq!(low.face.unwrap().subject.node, pods[0].spec.as_ref().unwrap().node_name);

    stage.handle(&finding(8.0, "Execution:Runtime/SuspiciousTool", "high")).await;
    let asked = read(&stage.cluster, &stage.namespace);
    assert!(asked.contains(&"GET services".to_owned()), "{asked:?}");
    let page = crate::support::triggers(&stage.pagerduty).remove(0);
    assert!(page.to_string().contains("web"), "{page}");

    // The same again is no news: nothing is asked for it.
    stage.cluster.proxy().clear();
    stage.handle(&finding(8.0, "Execution:Runtime/SuspiciousTool", "again")).await;
    assert_eq!(stage.entry("again").await.unwrap().decision.verdict.as_str(), "quiet");
    assert_eq!(read(&stage.cluster, &stage.namespace), [""; 0]);
}

#[tokio::test]
async fn findings_of_one_namespace_within_seconds_are_told_by_one_look_at_it() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("shared").await;
    let pods = kube.deployment(&ns, "web", 2, Template::from([("app", "web")])).await;
    kube.service(&ns, "web", &[("app", "web")]).await;
    let ours = open(&kube, LookUp::Watch).await;
    kube.proxy().clear();
    let (one, other) = tokio::join!(ours.context(of_pod(&pods[0])), ours.context(of_pod(&pods[1])));
    for context in [one, other] {
        let services = context.details.unwrap().services.get().cloned().unwrap();
        assert_eq!(services.into_iter().map(|service| service.name).collect::<Vec<_>>(), ["web"]);
    }
    let asked = read(&kube, &ns);
    let lists = ["services", "poddisruptionbudgets", "horizontalpodautoscalers"];
    let times = |list: &str| asked.iter().filter(|call| **call == format!("GET {list}")).count();
    assert_eq!(lists.map(times), [1; 3], "{asked:?}");
    // What is said of each pod is each one's own, and what one may just have installed is looked for again.
    assert_eq!(["events", "networkpolicies"].map(times), [2; 2], "{asked:?}");
}
