//! What surrounds the one pod.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt as _;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::json;
use watchfire::cluster::LookUp;
use watchfire_core::context::{
    AdminApi, Autoscaler, Context, Deny, Enforcement, GitOps, GitOpsTool, Known, Requirement, ScaledObject,
    Selecting, Selector,
};
use watchfire_tests::cluster::{Cluster, Fault, Match, SOON, Template};
use watchfire_tests::until;

use super::{found, of_pod, open, status};

fn app() -> Selector {
    Selector(vec![Requirement::In("app".to_owned(), vec!["web".to_owned()].into())])
}

#[tokio::test]
async fn the_details_of_a_pod_are_complete() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("details").await;
    let _eks = kube.install_eks().await;
    let keda = kube.crd("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", true).await;
    let role = "arn:aws-us-gov:iam::111122223333:role/pay";
    kube.account(&ns, "pay", &[("eks.amazonaws.com/role-arn", role)]).await;
    let template = Template::from([("app", "web")]).account("pay").annotation("team", "payments");
    let pods = kube.deployment(&ns, "web", 2, template.annotation("note", "not kept")).await;
    kube.service(&ns, "web", &[("app", "web")]).await;
    kube.service(&ns, "other", &[("app", "other")]).await;
    kube.network_policy(&ns, "allow", &[("app", "web")]).await;
    kube.pdb(&ns, "web", 1, &[("app", "web")]).await;
    kube.hpa(&ns, "web", 2, 5).await;
    let label = json!({"matchExpressions": [{"key": "watchfire.dev/quarantine", "operator": "Exists"}]});
    let spec = json!({"podSelector": label, "policyTypes": ["Ingress", "Egress"]});
    let policy = json!({"metadata": {"name": "watchfire-quarantine"}, "spec": spec});
    kube.create::<NetworkPolicy>(&ns, policy).await;
    let scaled: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
        "metadata": {"name": "web", "annotations": {"autoscaling.keda.sh/paused-replicas": "2"}},
        "spec": {"scaleTargetRef": {"name": "web"}}
    }))
    .unwrap();
    let api: Api<DynamicObject> = Api::namespaced_with(kube.client(), &ns, &keda);
    let scaled = api.create(&PostParams::default(), &scaled).await.unwrap();
    let deployments: Api<Deployment> = Api::namespaced(kube.client(), &ns);
    let mark = json!({"metadata": {"annotations": {
        "argocd.argoproj.io/tracking-id": format!("shop:apps/Deployment:{ns}/web")}}});
    deployments.patch("web", &PatchParams::default(), &Patch::Merge(mark)).await.unwrap();

    for look_up in [LookUp::Watch, LookUp::Each] {
        let ours = open(&kube, look_up).await;
        // The watch may be a moment behind.
        let context = until("all of it", SOON, async || {
            let context = ours.context(of_pod(&pods[0])).await;
            let details = context.details.as_ref()?;
            let is_kept = details.gitops.get().is_some_and(Option::is_some);
            let owner_is_ready = context.workload().is_some_and(|workload| workload.ready == 2);
            (is_kept && owner_is_ready).then_some(context)
        })
        .await;
        assert_eq!((&context.unknown, context.incomplete), (&vec![], false));
        assert_eq!(context.namespace.map(|namespace| namespace.name), Some(ns.clone()));
        let details = context.details.unwrap();
        let owners: Vec<_> =
            details.owners.get().unwrap().iter().map(|owner| (owner.kind.as_str(), owner.replicas)).collect();
        assert_eq!(owners, [("ReplicaSet", Some(2)), ("Deployment", Some(2))]);
        let selecting =
            |name: &str| Known::Is(vec![Selecting { name: name.to_owned(), selector: app(), allows: true }]);
        assert_eq!((details.services, details.policies), (selecting("web"), selecting("allow")));
        let admin = details.deny.get().and_then(|deny| deny.admin.clone());
        let expected = Deny {
            namespaced: Some("watchfire-quarantine".to_owned()),
            admin,
            admin_api: Some(AdminApi::AwsClusterNetworkPolicy),
        };
        assert_eq!(details.deny, Known::Is(expected));
        assert!(matches!(details.enforcement, Enforcement::On(_)), "{:?}", details.enforcement);
        let scaler = Autoscaler { name: "web".to_owned(), min: 2, max: 5 };
        assert_eq!(details.autoscaler, Known::Is(Some(scaler)));
        let object = ScaledObject {
            name: "web".to_owned(),
            uid: scaled.uid().unwrap(),
            paused_replicas: Some("2".to_owned()),
        };
        assert_eq!(details.scaled_object, Known::Is(Some(object)));
        let budgets: Vec<_> = details.budgets.get().unwrap().iter().map(|one| one.name.as_str()).collect();
        assert_eq!(budgets, ["web"]);
        let gitops = GitOps { tool: GitOpsTool::ArgoCd, namespace: None, name: "shop".to_owned() };
        assert_eq!(details.gitops, Known::Is(Some(gitops)));
        assert_eq!(details.role, Known::Is(Some(role.to_owned())));
        assert!(details.events.get().is_some());
        // A shared cluster may run more of the image than are named, or have loaded it onto its nodes by hand.
        let are_all_named =
            status(&pods[0]).image_id.contains('@') && details.same_image.len() < Context::MOST_PODS;
        assert!(are_all_named || kube.fake().is_none());
        if look_up == LookUp::Watch && are_all_named {
            assert!(details.same_image.contains(&format!("{ns}/{}", pods[1].name_any())));
        }
    }
}

#[tokio::test]
async fn annotations_are_kept_as_listed_and_no_others() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("annotations").await;
    let template =
        Template::from([("app", "web")]).annotation("team", "payments").annotation("note", "secret");
    let pod = kube.bare_pod(&ns, "web", template).await;
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pod, true).await;
    let context = ours.context(of_pod(&pod)).await;
    let kept: Vec<_> = context.pod().unwrap().annotations.iter().collect();
    assert_eq!(kept, [(&"team".to_owned(), &"payments".to_owned())]);
}

#[tokio::test]
async fn the_admin_policy_that_selects_the_label_is_found() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("admin").await;
    let _eks = kube.install_eks().await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let group = "networking.k8s.aws";
    let resource = kube.crd(group, "v1alpha1", "ClusterNetworkPolicy", "clusternetworkpolicies", false).await;
    let deny = json!([{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]);
    let policy: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "networking.k8s.aws/v1alpha1", "kind": "ClusterNetworkPolicy", "metadata": {"name": ns},
        "spec": {"tier": "Admin", "priority": 1, "ingress": deny, "egress": deny, "subject": {"pods": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ns}},
            "podSelector": {"matchExpressions": [{"key": "watchfire.dev/quarantine", "operator": "Exists"}]}}}}
    }))
    .unwrap();
    kube.owns(&resource, &ns);
    let api: Api<DynamicObject> = Api::all_with(kube.client(), &resource);
    api.create(&PostParams::default(), &policy).await.unwrap();
    let ours = open(&kube, LookUp::Watch).await;
    let context = ours.context(of_pod(&pod)).await;
    let mut deny = context.details.unwrap().deny;
    if let (None, Known::Is(deny)) = (kube.fake(), &mut deny) {
        // On a shared cluster that of another test may be found before ours.
        assert!(deny.admin.is_some());
        deny.admin = Some(ns.clone());
    }
    let expected =
        Deny { namespaced: None, admin: Some(ns), admin_api: Some(AdminApi::AwsClusterNetworkPolicy) };
    assert_eq!(deny, Known::Is(expected));
}

#[tokio::test]
async fn a_part_that_is_forbidden_is_unknown_and_costs_no_other() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("forbidden").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pod, true).await;
    kube.proxy().fault(Match::any().path("/services"), Fault::status(403));
    let context = ours.context(of_pod(&pod)).await;
    assert_eq!(found(&context), "uid Certain web of 1");
    let details = context.details.unwrap();
    assert_eq!(details.services, Known::Unknown("services: not permitted (403)".to_owned()));
    assert_eq!((details.policies, details.budgets), (Known::Is(vec![]), Known::Is(vec![])));
    assert_eq!(
        (context.unknown, context.incomplete),
        (vec!["services: not permitted (403)".to_owned()], false)
    );
}
