//! The harness keeps its promises: the proxy counts, breaks and forbids; EKS enforces until it is stopped.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, DynamicObject, ListParams, LogParams, Patch, PatchParams};
use serde_json::json;
use watchfire_kubernetes::KubernetesServer;
use watchfire_tests::cluster::{Cluster, Fault, Match, Rule, SOON, User};
use watchfire_tests::until;

#[tokio::test]
async fn every_call_is_counted_and_faults_hit_those_that_are_meant() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("proxy").await;
    cluster.bare_pod(&ns, "one", [("app", "one")]).await;
    let proxy = cluster.proxy();
    let api: Api<Pod> = Api::namespaced(proxy.client(), &ns);
    proxy.fault(Match::any().method("PATCH").path("/pods/"), Fault::status(503)).times(1);
    let label = Patch::Merge(json!({"metadata": {"labels": {"x": "y"}}}));
    let refused = api.patch("one", &PatchParams::default(), &label).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 503));
    proxy.fault(Match::any().method("PATCH"), Fault::DropAfter).times(1);
    api.patch("one", &PatchParams::default(), &label).await.unwrap_err();
    assert_eq!(cluster.pod(&ns, "one").await.unwrap().metadata.labels.unwrap()["x"], "y");
    proxy.fault(Match::any(), Fault::Drop);
    api.get("one").await.unwrap_err();
    proxy.heal();
    api.get("one").await.unwrap();
    let path = format!("/api/v1/namespaces/{ns}/pods/one");
    let calls: Vec<_> = proxy.calls().iter().map(|call| (call.line(), call.status)).collect();
    let (patch, get) = (format!("PATCH {path}"), format!("GET {path}"));
    assert_eq!(calls, [(patch.clone(), Some(503)), (patch, None), (get.clone(), None), (get, Some(200))]);
}

#[tokio::test]
async fn who_acts_under_a_role_may_no_more_than_the_role() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("role").await;
    cluster.bare_pod(&ns, "one", [("app", "one")]).await;
    let rules = vec![
        Rule::new("get list", "", "pods").within(&[&ns]),
        Rule::new("get", "", "configmaps").only(&["amazon-vpc-cni"]),
    ];
    cluster.proxy().acting_as(User { name: "system:serviceaccount:watchfire:watchfire".to_owned(), rules });
    let pods: Api<Pod> = Api::namespaced(cluster.proxy().client(), &ns);
    pods.get("one").await.unwrap();
    let Err(kube::Error::Api(status)) = pods.logs("one", &LogParams::default()).await else {
        panic!("it may")
    };
    let message = format!(
        "pods \"one\" is forbidden: User \"system:serviceaccount:watchfire:watchfire\" cannot get resource \
         \"pods/log\" in API group \"\" in the namespace \"{ns}\""
    );
    assert_eq!((status.code, status.message.as_str()), (403, message.as_str()));
    let maps: Api<ConfigMap> = Api::namespaced(cluster.proxy().client(), &ns);
    assert!(maps.get_opt("amazon-vpc-cni").await.is_ok());
    maps.get("kube-root-ca.crt").await.unwrap_err();
}

#[tokio::test]
async fn policy_endpoints_list_the_selected_pods_until_enforcement_stops() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("eks").await;
    let eks = cluster.install_eks().await;
    cluster.bare_pod(&ns, "one", [("app", "one")]).await;
    cluster.network_policy(&ns, "deny", &[("app", "one")]).await;
    let resource =
        cluster.crd("networking.k8s.aws", "v1alpha1", "PolicyEndpoint", "policyendpoints", true).await;
    let api: Api<DynamicObject> = Api::namespaced_with(cluster.client(), &ns, &resource);
    let listed = async || {
        let all = api.list(&ListParams::default()).await.ok()?.items;
        let endpoint =
            all.into_iter().find(|endpoint| endpoint.data["spec"]["policyRef"]["name"] == "deny")?;
        Some(endpoint.data["spec"]["podSelectorEndpoints"].clone())
    };
    until("the pod is listed", SOON, async || listed().await.filter(|all| all[0]["name"] == "one")).await;
    eks.stop_enforcing();
    let pods: Api<Pod> = Api::namespaced(cluster.client(), &ns);
    pods.patch("one", &PatchParams::default(), &Patch::Merge(json!({"metadata": {"labels": {"app": null}}})))
        .await
        .unwrap();
    assert_eq!(listed().await.unwrap()[0]["name"], "one");
}

#[tokio::test]
async fn ten_thousand_pods_are_there_at_once() {
    let server = KubernetesServer::start().await;
    let start = std::time::Instant::now();
    server.bulk(10_000, 100);
    let config = kube::Config::new(server.url().parse().unwrap());
    let api: Api<Pod> = Api::all(kube::Client::try_from(config).unwrap());
    let list = api.list(&ListParams::default().limit(500)).await.unwrap();
    assert_eq!((list.items.len(), list.metadata.remaining_item_count), (500, Some(9_500)));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
