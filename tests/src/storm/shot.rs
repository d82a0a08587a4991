//! One report of the storm, as EventBridge would deliver it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use watchfire_core::priority::Priority;

use super::{Kind, Pod};
use crate::GuardDuty;

/// One report.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// When, from the start of the storm.
    pub at: Duration,
    /// EventBridge's id of it; no other has it.
    pub event: String,
    /// The finding's id: the same in each of its reports.
    pub finding: String,
    /// The pod it is about.
    pub subject: Arc<Pod>,
    /// The finding's type.
    pub kind: &'static Kind,
    /// By the shipped rules.
    pub priority: Priority,
    /// How often GuardDuty has seen it so far.
    pub count: u64,
    /// The time of the finding's first report.
    pub first_seen: Timestamp,
    /// The time of this report.
    pub updated_at: Timestamp,
}

impl Shot {
    /// The finding's key: its ARN.
    pub fn key(&self) -> String {
        let detector = "12abc34d567e8fa901bc2d34e56789f0";
        let (account, finding) = (self.subject.account, &self.finding);
        format!("arn:aws-us-gov:guardduty:us-gov-west-1:{account}:detector/{detector}/finding/{finding}")
    }

    /// What a human reads first.
    pub fn title(&self) -> String {
        let Pod { namespace, name, cluster, .. } = &*self.subject;
        let (_, what) = self.kind.name.split_once('/').expect("every type has a slash");
        format!("{what} in the pod {namespace}/{name} of {cluster}.")
    }

    /// The event.
    pub fn text(&self) -> String {
        let Self { at: _, event, finding, subject, kind, priority: _, count, first_seen, updated_at } = self;
        let Pod { account, cluster, namespace, name, container, uid, container_id } = &**subject;
        let mut made =
            GuardDuty { id: finding.clone(), count: *count, ..GuardDuty::of(kind.name, kind.severity, name) }
                .event(event);
        let (first_seen, updated_at) = (written(*first_seen), written(*updated_at));
        made["account"] = json!(account);
        made["time"] = json!(updated_at);
        let detail = &mut made["detail"];
        detail["accountId"] = json!(account);
        detail["arn"] = json!(self.key());
        detail["title"] = json!(self.title());
        detail["createdAt"] = json!(first_seen);
        detail["updatedAt"] = json!(updated_at);
        let service = &mut detail["service"];
        service["eventFirstSeen"] = json!(first_seen);
        service["eventLastSeen"] = json!(updated_at);
        if kind.name.contains(":Kubernetes/") {
            service["runtimeDetails"] = json!(null);
            service["featureName"] = json!(null);
        }
        let eks = &mut detail["resource"]["eksClusterDetails"];
        eks["name"] = json!(cluster);
        eks["arn"] = json!(format!("arn:aws-us-gov:eks:us-gov-west-1:{account}:cluster/{cluster}"));
        let workload = &mut detail["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"];
        workload["namespace"] = json!(namespace);
        workload["uid"] = json!(uid);
        let first = &mut workload["containers"][0];
        first["id"] = json!(format!("containerd://{container_id}"));
        first["name"] = json!(container);
        first["image"] = json!(format!("registry.local/{container}:1.4.2"));
        made.to_string()
    }
}

fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
