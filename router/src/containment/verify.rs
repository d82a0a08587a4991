//! `VerifyScaled`, `VerifyGone` and `VerifyReleased`: what was done has come about.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use watchfire_core::act::StepResult;
use watchfire_core::context::{ObjectRef, Selector, WorkloadKind};

use super::api::{Api, Live};
use super::change::{Gone, here};
use super::kind::{POD, REPLICA_SET};
use super::{How, Outcome, Settled, label_selector, object};
use crate::failure::Failure;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(200);
/// A controller takes a pod back within a second; one that is busy is waited for.
const TAKEN_BACK_WITHIN: Duration = Duration::from_secs(5);
/// Whatever begins so is a trace of ours.
const OURS: &str = "watchfire.dev/";

/// How long to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    within_seconds: u32,
    end: Instant,
}

/// What a look has shown.
pub(super) enum Look {
    /// It has come about; a note.
    Proven(String),
    /// It has not, yet: why.
    NotYet(String),
}

impl Until {
    /// At most that long from now, and not beyond the act's own end.
    pub(super) fn new(within_seconds: u32, give_up_at: Instant) -> Self {
        let end = Instant::now() + Duration::from_secs(within_seconds.into());
        Self { within_seconds, end: end.min(give_up_at) }
    }

    /// Looks until it has come about, at least once; says what was missing at the last look. A look that
    /// fails for now is one that has not shown it.
    pub(super) async fn looking<L: Future<Output = Result<Look, Failure>>>(
        self,
        look: impl Fn() -> L,
    ) -> Outcome {
        let Self { within_seconds, end } = self;
        loop {
            let (missing, wait) = match look().await {
                Ok(Look::Proven(note)) => return Ok(Settled::new(StepResult::Done, note)),
                Ok(Look::NotYet(missing)) => (missing, EVERY),
                Err(Failure::Transient { reason, retry_after }) => {
                    (reason, retry_after.unwrap_or_default().max(EVERY))
                }
                Err(permanent @ Failure::Permanent { .. }) => return Err(permanent),
            };
            let next = Instant::now() + wait;
            if next > end {
                return Err(Failure::permanent(format!("not within {within_seconds} s: {missing}")));
            }
            sleep_until(next).await;
        }
    }
}

/// No pod of the workload is left.
pub(super) async fn scaled(api: &Api, workload: &ObjectRef, until: Until) -> Outcome {
    if let Some(said) = rehearsed(api, "would list the pods that its selector selects until there is none") {
        return Ok(said);
    }
    until
        .looking(async || {
            let live = match here(api, workload, Gone::IsFine).await? {
                Ok(live) => live,
                Err(gone) => return Ok(Look::Proven(gone.note)),
            };
            if WorkloadKind::of(&workload.kind) == WorkloadKind::CronJob {
                return Ok(match object::is_empty(&live["status"]["active"]) {
                    true => Look::Proven(String::new()),
                    false => Look::NotYet("Jobs that it has started still run".to_owned()),
                });
            }
            let selector = label_selector::read(&live["spec"]["selector"]);
            if selector == Selector::default() {
                return Err(Failure::permanent(format!("{} has no selector", workload.named())));
            }
            let query = label_selector::query(&selector);
            let pods = api.list(&POD, &workload.namespace, Some(&query)).await?.unwrap_or_default();
            let left: Vec<_> = pods.iter().filter(|pod| is_left(workload, pod)).map(object::name).collect();
            Ok(match left.first() {
                None => Look::Proven(String::new()),
                Some(pod) => Look::NotYet(format!("{} of its pods are left, such as {pod}", left.len())),
            })
        })
        .await
}

/// Whether a pod that the workload's selector selects is one of its own, and has not ended.
fn is_left(workload: &ObjectRef, pod: &Value) -> bool {
    let ended = pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed";
    let Some((kind, name, uid)) = object::controller(pod) else { return false };
    let is_own = match WorkloadKind::of(&workload.kind) {
        // Its pods are those of its ReplicaSets, which are named after the template's hash.
        WorkloadKind::Deployment => {
            let hash = object::label(pod, "pod-template-hash").unwrap_or_default();
            kind == "ReplicaSet" && name == format!("{}-{hash}", workload.name)
        }
        WorkloadKind::ReplicaSet
        | WorkloadKind::StatefulSet
        | WorkloadKind::DaemonSet
        | WorkloadKind::Job
        | WorkloadKind::CronJob
        | WorkloadKind::Other(_) => uid == workload.uid,
    };
    is_own && !ended
}

/// The pod of that UID is gone.
pub(super) async fn gone(api: &Api, pod: &ObjectRef, until: Until) -> Outcome {
    if let Some(said) = rehearsed(api, "would read the pod until it is gone") {
        return Ok(said);
    }
    until
        .looking(async || {
            Ok(match api.live(pod).await? {
                Live::Gone(_) => Look::Proven(String::new()),
                Live::Leaving(_) => Look::NotYet("it is still on its way out".to_owned()),
                Live::Is(_) => Look::NotYet("it is there, and not on its way out".to_owned()),
            })
        })
        .await
}

/// The pod carries no trace of a quarantine, and whether it goes on: a ReplicaSet that takes it back and wants no more
/// pods ends it.
pub(super) async fn released(api: &Api, pod: &ObjectRef) -> Outcome {
    let would = "would look for labels and annotations of ours, and whether its ReplicaSet keeps it";
    if let Some(said) = rehearsed(api, would) {
        return Ok(said);
    }
    let live = match api.live(pod).await? {
        Live::Is(live) => live,
        Live::Leaving(live) => return Ok(ended_by(pod, &live)),
        Live::Gone(_) => return Ok(does_not_go_on(pod, "it has ended since")),
    };
    let annotations = object::texts(&live["metadata"]["annotations"]);
    let keys = object::labels(&live).into_keys().chain(annotations.into_keys());
    let traces: Vec<_> = keys.filter(|key| key.starts_with(OURS)).collect();
    match traces.is_empty() {
        true => kept(api, pod, &live).await,
        false => Err(Failure::permanent(format!("{} still carries {}", pod.named(), traces.join(", ")))),
    }
}

/// Looks again until the ReplicaSet that selects the pod has either taken it back, with no pod too many, or ends it.
async fn kept(api: &Api, pod: &ObjectRef, live: &Value) -> Outcome {
    let labels = object::labels(live);
    let selects = |set: &&Value| label_selector::read(&set["spec"]["selector"]).selects(&labels);
    let sets = api.list(&REPLICA_SET, &pod.namespace, None).await?.unwrap_or_default();
    let Some(set) = sets.iter().filter(|set| !object::is_leaving(set)).find(selects) else {
        return Ok(Settled::new(StepResult::Done, ""));
    };
    let (name, end) = (object::name(set), Instant::now() + TAKEN_BACK_WITHIN);
    loop {
        let live = match api.live(pod).await? {
            Live::Is(live) => live,
            Live::Leaving(live) => return Ok(ended_by(pod, &live)),
            Live::Gone(_) => return Ok(ended(pod, name)),
        };
        let is_taken_back = object::controller(&live).is_some_and(|(_, _, uid)| uid == object::uid(set));
        if is_taken_back && !has_too_many(api, pod, set).await? {
            return Ok(Settled::new(StepResult::Done, format!("the ReplicaSet {name} keeps it")));
        }
        let next = Instant::now() + EVERY;
        if next > end {
            let note =
                format!("whether the ReplicaSet {name} keeps it is not known after {TAKEN_BACK_WITHIN:?}");
            return Ok(Settled::new(StepResult::Done, note));
        }
        sleep_until(next).await;
    }
}

async fn has_too_many(api: &Api, pod: &ObjectRef, set: &Value) -> Result<bool, Failure> {
    let query = label_selector::query(&label_selector::read(&set["spec"]["selector"]));
    let pods = api.list(&POD, &pod.namespace, Some(&query)).await?.unwrap_or_default();
    let own = |pod: &&Value| {
        let ended = pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed";
        object::controller(pod).is_some_and(|(_, _, uid)| uid == object::uid(set))
            && !object::is_leaving(pod)
            && !ended
    };
    let now = api.get(&REPLICA_SET, &pod.namespace, object::name(set)).await?;
    let wanted = now.as_ref().unwrap_or(set)["spec"]["replicas"].as_u64().unwrap_or(1);
    Ok(pods.iter().filter(own).count() as u64 > wanted)
}

fn ended_by(pod: &ObjectRef, live: &Value) -> Settled {
    match object::controller(live) {
        Some(("ReplicaSet", name, _)) => ended(pod, name),
        Some(_) | None => does_not_go_on(pod, "it is on its way out"),
    }
}

fn ended(pod: &ObjectRef, set: &str) -> Settled {
    let because =
        format!("the ReplicaSet {set} took it back and ended it, having all the pods that it wants");
    does_not_go_on(pod, &because)
}

fn does_not_go_on(pod: &ObjectRef, because: &str) -> Settled {
    Settled::new(StepResult::Left, format!("{} does not go on: {because}", pod.named()))
}

/// In a rehearsal nothing has been done that could have come about.
pub(super) fn rehearsed(api: &Api, would: &str) -> Option<Settled> {
    match api.how() {
        How::ForReal => None,
        How::Rehearse => Some(Settled::new(StepResult::WouldDo, would)),
    }
}
