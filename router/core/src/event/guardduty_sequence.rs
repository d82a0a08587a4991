//! What a GuardDuty attack sequence is about: what its list of resources and actors singles out.

use std::collections::BTreeSet;

use super::guardduty_subject::only;
use super::read::{at, first_text, list, text};
use super::{Container, Subject, Thing, Workload, names};
use crate::json::Json;

/// Fills in what the sequence names exactly once: a campaign over several pods is not about one of them.
pub(super) fn fill(sequence: &Json<'_>, subject: &mut Subject) {
    let of = |part: &str| only(list(sequence, "resources").iter().filter(|it| at(it, part).is_some()));
    subject.thing = thing(list(sequence, "resources"));
    if let Some(cluster) = of("data.eksCluster") {
        let arn = first_text(cluster, &["data.eksCluster.arn", "uid"]).filter(|arn| names::is_arn(arn));
        let name = text(cluster, "name").or_else(|| arn.as_deref().and_then(names::last_segment));
        subject.cluster = subject.cluster.take().or(name);
        subject.cluster_arn = subject.cluster_arn.take().or(arn);
    }
    if let Some(workload) = of("data.kubernetesWorkload") {
        subject.namespace =
            subject.namespace.take().or_else(|| text(workload, "data.kubernetesWorkload.namespace"));
        let kinds = ["data.kubernetesWorkload.type", "data.kubernetesWorkload.kubernetesResourcesTypes"];
        let kind = first_text(workload, &kinds).map_or("workloads".to_owned(), |kind| names::kind(&kind));
        if let (None, Some(name)) = (&subject.workload, text(workload, "name")) {
            subject.pod = (kind == "pods").then(|| name.clone());
            let uid = text(workload, "uid").filter(|uid| is_uid(uid));
            subject.workload = Some(Workload { kind, name, uid });
        }
    }
    if let Some(container) = of("data.container") {
        let image =
            names::image(text(container, "data.container.image"), text(container, "data.container.imageUid"));
        subject.image = subject.image.take().or(image);
        let id = text(container, "uid").and_then(|id| names::container_id(&id));
        let found =
            Container { name: text(container, "name"), id: id.filter(|id| names::is_container_id(id)) };
        if subject.container.is_none() && found != Container::default() {
            subject.container = Some(found);
        }
    }
    let instance = of("data.ec2Instance").and_then(|it| text(it, "uid").or_else(|| text(it, "name")));
    subject.instance = subject.instance.take().or(instance.and_then(|id| names::instance_id(&id)));
    let interface = "data.ec2NetworkInterface.privateIpAddresses";
    let ip = of(interface).and_then(|it| only(list(it, interface).iter()));
    subject.ip = subject
        .ip
        .take()
        .or_else(|| ip.and_then(|ip| text(ip, "privateIpAddress")).map(|ip| names::address(&ip)));
    let bucket = of("data.s3Bucket").and_then(|it| first_text(it, &["name", "uid"]));
    subject.resource = subject.resource.take().or(bucket);
    let users = list(sequence, "actors").iter().filter_map(|actor| text(actor, "user.name"));
    let principal = only(users).or_else(|| of("data.accessKey").and_then(user));
    subject.principal = subject.principal.take().or(principal);
    actor_names(subject);
}

/// A sequence names all that its findings touched. One through a cluster is about that cluster whatever else
/// it touched; if that was ECS, too, nothing is sure.
fn thing(resources: &[Json<'_>]) -> Option<Thing> {
    let of = |resource: &Json<'_>| match at(resource, "data.eksCluster") {
        Some(_) => Some(Thing::Kubernetes),
        None => Thing::of(&text(resource, "resourceType")?),
    };
    let things: BTreeSet<_> = resources.iter().filter_map(of).collect();
    let is_ecs = |thing: &Thing| match thing {
        Thing::Other(word) => word.to_ascii_uppercase().starts_with("ECS"),
        Thing::Identity | Thing::Instance | Thing::Container | Thing::Kubernetes | Thing::Unknown(_) => false,
    };
    match (things.contains(&Thing::Kubernetes), things.iter().any(is_ecs)) {
        (true, false) => Some(Thing::Kubernetes),
        (true, true) => Some(Thing::Unknown("EKS and ECS".to_owned())),
        (false, _) => things.into_iter().next_back(),
    }
}

fn user(access_key: &Json<'_>) -> Option<String> {
    first_text(access_key, &["data.accessKey.userName", "data.accessKey.principalId", "name"])
}

fn actor_names(subject: &mut Subject) {
    let Some(principal) = &subject.principal else { return };
    subject.service_account = subject.service_account.take().or_else(|| names::service_account(principal));
    subject.node = subject.node.take().or_else(|| names::node(principal));
}

/// Whether it looks like a Kubernetes UID: the same member holds ARNs and GuardDuty's own ids.
fn is_uid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
