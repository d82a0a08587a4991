//! The capture, against an API server.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Event;
use serde_json::json;
use watchfire::evidence::Which;
use watchfire_tests::cluster::{Cluster, Fault, Match};

use super::{files, in_folder, parsed, request};

#[tokio::test]
async fn a_bundle_holds_the_pod_its_owners_and_what_surrounds_it() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("evidence").await;
    let pods = cluster.deployment(&ns, "web", 1, [("app", "web")]).await;
    let other = cluster.bare_pod(&ns, "other", [("app", "other")]).await;
    cluster.service(&ns, "web", &[("app", "web")]).await;
    cluster.network_policy(&ns, "web-only", &[("app", "web")]).await;
    cluster.network_policy(&ns, "others", &[("app", "other")]).await;
    let pod = super::reference(&pods[0]);
    let event = json!({
        "metadata": {"name": "web.1"}, "reason": "Pulled", "message": "of the pod", "type": "Normal",
        "involvedObject": {"kind": "Pod", "namespace": ns, "name": pod.name, "uid": pod.uid},
    });
    cluster.create::<Event>(&ns, event).await;
    let folder = tempfile::tempdir().unwrap();
    let evidence = in_folder(folder.path()).await;

    let kept = evidence.keep(&cluster.proxy().client(), &request("b-1", &[&pods[0], &other])).await.unwrap();

    assert_eq!(kept.missing, Vec::<String>::new());
    assert_eq!((kept.sequence, kept.already), (1, false));
    let files = files(&folder, "b-1");
    assert_eq!(kept.files, files.len() - 1);
    let at = format!("pods/{ns}/{}", pod.name);
    assert_eq!(parsed(&files, "finding.json"), json!({"detail-type": "GuardDuty Finding"}));
    assert_eq!(parsed(&files, "decision.json"), json!({"verdict": "page", "priority": "P0"}));
    assert_eq!(parsed(&files, &format!("{at}/pod.json"))["metadata"]["uid"], json!(pod.uid));
    let concerns = parsed(&files, &format!("{at}/concerns.json"));
    assert_eq!(
        (&concerns["networkpolicies"], &concerns["services"]),
        (&json!(["web-only"]), &json!(["web"]))
    );
    assert_eq!(parsed(&files, &format!("{at}/images.json"))[0]["kind"], "container");
    let events = parsed(&files, &format!("{at}/events.json"));
    let told: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| &event["message"]).collect();
    assert!(told.contains(&&json!("of the pod")), "{told:?}");
    for owner in [format!("{at}/owners/1-replicaset-"), format!("{at}/owners/2-deployment-web.json")] {
        assert!(files.keys().any(|name| name.starts_with(&owner)), "no {owner} in {:#?}", files.keys());
    }
    assert!(files.keys().any(|name| name.starts_with("nodes/") && name.ends_with("/node.json")));
    for list in ["networkpolicies", "services", "endpointslices"] {
        assert!(parsed(&files, &format!("namespaces/{ns}/{list}.json"))["items"].is_array());
    }
    let logs = files.keys().filter(|name| name.contains("/logs/")).count();
    assert_eq!(logs, 2, "{:#?}", files.keys());
    assert!(evidence.verify(Which::All).await.unwrap().is_whole());
    let calls = cluster.proxy().calls();
    assert!(calls.iter().all(|call| call.method == "GET" && !call.path.contains("secrets")), "{calls:#?}");
}

#[tokio::test]
async fn logs_are_the_newest_lines_that_fit_and_say_what_is_cut() {
    let cluster = Cluster::fresh().await;
    let ns = cluster.namespace("evidence").await;
    let pod = cluster.bare_pod(&ns, "web", [("app", "web")]).await;
    let container = pod.spec.as_ref().unwrap().containers[0].name.clone();
    let lines: String = (1..=500).map(|line| format!("line {line} {}\n", "x".repeat(80))).collect();
    cluster.fake().unwrap().log(&ns, "web", &container, false, &lines);
    let folder = tempfile::tempdir().unwrap();
    let evidence = in_folder(folder.path()).await;

    let kept = evidence.keep(&cluster.proxy().client(), &request("b-1", &[&pod])).await.unwrap();

    let name = format!("pods/{ns}/web/logs/{container}.log");
    let log = String::from_utf8(files(&folder, "b-1")[&name].clone()).unwrap();
    assert!(log.len() <= 4_096, "{}", log.len());
    assert!(log.lines().last().unwrap().contains(" line 500 "), "{log}");
    let fit = log.lines().count();
    assert_eq!(kept.missing, [format!("{name}: only the newest {fit} lines fit 4096 bytes")]);
}

#[tokio::test]
async fn a_pod_of_the_same_name_is_another_pod() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("evidence").await;
    let pod = cluster.bare_pod(&ns, "web", [("app", "web")]).await;
    let folder = tempfile::tempdir().unwrap();
    let evidence = in_folder(folder.path()).await;
    let mut request = request("b-1", &[&pod]);
    let found = std::mem::replace(&mut request.pods[0].uid, "11111111-2222".to_owned());

    let kept = evidence.keep(&cluster.proxy().client(), &request).await.unwrap();

    let expected = [
        format!("pod {ns}/web is gone or another, uid 11111111-2222: there is one with uid {found}"),
        format!("pods/{ns}/web/pod.json: of another pod, not kept"),
    ];
    assert_eq!(kept.missing, expected);
    let names: Vec<_> = files(&folder, "b-1").into_keys().collect();
    let expected = [
        "decision.json".to_owned(),
        "finding.json".to_owned(),
        "manifest.json".to_owned(),
        format!("namespaces/{ns}/endpointslices.json"),
        format!("namespaces/{ns}/networkpolicies.json"),
        format!("namespaces/{ns}/services.json"),
        format!("pods/{ns}/web/concerns.json"),
        format!("pods/{ns}/web/events.json"),
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn what_is_forbidden_is_missing_and_the_rest_is_kept() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("evidence").await;
    let pod = cluster.bare_pod(&ns, "web", [("app", "web")]).await;
    cluster.proxy().fault(Match::any().path("/networkpolicies"), Fault::status(403));
    cluster.proxy().fault(Match::any().path("/api/v1/nodes/"), Fault::status(403));
    let folder = tempfile::tempdir().unwrap();
    let evidence = in_folder(folder.path()).await;

    let kept = evidence.keep(&cluster.proxy().client(), &request("b-1", &[&pod])).await.unwrap();

    let [policies, node] = &kept.missing[..] else { panic!("{:#?}", kept.missing) };
    let expected = format!("namespaces/{ns}/networkpolicies.json: 403 Forbidden: ");
    assert!(policies.starts_with(&expected), "{policies}");
    assert!(node.starts_with("nodes/") && node.contains("/node.json: 403 Forbidden: "), "{node}");
    let concerns = parsed(&files(&folder, "b-1"), &format!("pods/{ns}/web/concerns.json"));
    assert_eq!(concerns["networkpolicies"], json!(null));
    assert!(evidence.verify(Which::All).await.unwrap().is_whole());
}

#[tokio::test]
async fn a_log_that_does_not_come_is_missing_when_the_time_is_over() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("evidence").await;
    let pod = cluster.bare_pod(&ns, "web", [("app", "web")]).await;
    cluster.proxy().fault(Match::any().path("/log?"), Fault::Delay(Duration::from_secs(60)));
    let folder = tempfile::tempdir().unwrap();
    let evidence = in_folder(folder.path()).await;

    let start = Instant::now();
    let kept = evidence.keep(&cluster.proxy().client(), &request("b-1", &[&pod])).await.unwrap();

    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let container = &pod.spec.as_ref().unwrap().containers[0].name;
    assert_eq!(kept.missing, [format!("pods/{ns}/web/logs/{container}.log: not had in time")]);
}

#[tokio::test]
async fn without_an_api_server_the_finding_and_the_decision_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = in_folder(folder.path()).await;
    let mut request = request("b-1", &[]);
    request.node = Some("node-1".to_owned());
    let hostile = |name: &str| watchfire::evidence::PodRef {
        name: name.to_owned(),
        namespace: "shop".to_owned(),
        uid: "u-1".to_owned(),
    };
    request.pods = vec![hostile("web"), hostile("../../secrets/tokens")];

    let kept = evidence.keep(&super::nobody(), &request).await.unwrap();

    assert_eq!(kept.files, 3, "{kept:#?}");
    assert!(kept.missing.contains(&"pod shop/../../secrets/tokens, uid u-1: not a name".to_owned()));
    let refused = kept.missing.iter().find(|text| text.starts_with("pods/shop/web/pod.json: ")).unwrap();
    assert!(refused.contains("refused"), "{refused}");
}
