//! What the API promises, asked by the real client; these run against a real cluster too.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt as _;
use kube::api::{
    Api, DeleteParams, EvictParams, ListParams, Patch, PatchParams, PostParams, Preconditions, WatchEvent,
    WatchParams,
};
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::{Value, json};
use watchfire_tests::cluster::{Cluster, SOON, Template};
use watchfire_tests::until;

fn code<T: std::fmt::Debug>(answer: Result<T, kube::Error>) -> (u16, String) {
    match answer {
        Err(kube::Error::Api(status)) => (status.code, status.message.clone()),
        other => panic!("it is not refused: {other:?}"),
    }
}

fn map(name: &str, labels: &Value) -> ConfigMap {
    let object = json!({"metadata": {"name": name, "labels": labels}, "data": {"a": "1"}});
    serde_json::from_value(object).unwrap()
}

#[tokio::test]
async fn a_pod_whose_labels_are_stripped_is_released_replaced_and_out_of_its_service() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("release").await;
    let pods = cluster.deployment(&ns, "web", 2, [("app", "web")]).await;
    cluster.service(&ns, "web", &[("app", "web")]).await;
    let names: BTreeSet<String> = pods.iter().map(|pod| pod.name_any()).collect();
    until("both in the service", SOON, async || (cluster.endpoints(&ns, "web").await == names).then_some(()))
        .await;
    let suspect = pods[0].name_any();
    let api: Api<Pod> = Api::namespaced(cluster.client(), &ns);
    let strip = json!([
        {"op": "test", "path": "/metadata/uid", "value": pods[0].uid()},
        {"op": "remove", "path": "/metadata/labels/app"},
        {"op": "add", "path": "/metadata/labels/watchfire.dev~1quarantine", "value": "i-1"},
    ]);
    let strip: json_patch::Patch = serde_json::from_value(strip).unwrap();
    api.patch(&suspect, &PatchParams::default(), &Patch::Json::<()>(strip)).await.unwrap();
    let released = until("it is released", SOON, async || {
        cluster.pod(&ns, &suspect).await.filter(|pod| pod.metadata.owner_references.is_none())
    });
    let free = released.await;
    assert_eq!((free.uid(), free.metadata.deletion_timestamp), (pods[0].uid(), None));
    until("its replacement has its traffic", SOON, async || {
        let endpoints = cluster.endpoints(&ns, "web").await;
        (endpoints.len() == 2 && !endpoints.contains(&suspect)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_rollout_restart_makes_pods_of_another_hash() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("restart").await;
    let before = cluster.deployment(&ns, "web", 2, [("app", "web")]).await;
    let api: Api<Deployment> = Api::namespaced(cluster.client(), &ns);
    api.restart("web").await.unwrap();
    let hash = |pod: &Pod| pod.labels()["pod-template-hash"].clone();
    let old = hash(&before[0]);
    until("only pods of the new hash", SOON, async || {
        let pods = cluster.pods(&ns, "app=web").await;
        (pods.len() == 2 && pods.iter().all(|pod| hash(pod) != old)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_statefulset_waits_while_somebody_has_its_pods_name() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("stateful").await;
    let pods = cluster.statefulset(&ns, "db", 1, [("app", "db")]).await;
    let api: Api<Pod> = Api::namespaced(cluster.client(), &ns);
    let strip = Patch::Merge(json!({"metadata": {"labels": {"app": null}}}));
    api.patch("db-0", &PatchParams::default(), &strip).await.unwrap();
    until("it is released", SOON, async || {
        cluster.pod(&ns, "db-0").await.filter(|pod| pod.metadata.owner_references.is_none())
    })
    .await;
    assert_eq!(cluster.pods(&ns, "app=db").await.len(), 0);
    api.delete("db-0", &DeleteParams::default().grace_period(0)).await.unwrap();
    let new = until("the set goes on", SOON, async || cluster.pods(&ns, "app=db").await.pop()).await;
    assert_eq!(new.name_any(), "db-0");
    assert_ne!(new.uid(), pods[0].uid());
}

#[tokio::test]
async fn an_eviction_that_a_budget_forbids_is_429() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("evict").await;
    let pods = cluster.deployment(&ns, "web", 2, [("app", "web")]).await;
    cluster.pdb(&ns, "web", 2, &[("app", "web")]).await;
    let api: Api<Pod> = Api::namespaced(cluster.client(), &ns);
    let first = pods[0].name_any();
    let (status, message) = code(api.evict(&first, &EvictParams::default()).await);
    assert_eq!(
        (status, message.as_str()),
        (429, "Cannot evict pod as it would violate the pod's disruption budget.")
    );
}

#[tokio::test]
async fn a_dry_run_answers_as_if_and_keeps_nothing() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("dry").await;
    let pod = cluster.bare_pod(&ns, "one", [("app", "one")]).await;
    let api: Api<Pod> = Api::namespaced(cluster.client(), &ns);
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    let label = Patch::Merge(json!({"metadata": {"labels": {"x": "y"}}}));
    let shown = api.patch("one", &dry, &label).await.unwrap();
    assert_eq!(shown.labels().get("x").map(String::as_str), Some("y"));
    api.delete("one", &DeleteParams { dry_run: true, ..DeleteParams::default() }).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client(), &ns);
    let create = PostParams { dry_run: true, ..PostParams::default() };
    maps.create(&create, &map("two", &json!({}))).await.unwrap();
    assert_eq!(maps.get_opt("two").await.unwrap(), None);
    let refused =
        api.patch("one", &dry, &Patch::Merge(json!({"metadata": {"labels": {"x": "no spaces"}}}))).await;
    assert_eq!(code(refused).0, 422);
    let now = api.get("one").await.unwrap();
    assert_eq!(
        (now.uid(), now.labels(), now.metadata.deletion_timestamp.as_ref()),
        (pod.uid(), pod.labels(), None)
    );
}

#[tokio::test]
async fn apply_owns_what_it_sets_and_gives_it_back() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("apply").await;
    let api: Api<ConfigMap> = Api::namespaced(cluster.client(), &ns);
    let as_us = PatchParams::apply("us");
    let config = |data: Value| {
        Patch::Apply(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}),
        )
    };
    let made = api.patch("c", &as_us, &config(json!({"a": "1", "b": "2"}))).await.unwrap();
    let again = api.patch("c", &as_us, &config(json!({"a": "1", "b": "2"}))).await.unwrap();
    assert_eq!(made.resource_version(), again.resource_version());
    let (status, message) =
        code(api.patch("c", &PatchParams::apply("them"), &config(json!({"a": "9"}))).await);
    assert_eq!(
        (status, message.as_str()),
        (409, "Apply failed with 1 conflict: conflict with \"us\": .data.a")
    );
    let theirs =
        api.patch("c", &PatchParams::apply("them").force(), &config(json!({"a": "9"}))).await.unwrap();
    assert_eq!(json!(theirs.data), json!({"a": "9", "b": "2"}));
    // What we no longer apply and nobody else owns goes.
    let ours = api.patch("c", &as_us, &config(json!({}))).await.unwrap();
    assert_eq!(json!(ours.data), json!({"a": "9"}));
    let owners: Vec<Option<String>> =
        ours.managed_fields().iter().map(|entry| entry.manager.clone()).collect();
    assert_eq!(owners, [Some("them".to_owned())]);
}

#[tokio::test]
async fn a_watch_shows_what_enters_and_leaves_its_selection() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("watch").await;
    let api: Api<ConfigMap> = Api::namespaced(cluster.client(), &ns);
    let from = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let selected = WatchParams::default().labels("keep=yes");
    let mut events = api.watch(&selected, &from).await.unwrap().boxed();
    api.create(&PostParams::default(), &map("m", &json!({}))).await.unwrap();
    for keep in [json!("yes"), json!("no")] {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"keep": keep}}}));
        api.patch("m", &PatchParams::default(), &patch).await.unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match tokio::time::timeout(SOON, events.try_next()).await.unwrap().unwrap().unwrap() {
            WatchEvent::Added(map) => seen.push(("added", map.labels()["keep"].clone())),
            WatchEvent::Deleted(map) => seen.push(("deleted", map.labels()["keep"].clone())),
            WatchEvent::Bookmark(_) => {}
            other @ (WatchEvent::Modified(_) | WatchEvent::Error(_)) => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, [("added", "yes".to_owned()), ("deleted", "yes".to_owned())]);
}

#[tokio::test]
async fn metadata_alone_is_streamed_from_the_beginning() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("metadata").await;
    cluster.bare_pod(&ns, "one", [("app", "one")]).await;
    let api: Api<PartialObjectMeta<Pod>> = Api::namespaced(cluster.client(), &ns);
    let stream = watcher(api, watcher::Config::default().streaming_lists()).applied_objects();
    let mut stream = stream.boxed();
    let one = tokio::time::timeout(SOON, stream.try_next()).await.unwrap().unwrap().unwrap();
    assert_eq!((one.name_any(), one.labels()["app"].clone()), ("one".to_owned(), "one".to_owned()));
}

#[tokio::test]
async fn a_write_about_another_object_than_was_seen_is_refused() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("stale").await;
    let api: Api<ConfigMap> = Api::namespaced(cluster.client(), &ns);
    let first = api.create(&PostParams::default(), &map("m", &json!({}))).await.unwrap();
    let label = Patch::Merge(json!({"metadata": {"labels": {"a": "b"}}}));
    api.patch("m", &PatchParams::default(), &label).await.unwrap();
    assert_eq!(code(api.replace("m", &PostParams::default(), &first).await).0, 409);
    let other = Preconditions { uid: Some("another".to_owned()), ..Preconditions::default() };
    let delete = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    assert_eq!(code(api.delete("m", &delete).await).0, 409);
    let test = json!([{"op": "test", "path": "/metadata/uid", "value": "another"}]);
    let test: json_patch::Patch = serde_json::from_value(test).unwrap();
    let refused = api.patch("m", &PatchParams::default(), &Patch::Json::<()>(test)).await;
    assert_eq!(code(refused).0, 422);
}

#[tokio::test]
async fn deleting_an_owner_deletes_what_it_owns() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("garbage").await;
    cluster.deployment(&ns, "web", 1, [("app", "web")]).await;
    let api: Api<Deployment> = Api::namespaced(cluster.client(), &ns);
    api.delete("web", &DeleteParams::background()).await.unwrap();
    until("nothing is left", SOON, async || cluster.pods(&ns, "app=web").await.is_empty().then_some(()))
        .await;
}

#[tokio::test]
async fn a_suspended_job_has_no_pods_and_a_daemonset_one_on_each_node() {
    let cluster = Cluster::start().await;
    let ns = cluster.namespace("kinds").await;
    cluster.job(&ns, "work", 2, [("app", "work")]).await;
    let jobs: Api<k8s_openapi::api::batch::v1::Job> = Api::namespaced(cluster.client(), &ns);
    jobs.patch("work", &PatchParams::default(), &Patch::Merge(json!({"spec": {"suspend": true}})))
        .await
        .unwrap();
    until("no pods", SOON, async || cluster.pods(&ns, "app=work").await.is_empty().then_some(())).await;
    let template = Template::of(&[("app", "agent")]).host_network().privileged();
    let pods = cluster.daemonset(&ns, "agent", &template).await;
    let nodes: BTreeSet<String> = cluster.nodes().await.iter().map(|node| node.name_any()).collect();
    let on: BTreeSet<String> = pods.iter().filter_map(|pod| pod.spec.as_ref()?.node_name.clone()).collect();
    assert_eq!(on, nodes);
}
