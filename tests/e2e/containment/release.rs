//! Undoing: after a release the objects are as before, but for our annotations.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{Api, ResourceExt as _};
use serde_json::json;
use watchfire::responder::Named;
use watchfire_core::act::QUARANTINE_LABEL;
use watchfire_core::action::ActionName;
use watchfire_core::command::CommandKind;
use watchfire_core::ids::IncidentKey;
use watchfire_tests::cluster::Template;

use super::approvals::command;
use super::stage::Stage;

/// Everything of a pod that a quarantine touches.
fn touched(pod: &Pod) -> (BTreeMap<String, String>, BTreeMap<String, String>, Vec<String>) {
    let owners = pod.owner_references().iter().map(|owner| owner.uid.clone()).collect();
    (pod.labels().clone(), pod.annotations().clone(), owners)
}

impl Stage {
    async fn incident(&self, event: &str) -> IncidentKey {
        let entry = self.entry(event).await.expect("it was decided");
        entry.decision.incident.expect("it has an incident")
    }

    async fn now(&self, pod: &Pod) -> Pod {
        self.cluster.pod(&self.namespace, &pod.name_any()).await.expect("it is there")
    }

    async fn release(&self, id: &str, incident: IncidentKey) -> Vec<String> {
        let entry =
            self.router.command(&command(id, CommandKind::Release(incident)), None).await.unwrap().entry;
        assert_eq!(entry.pending_ids().count(), 0, "{entry:?}");
        entry.outcomes.values().map(|outcome| format!("{outcome:?}")).collect()
    }
}

#[tokio::test]
async fn a_bare_pod_is_as_it_was_and_in_its_service_again() {
    let stage = Stage::set("release").await;
    let template = Template::of(&[("app", "pay"), ("tier", "web")]).annotation("team", "pay");
    stage.cluster.service(&stage.namespace, "svc", &[("app", "pay")]).await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", template).await;
    stage.known(&suspect).await;
    stage.handle(&stage.miner(&suspect, "event-1")).await;
    let held = stage.now(&suspect).await;
    assert!(held.labels().contains_key(QUARANTINE_LABEL) && !held.labels().contains_key("app"));

    let outcomes = stage.release("release", stage.incident("event-1").await).await;
    assert!(outcomes.iter().all(|outcome| outcome.contains("end: Done")), "{outcomes:?}");
    let released = stage.now(&suspect).await;
    assert_eq!(touched(&released), touched(&suspect));
    let policies: Api<NetworkPolicy> = Api::namespaced(stage.cluster.client(), &stage.namespace);
    let left: Vec<_> =
        policies.list(&Default::default()).await.unwrap().iter().map(|p| p.name_any()).collect();
    assert_eq!(left, Vec::<String>::new(), "the policy that was installed for it is gone");
    watchfire_tests::until("its Service routes to it again", crate::support::SOON, async || {
        stage.cluster.endpoints(&stage.namespace, "svc").await.contains("pay").then_some(())
    })
    .await;
    let again = command("again", CommandKind::Release(stage.incident("event-1").await));
    let again = stage.router.command(&again, None).await.unwrap().entry.decision.withheld;
    assert_eq!(again[0].reason.to_string(), "nothing is held on its account that can be undone");
}

#[tokio::test]
async fn a_job_runs_again() {
    let stage = Stage::set("release-job").await;
    let pods = stage.cluster.job(&stage.namespace, "batch", 1, Template::of(&[("app", "batch")])).await;
    stage.known(&pods[0]).await;
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    let jobs: Api<k8s_openapi::api::batch::v1::Job> =
        Api::namespaced(stage.cluster.client(), &stage.namespace);
    let suspended = async || jobs.get("batch").await.unwrap().spec.and_then(|spec| spec.suspend);
    assert_eq!(suspended().await, Some(true));
    stage.release("release", stage.incident("event-1").await).await;
    assert_ne!(suspended().await, Some(true));
}

#[tokio::test]
async fn a_workload_has_its_replicas_again() {
    let stage = Stage::set("release-scale").await;
    let pods = stage.cluster.deployment(&stage.namespace, "pay", 3, Template::of(&[("app", "pay")])).await;
    let named = Named::Pod { namespace: stage.namespace.clone(), name: pods[0].name_any() };
    let scale = command("scale", CommandKind::Act(ActionName::ScaleToZero));
    let entry = stage.router.command(&scale, Some(&named)).await.unwrap().entry;
    let deployments: Api<Deployment> = Api::namespaced(stage.cluster.client(), &stage.namespace);
    let replicas = async || deployments.get("pay").await.unwrap().spec.and_then(|spec| spec.replicas);
    assert_eq!(replicas().await, Some(0), "{:?}", entry.outcomes);
    let incident = entry.decision.incident.expect("by hand is an incident, too");
    stage.release("release", incident).await;
    assert_eq!(replicas().await, Some(3));
}

#[tokio::test]
async fn a_quarantine_with_an_end_ends_on_a_tick() {
    let stage =
        Stage::set_with("ttl", |configuration| configuration.set("mitigation.quarantine_minutes", json!(60)))
            .await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    stage.known(&suspect).await;
    stage.handle(&stage.miner(&suspect, "event-1")).await;
    assert!(stage.now(&suspect).await.labels().contains_key(QUARANTINE_LABEL));
    let keep = SignedDuration::from_hours(24);
    stage.clock.advance(SignedDuration::from_mins(59));
    stage.router.tick(stage.clock.now(), keep).await.unwrap();
    assert!(stage.now(&suspect).await.labels().contains_key(QUARANTINE_LABEL));
    stage.clock.advance(SignedDuration::from_mins(1));
    stage.router.tick(stage.clock.now(), keep).await.unwrap();
    assert_eq!(touched(&stage.now(&suspect).await), touched(&suspect));
}

/// What the release said of whether the pod goes on.
async fn said_of(stage: &Stage, suspect: &Pod) -> String {
    stage.known(suspect).await;
    stage.handle(&stage.miner(suspect, "event-1")).await;
    stage.clock.advance(SignedDuration::from_secs(10));
    stage.router.tick(stage.clock.now(), SignedDuration::from_hours(24)).await.unwrap();
    stage.release("release", stage.incident("event-1").await).await.join("\n")
}

#[tokio::test]
async fn of_a_pod_whose_workload_was_restarted_it_is_said_that_its_replica_set_ends_it() {
    let stage = Stage::set("taken-back").await;
    let pods = stage.cluster.deployment(&stage.namespace, "pay", 3, Template::of(&[("app", "pay")])).await;
    let said = said_of(&stage, &pods[0]).await;
    // Whether it was still there to be asked whose it is, depends on the moment.
    let ways = ["does not go on: the ReplicaSet pay-", "does not go on: it has ended since"];
    assert!(ways.iter().any(|way| said.contains(way)), "{said}");
}

#[tokio::test]
async fn of_a_pod_that_nobody_takes_back_it_is_said_that_it_is_released() {
    let stage = Stage::set("goes-on").await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    let said = said_of(&stage, &suspect).await;
    assert!(said.contains("step: VerifyReleased, result: Done, note: \"\""), "{said}");
}
