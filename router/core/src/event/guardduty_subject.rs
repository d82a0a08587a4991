//! What a GuardDuty finding is about: cluster, workload, container, instance, and who acted.

use std::collections::BTreeSet;

use super::envelope::Envelope;
use super::read::{account, at, first_text, list, text};
use super::{Container, Subject, Thing, Workload, guardduty_sequence, names, read};
use crate::json::Json;

const CALL: &str = "service.action.kubernetesApiCallAction";
const WORKLOAD: &str = "resource.kubernetesDetails.kubernetesWorkloadDetails";
const USER: &str = "resource.kubernetesDetails.kubernetesUserDetails.username";

/// Reads the subject of a finding's detail.
pub(super) fn read(envelope: &Envelope, detail: &Json<'_>) -> Subject {
    let cluster = text(detail, "resource.eksClusterDetails.name");
    let tags = at(detail, "resource.instanceDetails.tags");
    let mut subject = Subject {
        account: account(detail, "accountId").or_else(|| envelope.account.clone()),
        region: text(detail, "region").or_else(|| envelope.region.clone()),
        cluster: cluster.or_else(|| names::cluster_in_tags(tags)),
        cluster_arn: text(detail, "resource.eksClusterDetails.arn").filter(|arn| names::is_arn(arn)),
        instance: text(detail, "resource.instanceDetails.instanceId"),
        ip: ip(detail),
        vpc: vpc(detail),
        thing: thing(detail),
        ..Subject::default()
    };
    resources(detail).for_each(|resource| subject.is_about(resource));
    workload(detail, &mut subject);
    container(detail, &mut subject);
    actor(detail, &mut subject);
    if let Some(sequence) = at(detail, "service.detection.sequence") {
        guardduty_sequence::fill(sequence, &mut subject);
    }
    subject
}

/// The workload as it is named, else what the API call was about.
fn workload(detail: &Json<'_>, subject: &mut Subject) {
    let call = |name: &str| text(detail, &format!("{CALL}.{name}"));
    let requested = call("requestUri").map(|uri| names::target(&uri)).unwrap_or_default();
    let called = names::Target {
        namespace: call("namespace").or(requested.namespace),
        kind: call("resource").or(requested.kind).map(|kind| names::kind(&kind)),
        name: call("resourceName").or(requested.name),
    };
    let own = |name: &str| text(detail, &format!("{WORKLOAD}.{name}"));
    subject.namespace = own("namespace").or_else(|| called.namespace.clone());
    match (own("name"), called) {
        (Some(name), called) => {
            let kind = own("type").map(|kind| names::kind(&kind));
            let kind = kind.or(called.kind).filter(|kind| names::is_workload(kind) || own("type").is_some());
            subject.workload = Some(Workload {
                kind: kind.unwrap_or_else(|| "workloads".to_owned()),
                name,
                uid: own("uid"),
            });
        }
        (None, names::Target { namespace: _, kind: Some(kind), name: Some(name) })
            if names::is_workload(&kind) =>
        {
            subject.workload = Some(Workload { kind, name, uid: own("uid") });
        }
        (None, called) => match own("uid") {
            // A UID is as good as a name, and nothing else must be taken for what it means.
            Some(uid) => {
                let kind = own("type").map_or("workloads".to_owned(), |kind| names::kind(&kind));
                subject.workload = Some(Workload { kind, name: uid.clone(), uid: Some(uid) });
            }
            None => {
                let named = called.kind.zip(called.name).filter(|_| subject.resource.is_none());
                subject.resource = subject.resource.take().or(named.map(|(kind, name)| {
                    format!("{kind}/{}/{name}", called.namespace.as_deref().unwrap_or("-"))
                }));
            }
        },
    }
    subject.pod = subject.workload.as_ref().filter(|it| it.kind == "pods").map(|pod| pod.name.clone());
}

/// The container that the finding singles out. Of several that it merely lists only a privileged one is
/// taken: naming any other would be a guess.
fn container(detail: &Json<'_>, subject: &mut Subject) {
    let listed = list(detail, "resource.kubernetesDetails.kubernetesWorkloadDetails.containers");
    let tasks = list(detail, "resource.ecsClusterDetails.taskDetails.containers");
    let is_privileged = |container: &&Json<'_>| read::is_true(at(container, "securityContext.privileged"));
    let found = at(detail, "resource.containerDetails")
        .or_else(|| only(listed.iter()))
        .or_else(|| only(listed.iter().filter(is_privileged)))
        .or_else(|| only(tasks.iter()));
    let Some(found) = found else { return };
    subject.image = names::image(text(found, "image"), text(found, "imageUid"));
    let (name, id) = (text(found, "name"), text(found, "id").and_then(|id| names::container_id(&id)));
    if name.is_some() || id.is_some() {
        subject.container = Some(Container { name, id });
    }
}

/// The one element, if there is exactly one.
pub(super) fn only<T>(mut elements: impl Iterator<Item = T>) -> Option<T> {
    match (elements.next(), elements.next()) {
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) | (None, _) => None,
    }
}

fn actor(detail: &Json<'_>, subject: &mut Subject) {
    let user = text(detail, USER);
    subject.service_account = user.as_deref().and_then(names::service_account);
    subject.node = user.as_deref().and_then(names::node);
    let key = ["userName", "principalId", "accessKeyId"];
    let key = key.map(|name| text(detail, &format!("resource.accessKeyDetails.{name}")));
    subject.principal = user.or_else(|| key.into_iter().flatten().next());
    // The workload's own account: nobody acted through the API, but the pod could.
    if subject.service_account.is_none() && subject.principal.is_none() {
        let name = text(detail, &format!("{WORKLOAD}.serviceAccountName"));
        let namespace = subject.namespace.as_ref();
        subject.service_account = namespace.zip(name).map(|(namespace, name)| format!("{namespace}/{name}"));
    }
}

fn thing(detail: &Json<'_>) -> Option<Thing> {
    let resource = at(detail, "resource")?;
    Thing::of_guardduty(resource, text(resource, "resourceType").as_deref())
}

/// Of the cluster, else of the instance if all of its interfaces are in one.
fn vpc(detail: &Json<'_>) -> Option<String> {
    let interfaces = list(detail, "resource.instanceDetails.networkInterfaces").iter();
    let of_interfaces: BTreeSet<_> = interfaces.filter_map(|interface| text(interface, "vpcId")).collect();
    text(detail, "resource.eksClusterDetails.vpcId").or_else(|| only(of_interfaces.into_iter()))
}

/// The near end of the connection; on a node with several addresses this tells which pod it was.
fn ip(detail: &Json<'_>) -> Option<String> {
    let interface = "resource.instanceDetails.networkInterfaces.0";
    let ip = first_text(
        detail,
        &[
            "service.action.networkConnectionAction.localIpDetails.ipAddressV4",
            "service.action.networkConnectionAction.localIpDetails.ipAddressV6",
            "service.action.portProbeAction.portProbeDetails.0.localIpDetails.ipAddressV4",
            "service.action.portProbeAction.portProbeDetails.0.localIpDetails.ipAddressV6",
            &format!("{interface}.privateIpAddress"),
            &format!("{interface}.privateIpAddresses.0.privateIpAddress"),
        ],
    );
    ip.map(|ip| names::address(&ip))
}

/// Where GuardDuty names what is no pod, instance or user: a part of `resource`, which is an object or a list of them,
/// and the names in it, of which the first counts.
const RESOURCES: [(&str, &[&str]); 11] = [
    ("s3BucketDetails", &["arn", "name"]),
    ("rdsDbInstanceDetails", &["dbInstanceArn", "dbInstanceIdentifier"]),
    ("rdsLimitlessDbDetails", &["dbShardGroupArn", "dbShardGroupIdentifier", "dbClusterIdentifier"]),
    ("lambdaDetails", &["functionArn", "functionName"]),
    ("ecsClusterDetails", &["arn", "name"]),
    ("ebsSnapshotDetails", &["snapshotArn", "snapshotId"]),
    ("ec2ImageDetails", &["imageArn", "imageId"]),
    ("recoveryPointDetails", &["recoveryPointArn", "backupVaultName"]),
    ("bedrockGuardrailDetails.guardrails", &["arn", "guardrailArn", "id"]),
    ("bedrockGuardrailDetails", &["arn", "guardrailArn", "guardrailId"]),
    ("modelDetails", &["modelId", "modelArn", "arn"]),
];

fn resources(detail: &Json<'_>) -> impl Iterator<Item = String> {
    RESOURCES.iter().flat_map(move |(part, names)| {
        let parts = list(detail, &format!("resource.{part}")).iter();
        parts.filter_map(|part| first_text(part, names)).collect::<Vec<_>>()
    })
}
