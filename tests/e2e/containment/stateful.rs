//! A pod of a StatefulSet, whose controller puts back the labels that it names it by.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use watchfire_core::act::QUARANTINE_LABEL;
use watchfire_core::journal::{ActEnd, Outcome};
use watchfire_tests::cluster::Template;
use watchfire_tests::until;

use super::stage::Stage;
use crate::support::SOON;

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

#[tokio::test]
async fn the_controller_puts_back_the_name_that_is_taken_away() {
    let stage = Stage::set("identity").await;
    let pods = stage.cluster.statefulset(&stage.namespace, "db", 1, Template::of(&[("app", "db")])).await;
    let api: Api<Pod> = Api::namespaced(stage.cluster.client(), &stage.namespace);
    let without = json!({"metadata": {"labels": {POD_NAME: null}}});
    api.patch("db-0", &PatchParams::default(), &Patch::Merge(&without)).await.expect("the server takes it");
    until("the label", SOON, async || {
        let pod = stage.cluster.pod(&stage.namespace, "db-0").await?;
        (pod.uid() == pods[0].uid() && pod.labels().get(POD_NAME)? == "db-0").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_pod_with_a_service_of_its_own_is_cut_off_by_policy_and_stays_its_endpoint_as_the_plan_says() {
    let stage = Stage::set("own-service").await;
    let pods = stage.cluster.statefulset(&stage.namespace, "db", 2, Template::of(&[("app", "db")])).await;
    for pod in &pods {
        let name = pod.name_any();
        stage.cluster.service(&stage.namespace, &name, &[(POD_NAME, name.as_str())]).await;
    }
    until("its endpoint", SOON, async || {
        stage.cluster.endpoints(&stage.namespace, "db-0").await.contains("db-0").then_some(())
    })
    .await;
    stage.known(&pods[0]).await;
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    let entry = stage.entry("event-1").await.expect("it was decided");
    let planned =
        entry.decision.effects.first().map(|effect| effect.notice.doing.join("; ")).unwrap_or_default();
    assert!(planned.contains("it stays an endpoint of db-0"), "{planned}");
    let quarantine =
        entry.outcomes.iter().find(|(id, _)| id.as_str() == "quarantine").map(|(_, outcome)| outcome);
    let Some(Outcome::Acted { end: ActEnd::Done, said, .. }) = quarantine else {
        panic!("{:?}", entry.outcomes)
    };
    assert!(said.contains("an endpoint of db-0 still, cut off by policy"), "{said}");
    let pod = stage.cluster.pod(&stage.namespace, "db-0").await.expect("it is there");
    assert_eq!(pod.labels().get(POD_NAME).map(String::as_str), Some("db-0"));
    assert!(pod.uid() == pods[0].uid() && pod.labels().contains_key(QUARANTINE_LABEL));
}
