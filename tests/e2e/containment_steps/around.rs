//! Steps on what surrounds a pod, and whole runs.

use super::*;

#[tokio::test]
async fn the_deny_is_applied_once_found_when_someone_else_has_it_and_lifted_when_nobody_needs_it() {
    let scene = Scene::new().await;
    let namespace = scene.namespace.clone();
    let (deny, lift) =
        (Step::Deny { namespace: namespace.clone() }, Step::LiftDeny { namespace: namespace.clone() });
    let path =
        format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/watchfire-quarantine");
    assert_eq!(results(&scene.run(std::slice::from_ref(&deny)).await), [(StepName::Deny, StepResult::Done)]);
    let policy = scene.object(&path).await;
    assert_eq!(
        policy["spec"],
        json!({
            "podSelector": {"matchExpressions": [{"key": QUARANTINE_LABEL, "operator": "Exists"}]},
            "policyTypes": ["Ingress", "Egress"],
        })
    );
    assert_eq!(policy["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "watchfire"}));
    assert_eq!(
        results(&scene.run(std::slice::from_ref(&deny)).await),
        [(StepName::Deny, StepResult::Already)]
    );
    let pod = scene.bare_pod("pay").await;
    scene.run(&[isolate(&pod)]).await;
    let ran = scene.run(std::slice::from_ref(&lift)).await;
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
    scene.cluster.create::<NetworkPolicy>(&namespace, open).await;
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
    // It stays where a cluster is shared: others lean on the same one.
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
    let verify = |within_seconds| Step::VerifyIsolated {
        pod: pod.clone(),
        incident: INCIDENT.into(),
        within_seconds,
        stays_in: vec![],
    };
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
        Step::VerifyIsolated {
            pod: pod.clone(),
            incident: INCIDENT.into(),
            within_seconds: 10,
            stays_in: vec![],
        },
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
async fn a_checkup_says_what_is_missing_and_what_is_too_much() {
    let scene = Scene::new().await;
    let _eks = scene.cluster.install_eks().await;
    let said = repertoire(ActionName::Quarantine, &Mitigation::default());
    let steps = said.steps.iter().copied().collect();
    let wanted = permissions(&steps, Evidence::Taken);
    let exact = exactly(&wanted);
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
#[tokio::test]
async fn a_scaler_is_held_at_zero_and_goes_on_as_before() {
    let scene = Scene::new().await;
    let resource = scene.cluster.crd("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", true).await;
    let api: kube::Api<kube::api::DynamicObject> =
        kube::Api::namespaced_with(scene.cluster.client(), &scene.namespace, &resource);
    let object = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"name": "web"}}});
    api.create(&Default::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    let path = format!("/apis/keda.sh/v1alpha1/namespaces/{}/scaledobjects/web", scene.namespace);
    let before = plain(scene.object(&path).await);
    let object = scene.reference("ScaledObject", &path).await;
    let pause = Step::PauseScaler { object: object.clone() };
    let resume = Step::ResumeScaler { object, before: String::new() };
    let ran = scene.run(&[pause.clone(), pause]).await;
    assert_eq!(
        results(&ran),
        [(StepName::PauseScaler, StepResult::Done), (StepName::PauseScaler, StepResult::Already)]
    );
    let paused = scene.object(&path).await;
    assert_eq!(paused["metadata"]["annotations"]["autoscaling.keda.sh/paused-replicas"], "0");
    let ran = scene.run(&[resume.clone(), resume]).await;
    assert_eq!(
        results(&ran),
        [(StepName::ResumeScaler, StepResult::Done), (StepName::ResumeScaler, StepResult::Already)]
    );
    assert_eq!(plain(scene.object(&path).await), before);
}

#[tokio::test]
async fn the_fields_of_another_manager_are_not_taken_over() {
    let scene = Scene::new().await;
    let api: kube::Api<NetworkPolicy> = kube::Api::namespaced(scene.cluster.client(), &scene.namespace);
    let theirs = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "watchfire-quarantine", "labels": {"app.kubernetes.io/managed-by": "watchfire"}},
        "spec": {"podSelector": {"matchLabels": {"app": "pay"}}, "policyTypes": ["Ingress"]},
    });
    let as_them = kube::api::PatchParams::apply("gitops");
    api.patch("watchfire-quarantine", &as_them, &kube::api::Patch::Apply(&theirs)).await.unwrap();
    let before = scene.everything().await;
    let ran = scene.run(&[Step::Deny { namespace: scene.namespace.clone() }]).await;
    assert!(matches!(ran.end, End::Failed { .. }), "{ran:?}");
    assert!(reason(&ran).contains("has another manager") && reason(&ran).contains("gitops"), "{ran:?}");
    assert_eq!(scene.everything().await, before);
}

/// With what the printed roles grant, and nothing else.
#[tokio::test]
async fn the_roles_that_are_printed_suffice_for_every_step() {
    let scene = Scene::new().await;
    let _eks = scene.cluster.install_eks().await;
    scene.cluster.deployment(&scene.namespace, "web", 1, [("app", "web")]).await;
    let pod = scene.bare_pod("pay").await;
    let other = scene.bare_pod("pay-2").await;
    scene.cluster.cronjob(&scene.namespace, "nightly", [("app", "nightly")]).await;
    let namespace = scene.namespace.clone();
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let workload = scene.reference("Deployment", &path).await;
    let path = format!("/apis/batch/v1/namespaces/{namespace}/cronjobs/nightly");
    let cronjob = scene.reference("CronJob", &path).await;
    let name = scene.cluster.nodes().await[0].metadata.name.clone().unwrap();
    let node = scene.reference("Node", &format!("/api/v1/nodes/{name}")).await;
    let wanted = permissions(&StepName::ALL.into_iter().collect(), Evidence::None);
    scene.cluster.proxy().acting_as(User { name: "watchfire".into(), rules: exactly(&wanted) });
    let steps = [
        Step::Preflight(pod.clone()),
        Step::Annotate { object: node.clone(), set: map(&[("watchfire.dev/incident", INCIDENT)]) },
        Step::Deny { namespace: namespace.clone() },
        Step::DenyAdmin { api: AdminApi::AwsClusterNetworkPolicy },
        isolate(&pod),
        Step::Restart { workload: workload.clone(), at: "2026-11-25T12:00:00Z".to_owned() },
        Step::Suspend { workload: cronjob.clone() },
        Step::Cordon { node: node.clone() },
        Step::VerifyIsolated {
            pod: pod.clone(),
            incident: INCIDENT.into(),
            within_seconds: 30,
            stays_in: vec![],
        },
        Step::Scale { workload: workload.clone(), from: 1, to: 0 },
        Step::VerifyScaled { workload: workload.clone(), within_seconds: 30 },
        Step::Scale { workload, from: 0, to: 1 },
        Step::Uncordon { node: node.clone() },
        Step::Annotate { object: node, set: map(&[("watchfire.dev/incident", "")]) },
        Step::Resume { workload: cronjob },
        rejoin(&pod),
        Step::LiftDeny { namespace },
        Step::VerifyReleased { pod: pod.clone() },
        Step::Evict { pod: pod.clone() },
        Step::VerifyGone { pod, within_seconds: 30 },
        Step::Delete { pod: other.clone(), grace_seconds: 0 },
        Step::VerifyGone { pod: other, within_seconds: 30 },
    ];
    let ran = scene.run(&steps).await;
    assert_eq!(ran.end, End::Done, "{ran:?}");
    let done: Vec<_> = ran.records.iter().map(|record| record.result).collect();
    assert_eq!(done, vec![StepResult::Done; 22], "{ran:?}");
}

fn exactly(wanted: &Permissions) -> Vec<Rule> {
    let granted = |permission: &Permission| {
        let verbs: Vec<_> = permission.verbs.iter().map(|verb| verb.as_str()).collect();
        let names: Vec<_> = permission.names.iter().copied().collect();
        let places: Vec<_> = permission.namespace.into_iter().collect();
        Rule::new(&verbs.join(" "), permission.group, permission.resource).only(&names).within(&places)
    };
    wanted.all().map(|(_, permission)| granted(permission)).collect()
}
