//! Each step against an API server: done, found done, refused, interrupted, rehearsed, undone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use tokio::time::Instant;
use watchfire::actions::Failure;
use watchfire::clients::Clients;
use watchfire::containment::{Containment, End, Finding, Grade, How, Ran, checkup};
use watchfire_core::act::permissions::{Evidence, Permission, permissions, steps_of};
use watchfire_core::act::{
    LABELS_ANNOTATION, ObjectRef, QUARANTINE_LABEL, Step, StepName, StepRecord, StepResult,
};
use watchfire_core::context::AdminApi;
use watchfire_core::rules::ActionName;
use watchfire_tests::cluster::{Cluster, Fault, Match, Rule, SOON, User};
use watchfire_tests::until;

const INCIDENT: &str = "i-1";

/// A cluster, a namespace and what carries out steps through the proxy, without kube's own retries.
struct Scene {
    cluster: Cluster,
    namespace: String,
    containment: Containment,
}

impl Scene {
    async fn new() -> Self {
        let cluster = Cluster::start().await;
        let namespace = cluster.namespace("steps").await;
        let mut config = kube::Config::new(cluster.proxy().url().parse().unwrap());
        config.default_retry = false;
        let client = kube::Client::try_from(config).unwrap();
        let containment = Containment::new(client, Arc::new(Clients::new(None).unwrap()));
        cluster.proxy().clear();
        Self { cluster, namespace, containment }
    }

    async fn run(&self, steps: &[Step]) -> Ran {
        self.containment.run(steps, How::ForReal, Instant::now() + Duration::from_secs(60)).await
    }

    /// With no time for a second try.
    async fn run_once(&self, steps: &[Step]) -> Ran {
        self.containment.run(steps, How::ForReal, Instant::now() + Duration::from_millis(400)).await
    }

    async fn rehearse(&self, steps: &[Step]) -> Ran {
        self.containment.run(steps, How::Rehearse, Instant::now() + Duration::from_secs(60)).await
    }

    /// An object as the API server has it; null where it is not there.
    async fn object(&self, path: &str) -> Value {
        let request = kube::core::Request::new("").get(path.trim_start_matches('/'), &Default::default());
        match self.cluster.client().request::<Value>(request.unwrap()).await {
            Ok(object) => object,
            Err(kube::Error::Api(status)) if status.code == 404 => Value::Null,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    async fn pod(&self, name: &str) -> Value {
        self.object(&format!("/api/v1/namespaces/{}/pods/{name}", self.namespace)).await
    }

    async fn deployment(&self, name: &str) -> Value {
        self.object(&format!("/apis/apps/v1/namespaces/{}/deployments/{name}", self.namespace)).await
    }

    async fn reference(&self, kind: &str, path: &str) -> ObjectRef {
        let object = self.object(path).await;
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        ObjectRef { kind: kind.into(), namespace: text("namespace"), name: text("name"), uid: text("uid") }
    }

    async fn bare_pod(&self, name: &str) -> ObjectRef {
        let pod = self.cluster.bare_pod(&self.namespace, name, [("app", "pay")]).await;
        of_pod(&pod)
    }

    /// What is stored, without what every write changes.
    async fn everything(&self) -> Value {
        let namespace = &self.namespace;
        let lists = [
            format!("/api/v1/namespaces/{namespace}/pods"),
            format!("/apis/apps/v1/namespaces/{namespace}/deployments"),
            format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"),
            "/api/v1/nodes".to_owned(),
        ];
        let mut all = Vec::new();
        for list in lists {
            all.push(self.object(&list).await["items"].take());
        }
        Value::Array(all)
    }
}

fn of_pod(pod: &Pod) -> ObjectRef {
    let metadata = pod.metadata.clone();
    ObjectRef {
        kind: "Pod".to_owned(),
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        uid: metadata.uid.unwrap_or_default(),
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn isolate(pod: &ObjectRef) -> Step {
    let annotate = map(&[("watchfire.dev/incident", INCIDENT)]);
    Step::Isolate { pod: pod.clone(), incident: INCIDENT.into(), remove: map(&[("app", "pay")]), annotate }
}

fn rejoin(pod: &ObjectRef) -> Step {
    let restore = map(&[("app", "pay")]);
    let unannotate = vec!["watchfire.dev/incident".to_owned()];
    Step::Rejoin { pod: pod.clone(), incident: INCIDENT.into(), restore, unannotate }
}

fn results(ran: &Ran) -> Vec<(StepName, StepResult)> {
    ran.records.iter().map(|record| (record.step, record.result)).collect()
}

fn record(step: StepName, result: StepResult, note: &str) -> StepRecord {
    StepRecord { step, result, note: note.to_owned() }
}

fn reason(ran: &Ran) -> &str {
    match &ran.end {
        End::Failed { reason } | End::Pending(Failure::Transient { reason, .. }) => reason,
        End::Done | End::Pending(Failure::Permanent { .. }) => panic!("{ran:?}"),
    }
}

/// What is compared of an object: who wrote what and when, and how often, is not.
fn plain(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
        metadata.remove("generation");
    }
    object
}

#[tokio::test]
async fn a_pod_is_isolated_once_and_given_back_as_it_was() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    let before = plain(scene.pod("pay").await);
    let path = format!("/api/v1/namespaces/{}/pods/pay", scene.namespace);
    let ran = scene.run(&[Step::Preflight(pod.clone()), isolate(&pod)]).await;
    let expected = vec![
        record(StepName::Preflight, StepResult::Done, ""),
        record(StepName::Isolate, StepResult::Done, "without app"),
    ];
    assert_eq!(ran, Ran { records: expected, end: End::Done });
    let mut isolated = before.clone();
    isolated["metadata"]["labels"] = json!({QUARANTINE_LABEL: INCIDENT});
    isolated["metadata"]["annotations"] =
        json!({"watchfire.dev/incident": INCIDENT, LABELS_ANNOTATION: "{\"app\":\"pay\"}"});
    assert_eq!(plain(scene.pod("pay").await), isolated);
    assert_eq!(results(&scene.run(&[isolate(&pod)]).await), [(StepName::Isolate, StepResult::Already)]);
    assert_eq!(scene.cluster.proxy().writes(), [format!("PATCH {path}")]);
    let release = [rejoin(&pod), Step::VerifyReleased { pod: pod.clone() }];
    assert_eq!(
        results(&scene.run(&release).await),
        [(StepName::Rejoin, StepResult::Done), (StepName::VerifyReleased, StepResult::Done)]
    );
    assert_eq!(plain(scene.pod("pay").await), before);
    assert_eq!(results(&scene.run(&release).await)[0], (StepName::Rejoin, StepResult::Already));
    assert_eq!(scene.cluster.proxy().writes().len(), 2);
}

#[tokio::test]
async fn another_pod_of_the_same_name_is_not_touched() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    let before = scene.everything().await;
    let other = ObjectRef { uid: "11111111-2222-3333-4444-555555555555".to_owned(), ..pod.clone() };
    for step in [Step::Preflight(other.clone()), isolate(&other)] {
        let ran = scene.run(&[step]).await;
        assert!(reason(&ran).contains("is another one by now"), "{ran:?}");
        assert_eq!(ran.records[0].result, StepResult::Failed);
    }
    for step in [
        Step::Delete { pod: other.clone(), grace_seconds: 0 },
        Step::Evict { pod: other.clone() },
        Step::VerifyGone { pod: other.clone(), within_seconds: 1 },
    ] {
        assert_eq!(scene.run(&[step]).await.end, End::Done);
    }
    assert_eq!(results(&scene.run(&[rejoin(&other)]).await), [(StepName::Rejoin, StepResult::Left)]);
    assert_eq!(scene.cluster.proxy().writes(), Vec::<String>::new());
    assert_eq!(scene.everything().await, before);
}

#[tokio::test]
async fn a_pod_that_is_gone_cannot_be_isolated() {
    let scene = Scene::new().await;
    let namespace = scene.namespace.clone();
    let pod = ObjectRef { kind: "Pod".into(), namespace, name: "none".into(), uid: "u".into() };
    let ran = scene.run(&[isolate(&pod), Step::VerifyGone { pod: pod.clone(), within_seconds: 1 }]).await;
    assert_eq!(reason(&ran), format!("isolate: pod {}/none is gone", scene.namespace));
    assert_eq!(ran.records.len(), 1);
}

#[tokio::test]
async fn who_is_faster_is_seen_and_the_pod_isolated_nevertheless() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    for code in [409, 422] {
        scene.cluster.proxy().fault(Match::any().method("PATCH"), Fault::status(code)).times(1);
        let touch = json!([{"op": "add", "path": "/metadata/labels/touched", "value": code.to_string()}]);
        let patch = kube::api::Patch::Json::<()>(serde_json::from_value(touch).unwrap());
        let api: kube::Api<Pod> = kube::Api::namespaced(scene.cluster.client(), &scene.namespace);
        let slow = Match::any().method("PATCH").nth(1);
        scene.cluster.proxy().fault(slow, Fault::Delay(Duration::from_millis(300)));
        let steps = [if code == 409 { isolate(&pod) } else { rejoin(&pod) }];
        let (ran, touched) = tokio::join!(scene.run(&steps), async {
            until("the first patch", SOON, async || {
                let calls = scene.cluster.proxy().calls();
                calls.iter().any(|call| call.method == "PATCH").then_some(())
            })
            .await;
            api.patch("pay", &Default::default(), &patch).await
        });
        touched.unwrap();
        assert_eq!(results(&ran)[0].1, StepResult::Done, "{ran:?}");
        scene.cluster.proxy().heal();
        scene.cluster.proxy().clear();
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_done() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    scene.cluster.proxy().fault(Match::writes(), Fault::DropAfter).times(1);
    let ran = scene.run_once(&[isolate(&pod)]).await;
    assert!(matches!(ran.end, End::Pending(Failure::Transient { .. })), "{ran:?}");
    assert_eq!(results(&scene.run(&[isolate(&pod)]).await), [(StepName::Isolate, StepResult::Already)]);
    let delete = [
        Step::Preflight(pod.clone()),
        Step::Delete { pod: pod.clone(), grace_seconds: 0 },
        Step::VerifyGone { pod: pod.clone(), within_seconds: 30 },
    ];
    scene.cluster.proxy().fault(Match::any().method("DELETE"), Fault::DropAfter).times(1);
    assert!(matches!(scene.run_once(&delete).await.end, End::Pending(_)));
    let ran = scene.run(&delete).await;
    assert_eq!(ran.end, End::Done, "{ran:?}");
    assert_eq!(ran.records[1].result, StepResult::Already);
    assert_eq!(scene.cluster.proxy().writes().iter().filter(|call| call.starts_with("DELETE")).count(), 1);
}

#[tokio::test]
async fn a_refusal_is_loud_and_one_that_passes_is_waited_for() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    let reader = User { name: "reader".into(), rules: vec![Rule::new("get list", "\"\"", "pods")] };
    scene.cluster.proxy().acting_as(reader);
    let ran = scene.run(&[isolate(&pod)]).await;
    let expected =
        format!("may not patch pods in {}: `watchfire rbac` prints the role that may", scene.namespace);
    assert!(reason(&ran).contains(&expected), "{ran:?}");
    assert!(matches!(ran.end, End::Failed { .. }));
    scene.cluster.proxy().acting_as_administrator();
    scene.cluster.proxy().fault(Match::any().method("PATCH"), Fault::too_many(2)).times(1);
    let began = Instant::now();
    let ran = scene.run(&[isolate(&pod)]).await;
    assert_eq!(results(&ran), [(StepName::Isolate, StepResult::Done)]);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    scene.cluster.proxy().fault(Match::any(), Fault::too_many(30));
    let ran = scene.run(&[isolate(&pod)]).await;
    let End::Pending(Failure::Transient { retry_after, .. }) = ran.end else { panic!("{ran:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn the_deny_is_applied_once_found_when_someone_else_has_it_and_lifted_when_nobody_needs_it() {
    let scene = Scene::new().await;
    let namespace = scene.namespace.clone();
    let (deny, lift) =
        (Step::Deny { namespace: namespace.clone() }, Step::LiftDeny { namespace: namespace.clone() });
    let path =
        format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/watchfire-quarantine");
    assert_eq!(results(&scene.run(&[deny.clone()]).await), [(StepName::Deny, StepResult::Done)]);
    let policy = scene.object(&path).await;
    assert_eq!(
        policy["spec"],
        json!({
            "podSelector": {"matchExpressions": [{"key": QUARANTINE_LABEL, "operator": "Exists"}]},
            "policyTypes": ["Ingress", "Egress"],
        })
    );
    assert_eq!(policy["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "watchfire"}));
    assert_eq!(results(&scene.run(&[deny.clone()]).await), [(StepName::Deny, StepResult::Already)]);
    let pod = scene.bare_pod("pay").await;
    scene.run(&[isolate(&pod)]).await;
    let ran = scene.run(&[lift.clone()]).await;
    let note = format!("pod {namespace}/pay still needs it");
    assert_eq!(ran.records, [record(StepName::LiftDeny, StepResult::Left, &note)]);
    let ran = scene.run(&[rejoin(&pod), lift.clone(), lift.clone()]).await;
    assert_eq!(
        results(&ran)[1..],
        [(StepName::LiftDeny, StepResult::Done), (StepName::LiftDeny, StepResult::Already)]
    );
    assert_eq!(scene.object(&path).await, Value::Null);
    let open = json!({
        "metadata": {"name": "watchfire-quarantine"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]},
    });
    scene.cluster.create::<k8s_openapi::api::networking::v1::NetworkPolicy>(&namespace, open).await;
    let ran = scene.run(&[deny]).await;
    assert!(
        reason(&ran).contains("was installed by someone else and does not deny: it has rules"),
        "{ran:?}"
    );
    assert_eq!(results(&scene.run(&[lift]).await), [(StepName::LiftDeny, StepResult::Left)]);
}

#[tokio::test]
async fn the_admin_tier_denies_where_the_api_server_has_one() {
    let scene = Scene::new().await;
    let _eks = scene.cluster.install_eks().await;
    let deny = [Step::DenyAdmin { api: AdminApi::AwsClusterNetworkPolicy }];
    let first = scene.run(&deny).await;
    assert_eq!(first.end, End::Done, "{first:?}");
    assert_eq!(results(&scene.run(&deny).await), [(StepName::DenyAdmin, StepResult::Already)]);
    let ran = scene.run(&[Step::DenyAdmin { api: AdminApi::ClusterNetworkPolicy }]).await;
    if scene.cluster.fake().is_some() {
        assert!(matches!(ran.end, End::Failed { .. }), "{ran:?}");
    }
}

#[tokio::test]
async fn isolation_is_verified_by_every_proof_or_says_which_is_missing() {
    let scene = Scene::new().await;
    let eks = scene.cluster.install_eks().await;
    let pods = scene.cluster.deployment(&scene.namespace, "web", 1, [("app", "pay")]).await;
    scene.cluster.service(&scene.namespace, "web", &[("app", "pay")]).await;
    let pod = of_pod(&pods[0]);
    until("the pod is in its slice", SOON, async || {
        let names = scene.cluster.endpoints(&scene.namespace, "web").await;
        names.contains(&pod.name).then_some(())
    })
    .await;
    let verify =
        |within_seconds| Step::VerifyIsolated { pod: pod.clone(), incident: INCIDENT.into(), within_seconds };
    let labelled = Step::Isolate {
        pod: pod.clone(),
        incident: INCIDENT.into(),
        remove: BTreeMap::new(),
        annotate: BTreeMap::new(),
    };
    let ran = scene.run(&[Step::Deny { namespace: scene.namespace.clone() }, labelled, verify(1)]).await;
    assert!(reason(&ran).contains("it is in EndpointSlice web"), "{ran:?}");
    let undo = Step::Rejoin {
        pod: pod.clone(),
        incident: INCIDENT.into(),
        restore: BTreeMap::new(),
        unannotate: vec![],
    };
    let ran = scene.run(&[undo, isolate(&pod), verify(30)]).await;
    let note = "PolicyEndpoint lists it; enforcement is on";
    assert_eq!(
        ran.records.last(),
        Some(&record(StepName::VerifyIsolated, StepResult::Done, note)),
        "{ran:?}"
    );
    scene.cluster.network_policy(&scene.namespace, "open", &[(QUARANTINE_LABEL, INCIDENT)]).await;
    let ran = scene.run(&[verify(1)]).await;
    assert!(reason(&ran).contains("another policy lets something through to it: open"), "{ran:?}");
    if scene.cluster.fake().is_some() {
        scene.cluster.enforcement(false).await;
        let ran = scene.run(&[verify(0)]).await;
        assert!(reason(&ran).contains("enforcement is off"), "{ran:?}");
    }
    drop(eks);
}

#[tokio::test]
async fn a_workload_is_scaled_to_nothing_and_back() {
    let scene = Scene::new().await;
    scene.cluster.deployment(&scene.namespace, "web", 2, [("app", "pay")]).await;
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/web", scene.namespace);
    let workload = scene.reference("Deployment", &path).await;
    let down = [
        Step::Scale { workload: workload.clone(), from: 2, to: 0 },
        Step::VerifyScaled { workload: workload.clone(), within_seconds: 30 },
    ];
    let ran = scene.run(&down).await;
    assert_eq!(ran.end, End::Done, "{ran:?}");
    assert_eq!(ran.records[0], record(StepName::Scale, StepResult::Done, "from 2 to 0"));
    let deployment = scene.deployment("web").await;
    assert_eq!(deployment["metadata"]["annotations"]["watchfire.dev/original-replicas"], "2");
    assert_eq!(deployment["spec"]["replicas"], 0);
    assert_eq!(results(&scene.run(&down).await)[0].1, StepResult::Already);
    let up = [Step::Scale { workload, from: 0, to: 2 }];
    assert_eq!(results(&scene.run(&up).await), [(StepName::Scale, StepResult::Done)]);
    let deployment = scene.deployment("web").await;
    assert_eq!(deployment["metadata"]["annotations"].get("watchfire.dev/original-replicas"), None);
    assert_eq!(deployment["spec"]["replicas"], 2);
    assert_eq!(results(&scene.run(&up).await), [(StepName::Scale, StepResult::Already)]);
}

#[tokio::test]
async fn a_deployment_restarts_once_and_a_node_is_cordoned_and_uncordoned() {
    let scene = Scene::new().await;
    scene.cluster.deployment(&scene.namespace, "web", 1, [("app", "pay")]).await;
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/web", scene.namespace);
    let workload = scene.reference("Deployment", &path).await;
    let restart = [Step::Restart { workload, at: "2026-11-25T12:00:00Z".to_owned() }];
    assert_eq!(results(&scene.run(&restart).await)[0].1, StepResult::Done);
    assert_eq!(results(&scene.run(&restart).await)[0].1, StepResult::Already);
    let name = scene.cluster.nodes().await[0].metadata.name.clone().unwrap();
    let path = format!("/api/v1/nodes/{name}");
    let node = scene.reference("Node", &path).await;
    let before = plain(scene.object(&path).await)["spec"].take();
    let (cordon, uncordon) = (Step::Cordon { node: node.clone() }, Step::Uncordon { node: node.clone() });
    assert_eq!(
        results(&scene.run(&[cordon.clone(), cordon]).await),
        [(StepName::Cordon, StepResult::Done), (StepName::Cordon, StepResult::Already)]
    );
    assert_eq!(
        results(&scene.run(&[uncordon.clone(), uncordon]).await),
        [(StepName::Uncordon, StepResult::Done), (StepName::Uncordon, StepResult::Already)]
    );
    assert_eq!(plain(scene.object(&path).await)["spec"], before);
}

#[tokio::test]
async fn a_job_is_suspended_and_resumed() {
    let scene = Scene::new().await;
    let cronjob = scene.cluster.cronjob(&scene.namespace, "nightly", [("app", "pay")]).await;
    let path = format!("/apis/batch/v1/namespaces/{}/cronjobs/nightly", scene.namespace);
    let workload = scene.reference("CronJob", &path).await;
    assert_eq!(Some(&workload.uid), cronjob.metadata.uid.as_ref());
    let (suspend, resume) =
        (Step::Suspend { workload: workload.clone() }, Step::Resume { workload: workload.clone() });
    assert_eq!(
        results(&scene.run(&[suspend.clone(), suspend, resume.clone(), resume]).await),
        [
            (StepName::Suspend, StepResult::Done),
            (StepName::Suspend, StepResult::Already),
            (StepName::Resume, StepResult::Done),
            (StepName::Resume, StepResult::Already),
        ]
    );
}

#[tokio::test]
async fn an_eviction_waits_for_its_budget_and_a_deletion_does_not() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    scene.cluster.pdb(&scene.namespace, "keep", 1, &[("app", "pay")]).await;
    let ran = scene.run_once(&[Step::Evict { pod: pod.clone() }]).await;
    assert!(matches!(ran.end, End::Pending(_)), "{ran:?}");
    assert!(reason(&ran).contains("disruption budget keep"), "{ran:?}");
    let delete = [
        Step::Delete { pod: pod.clone(), grace_seconds: 0 },
        Step::VerifyGone { pod: pod.clone(), within_seconds: 30 },
    ];
    assert_eq!(scene.run(&delete).await.end, End::Done);
    assert_eq!(scene.pod("pay").await, Value::Null);
}

#[tokio::test]
async fn a_rehearsal_asks_everything_and_changes_nothing() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    scene.cluster.deployment(&scene.namespace, "web", 1, [("app", "web")]).await;
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/web", scene.namespace);
    let workload = scene.reference("Deployment", &path).await;
    let name = scene.cluster.nodes().await[0].metadata.name.clone().unwrap();
    let node = scene.reference("Node", &format!("/api/v1/nodes/{name}")).await;
    let before = scene.everything().await;
    let steps = [
        Step::Preflight(pod.clone()),
        Step::Deny { namespace: scene.namespace.clone() },
        isolate(&pod),
        Step::VerifyIsolated { pod: pod.clone(), incident: INCIDENT.into(), within_seconds: 10 },
        Step::Annotate { object: pod.clone(), set: map(&[("note", "x")]) },
        Step::Restart { workload: workload.clone(), at: "2026-11-25T12:00:00Z".to_owned() },
        Step::Scale { workload: workload.clone(), from: 1, to: 0 },
        Step::VerifyScaled { workload, within_seconds: 10 },
        Step::Cordon { node },
        Step::Evict { pod: pod.clone() },
        Step::Delete { pod: pod.clone(), grace_seconds: 0 },
        Step::VerifyGone { pod, within_seconds: 10 },
    ];
    let ran = scene.rehearse(&steps).await;
    assert_eq!(ran.end, End::Done, "{ran:?}");
    let would: Vec<_> = ran.records.iter().skip(1).map(|record| record.result).collect();
    assert_eq!(would, vec![StepResult::WouldDo; 11]);
    assert_eq!(scene.everything().await, before);
    assert_eq!(scene.cluster.proxy().writes(), Vec::<String>::new());
    assert_eq!(scene.cluster.proxy().calls().iter().filter(|call| call.is_dry()).count(), 9);
}

#[tokio::test]
async fn without_aws_no_credentials_are_said_to_be_revoked() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    let role = "arn:aws:iam::123456789012:role/pay".to_owned();
    let ran = scene.run(&[Step::RevokePod { pod, role }]).await;
    assert!(matches!(ran.end, End::Failed { .. }), "{ran:?}");
}

#[tokio::test]
async fn a_checkup_says_what_is_missing_and_what_is_too_much() {
    let scene = Scene::new().await;
    let _eks = scene.cluster.install_eks().await;
    let steps = steps_of(ActionName::Quarantine).iter().copied().collect();
    let wanted = permissions(&steps, Evidence::Taken);
    let granted = |permission: &Permission| {
        let verbs: Vec<_> = permission.verbs.iter().map(|verb| verb.as_str()).collect();
        let names: Vec<_> = permission.names.iter().copied().collect();
        let places: Vec<_> = permission.namespace.into_iter().collect();
        Rule::new(&verbs.join(" "), permission.group, permission.resource).only(&names).within(&places)
    };
    let exact: Vec<_> = wanted.all().map(|(_, permission)| granted(permission)).collect();
    let look = async |rules: Vec<Rule>| {
        scene.cluster.proxy().acting_as(User { name: "watchfire".into(), rules });
        let (_, findings) = checkup(scene.cluster.proxy().client(), &steps, &wanted).await.unwrap();
        let told = |finding: &Finding| (finding.grade, finding.found.clone());
        findings.iter().map(told).collect::<Vec<_>>()
    };
    let findings = look(exact.clone()).await;
    let ok = |found: &str| (Grade::Ok, found.to_owned());
    assert!(findings[0].1.starts_with("may do all "), "{findings:?}");
    assert_eq!(findings[1], ok("has none of the permissions that it must not have"));
    assert_eq!(findings[2], ok("network policies are enforced"));
    assert!(findings.iter().all(|(grade, _)| *grade != Grade::Fail), "{findings:?}");
    let mut much = exact.clone();
    much.push(Rule::new("get", "\"\"", "secrets"));
    let findings = look(much).await;
    let warning = (Grade::Warn, "may get secrets, which Watchfire never needs".to_owned());
    assert!(findings.contains(&warning), "{findings:?}");
    let little: Vec<_> =
        exact.into_iter().filter(|rule| rule != &Rule::new("patch", "\"\"", "pods")).collect();
    let findings = look(little).await;
    let missing = (Grade::Fail, "may not patch pods (watchfire-quarantine)".to_owned());
    assert_eq!(findings[0], missing, "{findings:?}");
}
