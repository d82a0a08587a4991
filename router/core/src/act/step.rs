//! The steps that actions are made of: each is one change or one check, can be repeated, and leaves no choice.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, VariantArray};

use crate::context::{AdminApi, ObjectRef};
use crate::word;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, EnumDiscriminants)]
#[serde(rename_all = "snake_case")]
#[strum_discriminants(
    name(StepName),
    doc = "A step's kind, for records, metrics and permissions.",
    derive(PartialOrd, Ord, Hash, Serialize, Deserialize, VariantArray, JsonSchema),
    serde(rename_all = "snake_case")
)]
pub enum Step {
    /// The object is what was planned for: it is there, with its UID, and not on its way out. Every step
    /// that changes an object checks this by itself, too.
    Preflight(ObjectRef),
    /// The namespaced policy of that name denies everything to and from pods with the quarantine label:
    /// applied by server-side apply under our field manager where it is missing.
    Deny {
        /// Where.
        namespace: String,
    },
    /// The same in the admin tier, cluster-wide.
    DenyAdmin {
        /// As which kind.
        api: AdminApi,
    },
    /// In one JSON patch with tests on UID and resourceVersion: annotations set, the quarantine label set,
    /// and these labels taken away. Done already if the label has that value.
    Isolate {
        /// The pod.
        pod: ObjectRef,
        /// The quarantine label's value.
        incident: String,
        /// Labels taken away, with their values: what Services, the controller and other policies select.
        /// A label that has another value by now makes the step fail: the plan is out of date.
        remove: BTreeMap<String, String>,
        /// Annotations set.
        annotate: BTreeMap<String, String>,
    },
    /// The reverse of `Isolate`: the quarantine label and these annotations taken away, these labels set.
    Rejoin {
        /// The pod.
        pod: ObjectRef,
        /// The quarantine label's value; another one is not ours to take away.
        incident: String,
        /// Labels set, where they are absent.
        restore: BTreeMap<String, String>,
        /// Annotations taken away.
        unannotate: Vec<String>,
    },
    /// Annotations set; an empty value takes the annotation away.
    Annotate {
        /// The object.
        object: ObjectRef,
        /// Name and value.
        set: BTreeMap<String, String>,
    },
    /// The workload makes its pods anew, under a new template hash.
    Restart {
        /// The Deployment.
        workload: ObjectRef,
        /// The value of `kubectl.kubernetes.io/restartedAt`: the same on every repeat, so it restarts once.
        at: String,
    },
    /// The workload has that many replicas, by its `scale` subresource.
    Scale {
        /// The workload.
        workload: ObjectRef,
        /// How many there were; remembered in an annotation when scaling down. When scaling up again,
        /// what someone has changed meanwhile is left alone.
        from: u32,
        /// How many there are to be.
        to: u32,
    },
    /// KEDA holds the workload at zero.
    PauseScaler {
        /// The ScaledObject.
        object: ObjectRef,
    },
    /// KEDA goes on as before.
    ResumeScaler {
        /// The ScaledObject.
        object: ObjectRef,
        /// The value its pause had before; empty for none.
        before: String,
    },
    /// A Job or CronJob starts no more pods.
    Suspend {
        /// The Job or CronJob.
        workload: ObjectRef,
    },
    /// It starts pods again.
    Resume {
        /// The Job or CronJob.
        workload: ObjectRef,
    },
    /// No new pods on the node.
    Cordon {
        /// The node.
        node: ObjectRef,
    },
    /// New pods on the node again.
    Uncordon {
        /// The node.
        node: ObjectRef,
    },
    /// The pod is asked to leave by the eviction API, which keeps PodDisruptionBudgets.
    Evict {
        /// The pod.
        pod: ObjectRef,
    },
    /// The pod is deleted, with its UID as a precondition, whatever PodDisruptionBudgets say.
    Delete {
        /// The pod.
        pod: ObjectRef,
        /// Its time to end, in seconds.
        grace_seconds: u32,
    },
    /// The pod's sessions are denied everything by its role (Pod Identity, by the tag with its UID).
    RevokePod {
        /// The pod.
        pod: ObjectRef,
        /// The role's ARN.
        role: String,
    },
    /// Every session of the role that began before that time is denied everything (IRSA).
    RevokeRole {
        /// The role's ARN.
        role: String,
        /// RFC 3339.
        before: String,
    },
    /// The denials of `RevokePod` or `RevokeRole` are taken away.
    RestoreRole {
        /// The role's ARN.
        role: String,
        /// The pod whose denial it is; none for the role-wide one.
        pod: Option<ObjectRef>,
    },
    /// It is contained: in no EndpointSlice, selected by no other policy, listed by `PolicyEndpoint` where
    /// that exists, with enforcement switched on. Asked again until it is, at most that long.
    VerifyIsolated {
        /// The pod.
        pod: ObjectRef,
        /// The quarantine label's value.
        incident: String,
        /// How long.
        within_seconds: u32,
        /// The Services whose EndpointSlices it stays in, because its controller puts back what they select it by.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stays_in: Vec<String>,
    },
    /// The workload has no pods any more. Asked again until it has none, at most that long.
    VerifyScaled {
        /// The workload.
        workload: ObjectRef,
        /// How long.
        within_seconds: u32,
    },
    /// The pod of that UID is gone. Asked again until it is, at most that long.
    VerifyGone {
        /// The pod.
        pod: ObjectRef,
        /// How long.
        within_seconds: u32,
    },
    /// The namespaced policy is taken away if Watchfire applied it and no pod of the namespace has the label.
    LiftDeny {
        /// Where.
        namespace: String,
    },
    /// The pod carries no trace of a quarantine.
    VerifyReleased {
        /// The pod.
        pod: ObjectRef,
    },
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// Which step.
    pub step: StepName,
    /// What became of it.
    pub result: StepResult,
    /// In a clause, without secrets; at most 300 characters. Empty where the result says it all.
    pub note: String,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// It was done now.
    Done,
    /// It had been done before, by an earlier try or by someone else.
    Already,
    /// In a rehearsal: the API server would have taken it.
    WouldDo,
    /// It was found to be needless, or not ours to do.
    Left,
    /// It failed; nothing after it was tried.
    Failed,
}

impl Step {
    /// Its kind.
    pub fn name(&self) -> StepName {
        self.into()
    }
}

impl ObjectRef {
    /// `pod shop/pay-1`, `node ip-10-0-0-1`.
    pub fn named(&self) -> String {
        let kind = self.kind.to_lowercase();
        match self.namespace.is_empty() {
            true => format!("{kind} {}", self.name),
            false => format!("{kind} {}/{}", self.namespace, self.name),
        }
    }
}

impl StepName {
    /// All of them.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The word in records, metrics and on the command line.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}
