//! Approve, deny, by hand, switched off: what a human says, once, in time, for exactly that plan.

use jiff::SignedDuration;
use kube::ResourceExt as _;
use serde_json::json;
use watchfire::responder::Named;
use watchfire::router::Sight;
use watchfire_core::act::{QUARANTINE_LABEL, StepResult};
use watchfire_core::action::ActionName;
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::decision::Decision;
use watchfire_core::ids::{ApprovalId, EventId};
use watchfire_tests::cluster::Template;
use watchfire_tests::until;

use super::stage::Stage;
use crate::support::{SOON, triggers};

pub(crate) fn command(id: &str, wish: CommandKind) -> Command {
    Command {
        id: EventId::new(id),
        by: "sam".to_owned(),
        reason: "drill".to_owned(),
        via: None,
        episode: None,
        plan: None,
        caller: None,
        from: None,
        wish,
    }
}

/// Why each withheld action is withheld.
fn withheld(decision: &Decision) -> Vec<String> {
    decision.withheld.iter().map(ToString::to_string).collect()
}

impl Stage {
    async fn asking() -> (Self, k8s_openapi::api::core::v1::Pod, ApprovalId) {
        let stage =
            Self::set_with("approve", |configuration| configuration.set("mitigation.mode", json!("approve")))
                .await;
        let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
        stage.known(&suspect).await;
        stage.handle(&stage.miner(&suspect, "event-1")).await;
        let approvals = stage.router.approvals().await.unwrap();
        let quarantine = approvals.into_iter().find(|(_, record)| record.act.action.as_str() == "quarantine");
        (stage, suspect, ApprovalId::new(quarantine.expect("a plan waits").0))
    }

    pub(crate) async fn is_held(&self, pod: &k8s_openapi::api::core::v1::Pod) -> bool {
        let pod = self.cluster.pod(&self.namespace, &pod.name_any()).await;
        pod.is_some_and(|pod| pod.labels().contains_key(QUARANTINE_LABEL))
    }

    async fn says(&self, id: &str, wish: CommandKind) -> Decision {
        self.router.command(&command(id, wish), None).await.expect("the store answers").entry.decision
    }
}

#[tokio::test]
async fn a_plan_is_carried_out_once_it_is_approved_and_only_once() {
    let (stage, suspect, id) = Stage::asking().await;
    assert!(!stage.is_held(&suspect).await);
    let page = triggers(&stage.pagerduty).remove(0);
    let not_done = page["payload"]["custom_details"]["not_done"].as_str().unwrap().to_owned();
    assert!(not_done.contains(&format!("watchfire approve {id}")), "{not_done}");

    let decision = stage.says("first", CommandKind::Approve(id.clone())).await;
    let acts: Vec<_> =
        decision.acts.iter().map(|act| (act.id.as_str(), act.approved_by.as_deref())).collect();
    assert_eq!(acts, [("evidence", Some("sam")), ("quarantine", Some("sam"))]);
    assert!(stage.is_held(&suspect).await);
    // What came of it is told in the words of the page that asked, and what is new before them.
    let pages = stage.pages(2).await;
    let summary = |page: &serde_json::Value| page["payload"]["summary"].as_str().unwrap().to_owned();
    let asked = summary(&page);
    let expected = [asked.clone(), asked.replace("[P0] ", "[P0] Contained: ")];
    assert_eq!(pages.iter().map(summary).collect::<Vec<_>>(), expected);

    let again = stage.says("second", CommandKind::Approve(id)).await;
    assert_eq!(withheld(&again), ["approve: it was approved by sam at 2026-11-20 12:00 UTC"]);
}

#[tokio::test]
async fn what_stands_for_an_incident_stands_for_its_only_plan_that_waits() {
    let (stage, suspect, id) = Stage::asking().await;
    let incident =
        stage.router.story("event-1", Sight::Whole).await.unwrap().one().expect("it is known").incident;
    let meant = async |name: &str| {
        stage.router.whole(CommandKind::Approve(ApprovalId::new(name)), Sight::Whole).await.unwrap()
    };
    let (whole, short) = (incident.as_str(), &incident.as_str()["wf1-".len()..][..8]);
    for name in [whole, short, "event-1", "event-", id.as_str(), &id.as_str()[..8]] {
        assert_eq!(meant(name).await, Ok(CommandKind::Approve(id.clone())), "{name}");
    }
    let deny = stage.router.whole(CommandKind::Deny(ApprovalId::new("event-1")), Sight::Whole).await.unwrap();
    assert_eq!(deny, Ok(CommandKind::Deny(id.clone())));
    assert_eq!(meant("nobody's").await, Ok(CommandKind::Approve(ApprovalId::new("nobody's"))));

    stage.says("first", CommandKind::Approve(id)).await;
    assert!(stage.is_held(&suspect).await);
    let unclear = meant("event-1").await.unwrap_err();
    let expected = format!("nothing of incident {incident} waits for an approval; see watchfire approvals");
    assert_eq!((unclear.to_string(), unclear.candidates()), (expected, Vec::new()));
}

/// How the incident of that event stands, in lines, and what is said of each action that it did not do.
async fn stands(stage: &Stage, event: &str) -> (Vec<String>, Vec<(String, Option<String>)>) {
    let story = stage.router.story(event, Sight::Whole).await.unwrap().one().expect("it is known");
    let decision =
        story.entries.iter().find(|entry| entry.decision.event.is_named(event)).expect("it is in it");
    let decision = &decision.decision;
    let not_done = |withheld| story.standing.not_done(decision, withheld);
    let not_done = decision.withheld.iter().map(not_done);
    (story.standing.lines(), not_done.map(|it| (it.action, it.since)).collect())
}

#[tokio::test]
async fn what_is_said_of_a_plan_is_what_has_become_of_it() {
    let (stage, suspect, id) = Stage::asking().await;
    let pod = format!("pod {}/{}", stage.namespace, suspect.name_any());
    let (lines, not_done) = stands(&stage, "event-1").await;
    let waits =
        format!("quarantine of {pod} waits for approval until 2026-11-20 12:30 UTC: watchfire approve {id}");
    assert_eq!(lines.iter().filter(|line| **line == waits).count(), 1, "{lines:#?}");
    let quarantine = |not_done: &[(String, Option<String>)]| {
        not_done.iter().find(|(action, _)| action == "quarantine").map(|(_, since)| since.clone())
    };
    assert_eq!(quarantine(&not_done), Some(None));

    stage.says("first", CommandKind::Approve(id.clone())).await;
    stage.pages(2).await;
    let done = format!("{pod} quarantined since 2026-11-20 12:00 UTC, by sam");
    let (lines, not_done) = stands(&stage, "event-1").await;
    assert!(lines.contains(&done), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("waits for approval") && line.contains("quarantine")));
    let approved = format!("approved by sam at 2026-11-20 12:00 UTC: drill; {done}");
    assert_eq!(quarantine(&not_done), Some(Some(approved)));

    let incident =
        stage.router.story("event-1", Sight::Whole).await.unwrap().one().expect("it is known").incident;
    stage.clock.advance(SignedDuration::from_mins(5));
    stage.says("free", CommandKind::Release(incident)).await;
    let (lines, _) = stands(&stage, "event-1").await;
    let released = format!("{pod} released at 2026-11-20 12:05 UTC, by sam");
    assert!(lines.contains(&released), "{lines:#?}");
}

#[tokio::test]
async fn a_plan_that_nobody_approved_is_said_to_be_over() {
    let (stage, _, id) = Stage::asking().await;
    stage.clock.advance(SignedDuration::from_mins(31));
    let (lines, _) = stands(&stage, "event-1").await;
    let over = "not contained: nobody approved quarantine before 2026-11-20 12:30 UTC";
    assert!(lines.iter().any(|line| line == over), "{lines:#?}");
    let (other, _, id_of_other) = Stage::asking().await;
    assert_ne!(id, id_of_other, "each has its own");
    other.says("no", CommandKind::Deny(id_of_other)).await;
    let (lines, _) = stands(&other, "event-1").await;
    let denied = "not contained: sam denied quarantine at 2026-11-20 12:00 UTC";
    assert!(lines.iter().any(|line| line == denied), "{lines:#?}");
}

#[tokio::test]
async fn a_plan_that_is_denied_stays_undone() {
    let (stage, suspect, id) = Stage::asking().await;
    stage.says("no", CommandKind::Deny(id.clone())).await;
    let late = stage.says("yes", CommandKind::Approve(id)).await;
    assert_eq!(withheld(&late), ["approve: it was denied by sam at 2026-11-20 12:00 UTC"]);
    assert!(!stage.is_held(&suspect).await);
}

#[tokio::test]
async fn a_plan_can_be_approved_until_its_time_is_over() {
    let (stage, suspect, id) = Stage::asking().await;
    stage.clock.advance(SignedDuration::from_mins(31));
    let late = stage.says("late", CommandKind::Approve(id)).await;
    assert_eq!(withheld(&late), ["approve: its time was over at 2026-11-20 12:30 UTC"]);
    assert!(!stage.is_held(&suspect).await);
}

#[tokio::test]
async fn nothing_is_approved_while_mitigation_is_switched_off() {
    let (stage, suspect, id) = Stage::asking().await;
    stage.says("off", CommandKind::SwitchOff).await;
    let declined = stage.says("yes", CommandKind::Approve(id.clone())).await;
    assert_eq!(withheld(&declined), ["quarantine: mitigation was switched off by sam: drill"]);
    stage.says("on", CommandKind::SwitchOn).await;
    stage.says("again", CommandKind::Approve(id)).await;
    assert!(stage.is_held(&suspect).await);
}

#[tokio::test]
async fn an_approval_is_for_that_pod_and_not_for_another_of_its_name() {
    let (stage, suspect, id) = Stage::asking().await;
    let pods: kube::Api<k8s_openapi::api::core::v1::Pod> =
        kube::Api::namespaced(stage.cluster.client(), &stage.namespace);
    let now = kube::api::DeleteParams { grace_period_seconds: Some(0), ..Default::default() };
    pods.delete(&suspect.name_any(), &now).await.unwrap();
    until("its end", SOON, async || {
        stage.cluster.pod(&stage.namespace, &suspect.name_any()).await.is_none().then_some(())
    })
    .await;
    let other = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    assert_ne!(other.uid(), suspect.uid());
    let decision = stage.says("yes", CommandKind::Approve(id)).await;
    assert_eq!((decision.acts.len(), decision.withheld.len()), (0, 1), "{decision:?}");
    assert!(!stage.is_held(&other).await);
}

#[tokio::test]
async fn by_hand_a_pod_is_quarantined_as_by_a_rule_and_a_dry_run_touches_nothing() {
    let stage = Stage::set("by-hand").await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    let named = Named::Pod { namespace: stage.namespace.clone(), name: suspect.name_any() };
    let before = stage.cluster.pod(&stage.namespace, "pay").await.unwrap();
    stage.cluster.proxy().clear();

    let rehearsal = stage
        .router
        .rehearse(&command("dry", CommandKind::Act(ActionName::Quarantine)), Some(&named))
        .await
        .unwrap();
    let results: Vec<_> =
        rehearsal.acts.iter().flat_map(|(_, steps)| steps).map(|step| step.result).collect();
    assert!(!results.is_empty() && !results.contains(&StepResult::Failed), "{:?}", rehearsal.acts);
    assert!(stage.cluster.proxy().calls().iter().filter(|call| call.writes()).all(|call| call.is_dry()));
    let after = stage.cluster.pod(&stage.namespace, "pay").await.unwrap();
    assert_eq!(after.metadata, before.metadata, "a rehearsal changes nothing");

    let command = command("hand", CommandKind::Act(ActionName::Quarantine));
    let entry = stage.router.command(&command, Some(&named)).await.unwrap().entry;
    assert_eq!(entry.pending_acts().count(), 0);
    assert!(stage.is_held(&suspect).await);
    let page = stage.pages(1).await.remove(0);
    assert!(page["payload"].to_string().contains("by hand, by sam: drill"), "{page}");
}

#[tokio::test]
async fn a_second_finding_about_a_contained_pod_adds_to_the_incident_and_does_nothing_twice() {
    let stage = Stage::set("twice").await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    stage.known(&suspect).await;
    stage.handle(&stage.miner(&suspect, "first")).await;
    assert!(stage.is_held(&suspect).await);
    stage.cluster.proxy().clear();
    let mut second = stage.finding("Impact:Runtime/CryptoMinerExecuted", &suspect, "second");
    second["detail"]["id"] = json!("another-finding");
    let arn = second["detail"]["arn"].as_str().unwrap().replace("finding/", "finding/another");
    second["detail"]["arn"] = json!(arn);
    stage.handle(&second).await;
    let entry = stage.entry("second").await.expect("it was decided");
    assert_eq!((entry.decision.why.as_str(), entry.decision.acts.len()), ("joined", 0));
    assert_eq!(stage.cluster.proxy().writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_workload_of_several_pods_is_scaled_once_that_is_approved() {
    let stage = Stage::set_with("approve-scale", |configuration| {
        configuration.set("mitigation.actions", json!({"scale-to-zero": "approve"}))
    })
    .await;
    if stage.cluster.fake().is_none() {
        println!("skipped: it switches network policies off, for everyone on a shared cluster");
        return;
    }
    stage.cluster.enforcement(false).await;
    let pods = stage.cluster.deployment(&stage.namespace, "pay", 3, Template::of(&[("app", "pay")])).await;
    stage.known(&pods[0]).await;
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    let (id, record) = stage.router.approvals().await.unwrap().remove(0);
    assert_eq!(record.act.action.as_str(), "scale-to-zero");
    let decision = stage.says("yes", CommandKind::Approve(ApprovalId::new(id))).await;
    assert_eq!(withheld(&decision), Vec::<String>::new());
    let deployments: kube::Api<k8s_openapi::api::apps::v1::Deployment> =
        kube::Api::namespaced(stage.cluster.client(), &stage.namespace);
    let replicas = deployments.get("pay").await.unwrap().spec.and_then(|spec| spec.replicas);
    assert_eq!(replicas, Some(0));
}
