//! What makes a GuardDuty finding a sample: GuardDuty's own flag. A sample never pages, so nothing that anyone else
//! may write makes one: no name of a resource, no tag, no title.

use super::read::{at, first_text, is_true, text};
use crate::json::Json;

/// The names that GuardDuty makes up for the resources of its samples, exactly so.
const MADE_UP: [&str; 24] = [
    "GeneratedFindingAccessKeyId",
    "GeneratedFindingContainerId",
    "GeneratedFindingContainerImage",
    "GeneratedFindingContainerName",
    "GeneratedFindingDBClusterId",
    "GeneratedFindingDBInstanceId",
    "GeneratedFindingECSClusterArn",
    "GeneratedFindingECSClusterName",
    "GeneratedFindingECSTaskArn",
    "GeneratedFindingEKSClusterArn",
    "GeneratedFindingEKSClusterName",
    "GeneratedFindingImageId",
    "GeneratedFindingInstanceId",
    "GeneratedFindingInstanceName",
    "GeneratedFindingKubernetesWorkloadName",
    "GeneratedFindingKubernetesWorkloadNamespace",
    "GeneratedFindingKubernetesWorkloadUID",
    "GeneratedFindingLambdaFunctionArn",
    "GeneratedFindingLambdaFunctionName",
    "GeneratedFindingPrincipalId",
    "GeneratedFindingS3Bucket",
    "GeneratedFindingUserName",
    "GeneratedFindingVolumeId",
    "i-99999999",
];

/// Whether GuardDuty's own event has the flag, in either of its places.
pub(super) fn is_flagged(detail: &Json<'_>) -> bool {
    // In newer findings `value` is a JSON text.
    let said_within = || {
        let value = first_text(detail, &["service.additionalInfo.value"]);
        value.is_some_and(|value| Json::parse(&value).is_ok_and(|value| is_true(at(&value, "sample"))))
    };
    is_true(at(detail, "service.additionalInfo.sample")) || said_within()
}

/// Whether a copy that has lost the flag was a sample: GuardDuty's mark in front of its title, and made-up names,
/// exactly those, for all of its resources. Either alone may be anyone's.
pub(super) fn is_copy_of_one(title: &str, resources: &[Json<'_>], id: &str) -> bool {
    let is_made_up = |resource: &Json<'_>| {
        let id = text(resource, id).unwrap_or_default();
        id.rsplit(['/', ':']).next().is_some_and(|name| MADE_UP.contains(&name))
    };
    title.starts_with("[SAMPLE] ") && !resources.is_empty() && resources.iter().all(is_made_up)
}
