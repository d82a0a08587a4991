//! One report of the storm, as EventBridge would deliver it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
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
        self.finding().arn()
    }

    /// What a human reads first.
    pub fn title(&self) -> String {
        let Pod { namespace, name, cluster, .. } = &*self.subject;
        let (_, what) = self.kind.name.split_once('/').expect("every type has a slash");
        format!("{what} in the pod {namespace}/{name} of {cluster}.")
    }

    /// The event.
    pub fn text(&self) -> String {
        self.finding().event(&self.event).to_string()
    }

    fn finding(&self) -> GuardDuty {
        let Self { at: _, event: _, finding, subject, kind, priority: _, count, first_seen, updated_at } =
            self;
        let Pod { account, cluster, namespace, name, container, uid, container_id } = &**subject;
        GuardDuty::of(kind.name, kind.severity, name)
            .id(finding)
            .title(&self.title())
            .count(*count)
            .seen(*first_seen, *updated_at)
            .of_cluster(account, cluster)
            .in_namespace(namespace, uid)
            .container(container)
            .container_id(Some(&format!("containerd://{container_id}")))
    }
}
