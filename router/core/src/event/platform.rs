//! What an event is about that reports no finding: an instance, a pod, whatever it names.

use super::envelope::Envelope;
use super::read::{account, first_text, text};
use super::{Subject, Workload, names};
use crate::json::Json;

/// Reads what such an event names in the places where AWS's own do.
pub(super) fn subject(envelope: &Envelope, event: &Json<'_>) -> Subject {
    let instance =
        first_text(event, &["detail.instance-id", "detail.EC2InstanceId"]).or(envelope.resource.clone());
    // A machine that is none of EC2's.
    let machine = text(event, "detail.instance-id").filter(|id| names::instance_id(id).is_none());
    let instance = instance.as_deref().and_then(names::instance_id);
    let arn = envelope.resource.clone().filter(|resource| names::is_arn(resource));
    let cluster_arn = arn.clone().filter(|arn| arn.contains(":eks:") && arn.contains(":cluster/"));
    let cluster = text(event, "detail.clusterName")
        .or_else(|| cluster_arn.as_deref().and_then(|arn| arn.rsplit(":cluster/").next().map(str::to_owned)));
    let pod = text(event, "detail.podName");
    let object = text(event, "detail.s3ObjectDetails.bucketName")
        .zip(text(event, "detail.s3ObjectDetails.objectKey"))
        .map(|(bucket, key)| format!("{bucket}/{key}"));
    // Of an event about an image that has no ARN.
    let repository = text(event, "detail.repository-name").map(|name| format!("repository/{name}"));
    let has_name = instance.is_some() || cluster.is_some() || pod.is_some();
    Subject {
        account: account(event, "detail.resourceAccountId").or_else(|| envelope.account.clone()),
        region: envelope.region.clone(),
        cluster,
        cluster_arn,
        namespace: text(event, "detail.podNamespace"),
        workload: pod.clone().map(|name| Workload { kind: "pods".to_owned(), name, uid: None }),
        pod,
        instance,
        principal: caller(event),
        resource: object.or(arn.filter(|_| !has_name)).or(machine).or(repository),
        ..Subject::default()
    }
}

/// Who made the call that CloudTrail reports: the user, or of a session the role, as GuardDuty's findings name them.
fn caller(event: &Json<'_>) -> Option<String> {
    let identity = |path: &str| text(event, &format!("detail.userIdentity.{path}"));
    let of_arn = || {
        let arn = identity("arn")?;
        let mut path = arn.rsplit(':').next()?.split('/');
        let kind = path.next();
        path.next().or(kind).map(str::to_owned)
    };
    identity("sessionContext.sessionIssuer.userName")
        .or_else(|| identity("userName"))
        .or_else(of_arn)
        .or_else(|| identity("invokedBy"))
        .or_else(|| identity("principalId"))
}
