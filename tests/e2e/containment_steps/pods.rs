//! Steps on a pod.

use kube::api::DeleteParams;

use super::*;

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
    let ran = scene.run(&[Step::Preflight(other.clone())]).await;
    assert!(reason(&ran).contains("is another one by now"), "{ran:?}");
    assert_eq!(results(&scene.run(&[isolate(&other)]).await), [(StepName::Isolate, StepResult::Left)]);
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
async fn a_pod_that_is_gone_needs_no_isolation_any_more() {
    let scene = Scene::new().await;
    let namespace = scene.namespace.clone();
    let pod = ObjectRef { kind: "Pod".into(), namespace, name: "none".into(), uid: "u".into() };
    let gone = format!("pod {}/none is gone", scene.namespace);
    let ran = scene.run(&[Step::Preflight(pod.clone()), isolate(&pod), verify(&pod, 5)]).await;
    let expected = vec![
        record(StepName::Preflight, StepResult::Left, &gone),
        record(StepName::Isolate, StepResult::Left, &gone),
        record(StepName::VerifyIsolated, StepResult::Done, &gone),
    ];
    assert_eq!(ran, Ran { records: expected, end: End::Done });
    assert_eq!(scene.cluster.proxy().writes(), Vec::<String>::new());
}

/// As long as its owner says: a minute is longer than the proof takes.
#[tokio::test]
async fn a_pod_that_ends_slowly_is_cut_off_until_it_has() {
    let scene = Scene::new().await;
    let _eks = scene.cluster.install_eks().await;
    if let Some(server) = scene.cluster.fake() {
        server.stop_after(Duration::from_secs(60));
    }
    let pod = scene.bare_pod("pay").await;
    let api: kube::Api<Pod> = kube::Api::namespaced(scene.cluster.client(), &scene.namespace);
    api.delete("pay", &DeleteParams { grace_period_seconds: Some(60), ..DeleteParams::default() })
        .await
        .unwrap();
    let deny = Step::Deny { namespace: scene.namespace.clone() };
    let steps = [Step::Preflight(pod.clone()), deny, isolate(&pod), verify(&pod, 30)];
    let ran = scene.run(&steps).await;
    let note = "PolicyEndpoint lists it; enforcement is on";
    assert_eq!(
        ran.records.last(),
        Some(&record(StepName::VerifyIsolated, StepResult::Done, note)),
        "{ran:?}"
    );
    assert_eq!(scene.pod("pay").await["metadata"]["labels"], json!({QUARANTINE_LABEL: INCIDENT}));
    // Cut off by a run that was killed then, it has ended before the next.
    let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    api.delete("pay", &now).await.unwrap();
    until("its end", SOON, async || scene.pod("pay").await.is_null().then_some(())).await;
    assert_eq!(scene.run(&steps).await.end, End::Done);
}

#[tokio::test]
async fn who_is_faster_is_seen_and_the_pod_isolated_nevertheless() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    let api: kube::Api<Pod> = kube::Api::namespaced(scene.cluster.client(), &scene.namespace);
    for (value, step) in [("one", isolate(&pod)), ("two", rejoin(&pod))] {
        let slow = Match::any().method("PATCH").nth(1);
        scene.cluster.proxy().fault(slow, Fault::Delay(Duration::from_millis(500)));
        let touch = json!([{"op": "add", "path": "/metadata/labels/touched", "value": value}]);
        let patch = kube::api::Patch::Json::<()>(serde_json::from_value(touch).unwrap());
        let steps = [step];
        let (ran, touched) = tokio::join!(scene.run(&steps), async {
            until("the first patch is under way", SOON, async || {
                let calls = scene.cluster.proxy().calls();
                calls.iter().any(|call| call.method == "PATCH").then_some(())
            })
            .await;
            api.patch("pay", &Default::default(), &patch).await
        });
        touched.unwrap();
        assert_eq!(results(&ran)[0].1, StepResult::Done, "{ran:?}");
        let calls = scene.cluster.proxy().calls();
        let patches: Vec<_> =
            calls.iter().filter(|call| call.method == "PATCH").map(|call| call.status).collect();
        assert_eq!(patches, [Some(422), Some(200)]);
        assert_eq!(scene.pod("pay").await["metadata"]["labels"]["touched"], value);
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
async fn a_role_that_is_none_is_refused_before_aws_is_asked() {
    let scene = Scene::new().await;
    let pod = scene.bare_pod("pay").await;
    let role = "arn:aws:iam::123456789012:role/aws-service-role/pay".to_owned();
    let ran = scene.run(&[Step::RevokePod { pod, role }]).await;
    let End::Failed { reason } = ran.end else { panic!("{ran:?}") };
    assert!(reason.contains("AWS's own, which nobody changes"), "{reason}");
}
