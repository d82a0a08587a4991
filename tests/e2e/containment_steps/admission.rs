//! Under the admission policies that are printed, as Watchfire's own account: every step passes, and nothing that a thief of
//! its token would do.

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::discovery::ApiResource;
use watchfire_tests::watchfire;

use super::*;

/// The policies have one name each, whoever prints them: on a shared cluster one test after the other.
static OF_THAT_NAME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What a program of ours prints, as objects.
fn printed(arguments: &[&str]) -> Vec<DynamicObject> {
    let folder = tempfile::tempdir().unwrap();
    let output = watchfire(folder.path(), arguments, "");
    assert_eq!(output.code, 0, "{}", output.stderr);
    serde_saphyr::from_multiple(&output.stdout).unwrap()
}

fn resource(object: &DynamicObject) -> ApiResource {
    let TypeMeta { api_version, kind } = object.types.clone().unwrap();
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{}ies", stem.to_lowercase()),
        None => format!("{}s", kind.to_lowercase()),
    };
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, &kind), &plural)
}

impl Scene {
    fn api_of(&self, object: &DynamicObject) -> kube::Api<DynamicObject> {
        match &object.metadata.namespace {
            Some(namespace) => {
                kube::Api::namespaced_with(self.cluster.client(), namespace, &resource(object))
            }
            None => kube::Api::all_with(self.cluster.client(), &resource(object)),
        }
    }

    async fn apply(&self, objects: &[DynamicObject]) {
        for object in objects {
            let name = object.metadata.name.clone().unwrap();
            let ours = PatchParams::apply("watchfire-tests").force();
            let applied = self.api_of(object).patch(&name, &ours, &Patch::Apply(object)).await;
            applied.unwrap_or_else(|error| panic!("{name}: {error}"));
            if object.metadata.namespace.is_none() {
                self.cluster.owns(&resource(object), &name);
            }
        }
    }

    /// Where the account is: another namespace than that of the pods, because its own is protected.
    fn own_namespace(&self) -> String {
        format!("{}-own", self.namespace)
    }

    /// Watchfire's account, as the API server sees it, by whoever may say so.
    fn as_watchfire(&self) -> kube::Client {
        let mut config = self.cluster.config().clone();
        let account = format!("system:serviceaccount:{}:watchfire", self.own_namespace());
        config.auth_info.impersonate = Some(account);
        config.auth_info.impersonate_groups =
            Some(vec!["system:serviceaccounts".to_owned(), "system:authenticated".to_owned()]);
        kube::Client::try_from(config).unwrap()
    }
}

/// What the API server says to a merge patch; empty where it takes it.
async fn said(client: &kube::Client, path: &str, patch: &Value) -> String {
    let request = axum::http::Request::patch(format!("{path}?dryRun=All"))
        .header("content-type", "application/merge-patch+json")
        .body(patch.to_string().into_bytes())
        .unwrap();
    match client.request::<Value>(request).await {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn every_step_passes_the_printed_policies_and_nothing_that_a_thief_would_do() {
    let _alone = OF_THAT_NAME.lock().await;
    let scene = Scene::new().await;
    let namespace = scene.namespace.clone();
    let _eks = scene.cluster.install_eks().await;
    let own = scene.own_namespace();
    let bound = ["rbac", "--namespace", &own];
    let roles = printed(&bound);
    let all = printed(&[&bound[..], &["--admission", "--break-glass", "sre"]].concat());
    let policies = &all[roles.len()..];
    assert_eq!(policies.len(), 8);
    scene.cluster.deployment(&namespace, "web", 1, [("app", "web")]).await;
    let sets = scene.cluster.statefulset(&namespace, "db", 1, [("app", "db")]).await;
    let pod = scene.bare_pod("pay").await;
    scene.cluster.cronjob(&namespace, "nightly", [("app", "nightly")]).await;
    scene.apply(&roles).await;
    scene.apply(policies).await;
    let client = scene.as_watchfire();
    let web = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let evil = json!({"spec": {"template": {"spec": {"hostNetwork": true}}}});
    // A real server has a policy in force some seconds after it is there.
    until("policies in force", SOON, async || {
        said(&client, &web, &evil).await.contains("watchfire-may-change").then_some(())
    })
    .await;

    let workload = scene.reference("Deployment", &web).await;
    let path = format!("/apis/batch/v1/namespaces/{namespace}/cronjobs/nightly");
    let cronjob = scene.reference("CronJob", &path).await;
    let name = scene.cluster.nodes().await[0].metadata.name.clone().unwrap();
    let node = scene.reference("Node", &format!("/api/v1/nodes/{name}")).await;
    let steps = [
        Step::Preflight(pod.clone()),
        Step::Deny { namespace: namespace.clone() },
        Step::DenyAdmin { api: AdminApi::AwsClusterNetworkPolicy },
        isolate(&pod),
        Step::Restart { workload: workload.clone(), at: "2026-11-25T12:00:00Z".to_owned() },
        Step::Suspend { workload: cronjob.clone() },
        Step::Cordon { node: node.clone() },
        verify(&pod, 30),
        Step::Scale { workload: workload.clone(), from: 1, to: 0 },
        Step::VerifyScaled { workload: workload.clone(), within_seconds: 60 },
        Step::Scale { workload, from: 0, to: 1 },
        Step::Uncordon { node },
        Step::Resume { workload: cronjob },
        rejoin(&pod),
        Step::LiftDeny { namespace: namespace.clone() },
        Step::VerifyReleased { pod: pod.clone() },
        isolate(&pod),
    ];
    let containment = Containment::new(client.clone(), Arc::new(Clients::new(None).unwrap()), None);
    let ran = containment.run(&steps, How::ForReal, Instant::now() + Duration::from_secs(180)).await;
    assert_eq!(ran.end, End::Done, "{ran:?}");

    let of_pod = |name: &str| format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let db = of_pod(sets[0].metadata.name.as_deref().unwrap());
    let thefts = [
        (web.clone(), evil, "restarts a Deployment, and changes nothing else"),
        (web, json!({"spec": {"paused": true}}), "restarts a Deployment, and changes nothing else"),
        (
            of_pod("pay"),
            json!({"metadata": {"labels": {"role": "admin"}}}),
            "takes labels off it, and puts back",
        ),
        (
            db.clone(),
            json!({"metadata": {"annotations": {"sidecar.istio.io/inject": "false"}}}),
            "its own annotations",
        ),
        (db, json!({"metadata": {"ownerReferences": null}}), "owners and finalizers"),
        (
            format!("/api/v1/nodes/{name}"),
            json!({"spec": {"taints": [{"key": "a", "effect": "NoExecute"}]}}),
            "whether pods are scheduled",
        ),
    ];
    for (path, patch, expected) in thefts {
        let said = said(&client, &path, &patch).await;
        assert!(said.contains("denied request") && said.contains(expected), "{path} {patch}: {said}");
    }
    // Nobody else ends a quarantine, and nobody is kept from what is none.
    let unlabelled = json!({"metadata": {"labels": {QUARANTINE_LABEL: null}}});
    let ended = said(&scene.cluster.client(), &of_pod("pay"), &unlabelled).await;
    assert!(ended.contains("the pod is quarantined"), "{ended}");
    assert_eq!(said(&client, &of_pod("pay"), &unlabelled).await, "");
}

#[tokio::test]
async fn in_a_protected_namespace_nothing_passes() {
    let _alone = OF_THAT_NAME.lock().await;
    let scene = Scene::new().await;
    let namespace = scene.namespace.clone();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("watchfire.yaml");
    let text = format!(
        "channels: {{screen: {{console: {{}}}}}}\nroutes: {{P0: {{to: [screen]}}, P1: {{to: [screen]}}}}\n\
         mitigation: {{protected: {{namespaces: [{namespace}]}}}}\n"
    );
    std::fs::write(&config, text).unwrap();
    let config = config.display().to_string();
    let own = scene.own_namespace();
    let all = printed(&["rbac", "--namespace", &own, "--admission", "--config", &config]);
    let stays_out: Vec<_> =
        all.into_iter().filter(|it| it.metadata.name.as_deref() == Some("watchfire-stays-out")).collect();
    assert_eq!(stays_out.len(), 2);
    let roles = printed(&["rbac", "--namespace", &own]);
    let pod = scene.bare_pod("pay").await;
    scene.apply(&roles).await;
    scene.apply(&stays_out).await;
    let containment = Containment::new(scene.as_watchfire(), Arc::new(Clients::new(None).unwrap()), None);
    let refused =
        |ran: &Ran| matches!(&ran.end, End::Failed { reason } if reason.contains("does nothing in this"));
    until("the policy in force", SOON, async || {
        refused(&containment.run(&[isolate(&pod)], How::Rehearse, soon()).await).then_some(())
    })
    .await;
    for step in
        [isolate(&pod), Step::Evict { pod: pod.clone() }, Step::Delete { pod: pod.clone(), grace_seconds: 0 }]
    {
        let ran = containment.run(std::slice::from_ref(&step), How::ForReal, soon()).await;
        assert!(refused(&ran), "{step:?}: {ran:?}");
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}
