//! From a finding to its pod or node.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams};
use watchfire::cluster::LookUp;
use watchfire_core::act::Target;
use watchfire_core::context::{Method, Neighbour, ObjectRef, Place, Pods};
use watchfire_core::event::{Container, Subject};
use watchfire_tests::cluster::{Cluster, Template};

use super::{DEADLINE, found, of_pod, open, ours, status, workload};

#[tokio::test]
async fn a_pod_is_found_in_each_of_the_eight_ways() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("ways").await;
    let role = format!("arn:aws-us-gov:iam::111122223333:role/{ns}");
    kube.account(&ns, "pay", &[("eks.amazonaws.com/role-arn", &role)]).await;
    let pod = kube.deployment(&ns, "web", 1, Template::from([("app", "web")]).account("pay")).await.remove(0);
    let (name, first) = (pod.name_any(), status(&pod));
    let container = first.container_id.unwrap();
    let container = container.split_once("://").unwrap().1.to_owned();
    let id = Some(Container { name: None, id: Some(container) });
    let node = pod.spec.as_ref().unwrap().node_name.clone().unwrap();
    let address = pod.status.as_ref().unwrap().pod_ip.clone();
    // What was loaded onto a node by hand has no digest of a registry, and is found by none.
    let digest = first.image_id.split_once('@').map(|(_, digest)| format!("any@{digest}"));
    assert!(digest.is_some() || kube.fake().is_none(), "{}", first.image_id);
    for look_up in [LookUp::Watch, LookUp::Each] {
        let ours_ = open(&kube, look_up).await;
        let cases = [
            (of_pod(&pod), format!("uid Certain {name} of 1")),
            (
                Subject { container: id.clone(), namespace: Some(ns.clone()), ..ours() },
                format!("container id Certain {name} of 1"),
            ),
            (Subject { ip: address.clone(), ..ours() }, format!("pod address Certain {name} of 1")),
            (workload("pods", &ns, &name, None), format!("name alone Possible {name} of 1")),
            (workload("deployments", &ns, "web", None), format!("name alone Possible {name} of 1")),
            (
                Subject { service_account: Some(format!("{ns}/pay")), ..ours() },
                format!("service account Possible {name} of 1"),
            ),
            (Subject { principal: Some(ns.clone()), ..ours() }, format!("role Possible {name} of 1")),
        ];
        for (subject, expected) in cases {
            let context = ours_.context(subject.clone()).await;
            assert_eq!(found(&context), expected, "{look_up:?} {subject:?}");
            assert_eq!(context.node.map(|node| node.name), Some(node.clone()), "{look_up:?} {subject:?}");
        }
        if let Some(image) = digest.clone() {
            // On a shared cluster others run the image, too.
            let by_image = ours_.context(Subject { image: Some(image), ..ours() }).await;
            assert!(found(&by_image).starts_with("image digest Possible "), "{}", found(&by_image));
        }
        let by_user = ours_.context(Subject { node: Some(node.clone()), ..ours() }).await;
        assert_eq!(by_user.node.map(|node| node.name), Some(node.clone()));
    }
}

#[tokio::test]
async fn a_finding_about_an_instance_names_its_node_and_the_pods_on_it() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("instance").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let node = pod.spec.as_ref().unwrap().node_name.clone().unwrap();
    let nodes = kube.nodes().await;
    let spec = nodes.iter().find(|one| one.name_any() == node).and_then(|node| node.spec.clone()).unwrap();
    let provider = spec.provider_id.unwrap_or_default();
    let Some(instance) = provider.rsplit('/').next().filter(|id| id.starts_with("i-")) else {
        // A cluster that is not on EC2 has no instances.
        return;
    };
    for look_up in [LookUp::Watch, LookUp::Each] {
        let ours_ = open(&kube, look_up).await;
        let context = ours_.context(Subject { instance: Some(instance.to_owned()), ..ours() }).await;
        let node = context.node.as_ref().map(|one| (one.name.clone(), one.instance.clone()));
        assert_eq!(node, Some((node_name(&pod), Some(instance.to_owned()))), "{look_up:?}");
        assert_eq!((found(&context).as_str(), context.details), ("not asked", None));
        let is_it = |pod: &Neighbour| (pod.namespace.as_str(), pod.name.as_str()) == (&ns, "web");
        assert!(context.pods_on_node.iter().any(is_it), "{:?}", context.pods_on_node);
    }
}

fn node_name(pod: &Pod) -> String {
    pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap()
}

#[tokio::test]
async fn a_pod_with_another_uid_is_not_the_one_that_the_finding_means() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("uid").await;
    kube.bare_pod(&ns, "web", [("app", "web")]).await;
    for look_up in [LookUp::Watch, LookUp::Each] {
        let ours = open(&kube, look_up).await;
        let context = ours.context(workload("pods", &ns, "web", Some("another"))).await;
        assert_eq!(found(&context), format!("none: the pod {ns}/web is another one, by its UID"));
    }
}

#[tokio::test]
async fn an_address_that_another_pod_had_at_that_time_leads_to_nobody() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("address").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let address = pod.status.as_ref().unwrap().pod_ip.clone().unwrap();
    let before = Timestamp::now() - SignedDuration::from_hours(1);
    let ours_ = open(&kube, LookUp::Watch).await;
    let subject = Subject { ip: Some(address.clone()), ..ours() };
    let context = ours_.context_seen(subject, before).await;
    let expected = format!("none: no pod is known to have had the address {address} at that time");
    assert_eq!(found(&context), expected);
}

#[tokio::test]
async fn a_pod_that_was_gone_before_the_event_came_is_still_named() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("gone").await;
    let pod = kube.deployment(&ns, "web", 1, [("app", "web")]).await.remove(0);
    let ours_ = open(&kube, LookUp::Watch).await;
    let api: Api<Pod> = Api::namespaced(kube.client(), &ns);
    api.delete(&pod.name_any(), &DeleteParams::default()).await.unwrap();
    ours_.has(&pod, false).await;
    let context = ours_.context(of_pod(&pod)).await;
    assert_eq!(found(&context), format!("uid Certain {} of 1", pod.name_any()));
    let owners = context.details.unwrap().owners;
    let owners: Vec<_> = owners.get().unwrap().iter().map(|owner| owner.kind.as_str().to_owned()).collect();
    assert_eq!(owners, ["ReplicaSet", "Deployment"]);
}

#[tokio::test]
async fn of_another_cluster_nothing_is_matched_and_nothing_is_asked() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("foreign").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let ours_ = open(&kube, LookUp::Each).await;
    kube.proxy().clear();
    let elsewhere = [
        Subject { cluster_arn: Some(super::ARN.replace("payments", "test")), ..of_pod(&pod) },
        Subject { cluster: Some("test".to_owned()), cluster_arn: None, ..of_pod(&pod) },
        Subject { account: Some("999999999999".to_owned()), cluster_arn: None, ..of_pod(&pod) },
        Subject { region: Some("us-gov-east-1".to_owned()), cluster_arn: None, ..of_pod(&pod) },
    ];
    for subject in elsewhere {
        let context = ours_.context(subject).await;
        assert!(matches!(context.place, Place::Foreign(_)), "{:?}", context.place);
        assert_eq!((context.pods, context.node, context.unknown), (Pods::NotAsked, None, vec![]));
    }
    let asked: Vec<_> = kube.proxy().calls().iter().map(|call| call.line()).collect();
    assert!(asked.iter().all(|call| call == "GET /version"), "{asked:?}");
}

#[tokio::test]
async fn an_event_that_names_no_cluster_is_ours_only_by_what_no_other_has() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("unsaid").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let ours_ = open(&kube, LookUp::Watch).await;
    let unsaid = |subject: Subject| Subject { cluster: None, cluster_arn: None, ..subject };
    let exact = ours_.context(unsaid(of_pod(&pod))).await;
    assert_eq!(
        (&exact.place, found(&exact).as_str()),
        (&Place::Ours(ours_.cluster.identity().clone()), "uid Certain web of 1")
    );
    let by_name = ours_.context(unsaid(workload("pods", &ns, "web", None))).await;
    assert_eq!((&by_name.place, found(&by_name).as_str()), (&Place::Unsaid, "not asked"));
    let other = ours_.context(unsaid(workload("pods", &ns, "web", Some("another")))).await;
    assert_eq!(other.place, Place::Unsaid);
}

#[tokio::test]
async fn what_a_human_names_is_looked_up_as_it_is_then() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("hand").await;
    let pods = kube.deployment(&ns, "web", 2, [("app", "web")]).await;
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pods[0], true).await;
    let object = |kind: &str, name: &str, uid: &str| ObjectRef {
        kind: kind.to_owned(),
        namespace: ns.clone(),
        name: name.to_owned(),
        uid: uid.to_owned(),
    };
    let name = pods[0].name_any();
    let context = ours.cluster.context_of(&Target::Pod(object("Pod", &name, "")), DEADLINE).await;
    assert_eq!(found(&context), format!("by hand Certain {name} of 1"));
    assert!(context.details.is_some());
    let other = ours.cluster.context_of(&Target::Pod(object("Pod", &name, "another")), DEADLINE).await;
    assert_eq!(found(&other), format!("none: the pod {ns}/{name} is another one, by its UID"));
    let workload = Target::Workload(object("Deployment", "web", ""));
    let context = ours.cluster.context_of(&workload, DEADLINE).await;
    assert!(matches!(context.pods, Pods::Found { method: Method::ByHand, count: 2, .. }), "{context:?}");
    assert_eq!(context.workload().map(|workload| workload.named()), Some("Deployment web".to_owned()));
    let node = ObjectRef { namespace: String::new(), ..object("Node", &node_name(&pods[0]), "") };
    let context = ours.cluster.context_of(&Target::Node(node), DEADLINE).await;
    let is_it = |pod: &Neighbour| (&pod.namespace, &pod.name) == (&ns, &name);
    assert!(context.pods_on_node.iter().any(is_it), "{:?}", context.pods_on_node);
}
