//! What whoever holds a workload, or writes a finding about something else, tries: nobody innocent is contained, and who
//! is to be contained is.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams};
use serde_json::{Value, json};
use watchfire_core::act::{QUARANTINE_LABEL, StepName, StepResult};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::ApprovalId;
use watchfire_core::journal::Outcome;
use watchfire_tests::cluster::Template;
use watchfire_tests::until;

use super::approvals::command;
use super::stage::Stage;
use crate::support::SOON;

const APP: [(&str, &str); 1] = [("app", "pay")];

impl Stage {
    /// A miner, about another resource, whose near address is that pod's; a moment from now, so that the pod had it.
    fn elsewhere(&self, pod: &Pod, event: &str, resource: Value) -> Value {
        let mut finding = self.miner(pod, event);
        let address = pod.status.as_ref().and_then(|status| status.pod_ip.clone());
        let seen = (Timestamp::now() + SignedDuration::from_mins(1)).to_string();
        let detail = &mut finding["detail"];
        (detail["id"], detail["arn"]) = (json!(event), Value::Null);
        detail["resource"] = resource;
        detail["service"]["eventLastSeen"] = json!(seen);
        detail["service"]["action"] = json!({"actionType": "NETWORK_CONNECTION",
            "networkConnectionAction": {"localIpDetails": {"ipAddressV4": address}}});
        finding
    }

    async fn label(&self, pod: &Pod) -> Option<String> {
        let pod = self.cluster.pod(&self.namespace, &pod.name_any()).await?;
        pod.labels().get(QUARANTINE_LABEL).cloned()
    }

    async fn waiting(&self) -> Vec<(String, String)> {
        let approvals = self.router.approvals().await.expect("the store answers");
        let quarantines =
            approvals.into_iter().filter(|(_, record)| record.act.action.as_str() == "quarantine");
        quarantines.map(|(id, record)| (id, record.because)).collect()
    }

    async fn withheld(&self, event: &str) -> Vec<String> {
        let entry = self.entry(event).await.expect("it was decided");
        entry.decision.withheld.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn a_finding_about_something_else_contains_no_pod_that_has_its_address() {
    let stage = Stage::set("elsewhere").await;
    let innocent = stage.cluster.bare_pod(&stage.namespace, "innocent", Template::of(&APP)).await;
    stage.known(&innocent).await;
    let id = "0123456789abcdef0123456789abcdef";
    let things = [
        json!({"resourceType": "ECSCluster", "ecsClusterDetails": {"name": "c",
            "taskDetails": {"launchType": "FARGATE", "containers": [{"name": "app"}]}}}),
        json!({"resourceType": "Lambda", "lambdaDetails": {"functionName": "f"}}),
        json!({"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": {"dbInstanceIdentifier": "d"}}),
        json!({"resourceType": "S3Bucket", "s3BucketDetails": [{"name": "b"}]}),
        json!({"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0fedcba9876543210"}}),
        json!({"resourceType": "Container", "containerDetails": {"id": id},
            "instanceDetails": {"instanceId": "i-0fedcba9876543210"}}),
    ];
    for (number, thing) in things.into_iter().enumerate() {
        let event = format!("event-{number}");
        stage.handle(&stage.elsewhere(&innocent, &event, thing)).await;
        assert_eq!(stage.withheld(&event).await.len(), 2, "{:?}", stage.withheld(&event).await);
    }
    assert_eq!((stage.label(&innocent).await, stage.waiting().await), (None, vec![]));
    // Without a word of where it was it is a hint, and waits.
    stage.handle(&stage.elsewhere(&innocent, "hint", json!({"resourceType": "Container"}))).await;
    let because = stage.waiting().await.into_iter().map(|(_, because)| because).collect::<Vec<_>>();
    assert_eq!(stage.label(&innocent).await, None);
    assert!(because.len() == 1 && because[0].contains("which proves nothing"), "{because:?}");
}

#[tokio::test]
async fn without_the_clusters_arn_a_container_id_is_a_hint_that_a_human_may_approve() {
    let stage = Stage::set_with("no-arn", |it| it.set("cluster.arn", Value::Null)).await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&APP)).await;
    stage.known(&suspect).await;
    let mut finding = stage.miner(&suspect, "event-1");
    let resource = &mut finding["detail"]["resource"];
    let id = resource["kubernetesDetails"]["kubernetesWorkloadDetails"]["containers"][0]["id"].take();
    *resource = json!({"resourceType": "Container", "containerDetails": {"id": id}});
    stage.handle(&finding).await;
    assert_eq!(stage.label(&suspect).await, None);
    let [(id, because)] = &stage.waiting().await[..] else { panic!("one plan waits") };
    assert!(because.contains("found by container id"), "{because}");
    stage.router.command(&command("yes", CommandKind::Approve(ApprovalId::new(id))), None).await.unwrap();
    assert!(stage.label(&suspect).await.is_some());
}

#[tokio::test]
async fn a_pod_that_is_gone_is_said_to_be_gone_and_the_one_in_its_place_is_not_touched() {
    let stage = Stage::set("gone").await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&APP)).await;
    stage.known(&suspect).await;
    let finding = stage.miner(&suspect, "event-1");
    let pods: Api<Pod> = Api::namespaced(stage.cluster.client(), &stage.namespace);
    let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    pods.delete("pay", &now).await.unwrap();
    until("its end", SOON, async || stage.cluster.pod(&stage.namespace, "pay").await.is_none().then_some(()))
        .await;
    let other = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&APP)).await;
    stage.known(&other).await;
    // The same container as the one that stands there now, the same name, another UID.
    let mut finding = finding;
    let id = stage.miner(&other, "x")["detail"]["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"]
        ["containers"][0]["id"]
        .take();
    finding["detail"]["resource"]["containerDetails"] = json!({"id": id});
    stage.handle(&finding).await;
    assert_eq!((stage.label(&other).await, stage.waiting().await), (None, vec![]));
    let withheld = stage.withheld("event-1").await.join("\n");
    let in_its_place = format!("in its place: {}/pay", stage.namespace);
    assert!(withheld.contains("the pod is gone") && withheld.contains(&in_its_place), "{withheld}");
}

#[tokio::test]
async fn a_quarantine_label_that_is_not_ours_is_overwritten() {
    let stage = Stage::set("labelled").await;
    stage.cluster.service(&stage.namespace, "svc", &APP).await;
    let template = Template::of(&APP).label(QUARANTINE_LABEL, "wf1-done-already");
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", template).await;
    stage.known(&suspect).await;
    stage.handle(&stage.miner(&suspect, "event-1")).await;
    let incident = stage.entry("event-1").await.and_then(|entry| entry.decision.incident).unwrap();
    assert_eq!(stage.label(&suspect).await.as_deref(), Some(incident.as_str()));
    let pod = stage.cluster.pod(&stage.namespace, "pay").await.unwrap();
    assert_eq!(pod.labels().get("app"), None);
}

#[tokio::test]
async fn a_controller_of_a_kind_that_nobody_knows_does_not_save_a_pod() {
    let stage = Stage::set("owned").await;
    let map: k8s_openapi::api::core::v1::ConfigMap =
        stage.cluster.create(&stage.namespace, json!({"metadata": {"name": "mine"}})).await;
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "mine", "uid": map.uid(), "controller": true});
    let mut pod = Template::of(&APP).pod();
    (pod["metadata"]["name"], pod["metadata"]["ownerReferences"]) = (json!("pay"), json!([owner]));
    stage.cluster.create::<Pod>(&stage.namespace, pod).await;
    let suspect = until("the pod", SOON, async || {
        let pod = stage.cluster.pod(&stage.namespace, "pay").await?;
        pod.status.as_ref()?.container_statuses.as_ref()?.first()?.container_id.is_some().then_some(pod)
    })
    .await;
    stage.known(&suspect).await;
    stage.handle(&stage.miner(&suspect, "event-1")).await;
    assert!(stage.label(&suspect).await.is_some(), "{:?}", stage.withheld("event-1").await);
}

#[tokio::test]
async fn a_p0_over_budget_is_asked_about_in_a_page_of_its_own() {
    let one = json!({"containments": 1, "minutes": 10});
    let stage = Stage::set_with("budget", |it| it.set("mitigation.budget", one)).await;
    let bait = stage.cluster.bare_pod(&stage.namespace, "bait", Template::of(&[("app", "bait")])).await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&APP)).await;
    stage.known(&bait).await;
    stage.known(&suspect).await;
    stage.handle(&stage.miner(&bait, "first")).await;
    assert!(stage.label(&bait).await.is_some());
    let before = stage.pages(2).await.len();
    stage.handle(&stage.miner(&suspect, "second")).await;
    let pages = stage.pages(before + 2).await.split_off(before);
    let told = |page: &Value| {
        let summary = page["payload"]["summary"].as_str().unwrap_or_default().to_owned();
        (summary.contains("To be approved: quarantine"), page["dedup_key"].clone())
    };
    let told: Vec<_> = pages.iter().map(told).collect();
    let asking = told.iter().filter(|(asks, _)| *asks).collect::<Vec<_>>();
    assert_eq!(asking.len(), 1, "{pages:?}");
    assert!(told.iter().any(|(asks, key)| !asks && *key != asking[0].1), "{pages:?}");
    let [(id, _)] = &stage.waiting().await[..] else { panic!("one plan waits") };
    stage.router.command(&command("yes", CommandKind::Approve(ApprovalId::new(id))), None).await.unwrap();
    assert!(stage.label(&suspect).await.is_some());
}

#[tokio::test]
async fn a_pod_that_is_on_its_way_out_is_isolated_all_the_same() {
    let stage = Stage::set("leaving").await;
    let mut pod = Template::of(&APP).pod();
    (pod["metadata"]["name"], pod["metadata"]["finalizers"]) = (json!("pay"), json!(["example.com/held"]));
    stage.cluster.create::<Pod>(&stage.namespace, pod).await;
    let suspect = until("the pod", SOON, async || {
        let pod = stage.cluster.pod(&stage.namespace, "pay").await?;
        pod.status.as_ref()?.container_statuses.as_ref()?.first()?.container_id.is_some().then_some(pod)
    })
    .await;
    stage.known(&suspect).await;
    let finding = stage.miner(&suspect, "event-1");
    let pods: Api<Pod> = Api::namespaced(stage.cluster.client(), &stage.namespace);
    pods.delete("pay", &DeleteParams::default()).await.unwrap();
    stage.handle(&finding).await;
    // Whether it still runs is its own matter here; that it is held and leaving is no way out.
    let outcomes = stage.entry("event-1").await.map(|entry| entry.outcomes).unwrap_or_default();
    let isolated = outcomes.values().any(|outcome| match outcome {
        Outcome::Acted { steps, .. } => {
            steps.iter().any(|it| (it.step, it.result) == (StepName::Isolate, StepResult::Done))
        }
        _ => false,
    });
    assert!(isolated, "{outcomes:?}");
}
