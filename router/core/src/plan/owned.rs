//! Labels of pods that belong to a controller: taken away they come back, or the pod goes.

use crate::context::WorkloadKind;

/// By which a StatefulSet names each of its pods: what is taken away is put back within a second.
const OF_ITS_NAME: [&str; 2] = ["statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"];
/// By which a StatefulSet or a DaemonSet knows its template: a pod without it is taken for an old one, and ended.
const OF_ITS_TEMPLATE: &str = "controller-revision-hash";

/// Whether the controller puts the label back at once.
pub(super) fn is_put_back(controller: &WorkloadKind, label: &str) -> bool {
    *controller == WorkloadKind::StatefulSet && OF_ITS_NAME.contains(&label)
}

/// Whether the label stays on a pod that its controller keeps.
pub(super) fn is_kept(controller: &WorkloadKind, label: &str) -> bool {
    let has_revisions = matches!(controller, WorkloadKind::StatefulSet | WorkloadKind::DaemonSet);
    is_put_back(controller, label) || (has_revisions && label == OF_ITS_TEMPLATE)
}
