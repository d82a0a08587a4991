//! Carrying out steps on the cluster, one file per step or pair of steps.
//!
//! Every step reads what it is about to change, changes it only as the plan's object in the state read, and
//! finds done what was done: a run can be cut anywhere and begun again. What it needs to be allowed is in
//! `watchfire_core::plan::permissions`.

mod annotate;
mod api;
mod change;
mod checkup;
mod credentials;
mod deny;
mod deny_admin;
mod enabled;
mod fault;
mod isolate;
mod kind;
mod label_selector;
mod node;
mod object;
mod patch;
mod policy;
mod preflight;
mod remove;
mod restart;
mod scale;
mod scaler;
mod suspend;
mod verify;
mod verify_isolated;

use std::sync::Arc;

use tokio::time::Instant;
use watchfire_core::act::{Step, StepRecord, StepResult};
use watchfire_core::text::clean;

pub use checkup::{Identity, checkup};
pub(crate) use enabled::enabled_by;
pub use policy::{standing_admin, standing_namespaced};

use crate::clients::Clients;
use crate::failure::Failure;
use crate::retry;
use api::Api;
use credentials::Aws;

/// Kept in a record.
const NOTE_LENGTH: usize = 300;

/// What carries out steps.
#[derive(Clone)]
pub struct Containment {
    cluster: kube::Client,
    aws: Aws,
}

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Everything is done.
    ForReal,
    /// Every check and read, every write with `dryRun=All`; checks of what would have come of it only say
    /// what they would ask. AWS has no dry run: nothing is written there.
    Rehearse,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// One per step that came to a result, in order; a failed one is the last.
    pub records: Vec<StepRecord>,
    /// How it ended.
    pub end: End,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every step has a result.
    Done,
    /// A step failed for good.
    Failed {
        /// Which and why.
        reason: String,
    },
    /// A step could not be done for now, and may be later: always a transient failure.
    Pending(Failure),
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settled {
    result: StepResult,
    note: String,
}

type Outcome = Result<Settled, Failure>;

impl Containment {
    /// Over that cluster's API and that AWS configuration.
    ///
    /// The client must not try again by itself (`Config::default_retry = false`): how long to wait is what
    /// the API server says, and it is waited once, here.
    ///
    /// `account` is the cluster's: roles of another one are not touched.
    pub fn new(cluster: kube::Client, clients: Arc<Clients>, account: Option<String>) -> Self {
        Self { cluster, aws: Aws { clients, account } }
    }

    /// Carries out the steps in order; stops at the first that fails. Safe to repeat at any point: what is
    /// done is found done. What fails for now is tried again as long as the next try would begin before
    /// `give_up_at`; no step begins after it.
    pub async fn run(&self, steps: &[Step], how: How, give_up_at: Instant) -> Ran {
        let mut records: Vec<StepRecord> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let name = step.name();
            if Instant::now() >= give_up_at {
                let reason = format!("{}: no time was left", name.as_str());
                return Ran { records, end: End::Pending(Failure::transient(reason)) };
            }
            let later = steps.get(at + 1..).unwrap_or_default();
            let outcome = self.step(step, later, how, give_up_at).await;
            match outcome {
                Ok(Settled { result, note }) => {
                    records.push(StepRecord { step: name, result, note: clean(&note, NOTE_LENGTH) });
                }
                Err(Failure::Permanent { reason }) => {
                    let note = clean(&reason, NOTE_LENGTH);
                    records.push(StepRecord { step: name, result: StepResult::Failed, note: note.clone() });
                    let reason = format!("{}: {note}", name.as_str());
                    return Ran { records, end: End::Failed { reason } };
                }
                Err(Failure::Transient { reason, retry_after }) => {
                    let reason = clean(&format!("{}: {reason}", name.as_str()), NOTE_LENGTH);
                    return Ran { records, end: End::Pending(Failure::Transient { reason, retry_after }) };
                }
            }
        }
        Ran { records, end: End::Done }
    }

    async fn step(&self, step: &Step, later: &[Step], how: How, give_up_at: Instant) -> Outcome {
        let api = Api::new(self.cluster.clone(), how);
        let asks_again_by_itself =
            matches!(step, Step::VerifyIsolated { .. } | Step::VerifyScaled { .. } | Step::VerifyGone { .. });
        if asks_again_by_itself {
            return self.once(&api, step, later, give_up_at).await;
        }
        let admit = async || Ok(());
        retry::until(give_up_at, admit, async || self.once(&api, step, later, give_up_at).await).await
    }

    async fn once(&self, api: &Api, step: &Step, later: &[Step], give_up_at: Instant) -> Outcome {
        let until = |seconds: &u32| verify::Until::new(*seconds, give_up_at);
        match step {
            Step::Preflight(object) => preflight::check(api, object, later).await,
            Step::Deny { namespace } => deny::deny(api, namespace).await,
            Step::LiftDeny { namespace } => deny::lift(api, namespace).await,
            Step::DenyAdmin { api: tier } => deny_admin::deny(api, *tier).await,
            Step::Isolate { pod, incident, remove, annotate } => {
                isolate::isolate(api, pod, incident, remove, annotate).await
            }
            Step::Rejoin { pod, incident, restore, unannotate } => {
                isolate::rejoin(api, pod, incident, restore, unannotate).await
            }
            Step::Annotate { object, set } => annotate::annotate(api, object, set).await,
            Step::Restart { workload, at } => restart::restart(api, workload, at).await,
            Step::Scale { workload, from, to } => scale::scale(api, workload, *from, *to).await,
            Step::PauseScaler { object } => scaler::pause(api, object).await,
            Step::ResumeScaler { object, before } => scaler::resume(api, object, before).await,
            Step::Suspend { workload } => suspend::suspend(api, workload).await,
            Step::Resume { workload } => suspend::resume(api, workload).await,
            Step::Cordon { node } => node::cordon(api, node).await,
            Step::Uncordon { node } => node::uncordon(api, node).await,
            Step::Evict { pod } => remove::evict(api, pod).await,
            Step::Delete { pod, grace_seconds } => remove::delete(api, pod, *grace_seconds).await,
            Step::RevokePod { pod, role } => credentials::revoke_pod(api.how(), &self.aws, pod, role).await,
            Step::RevokeRole { role, before } => {
                credentials::revoke_role(api.how(), &self.aws, role, before).await
            }
            Step::RestoreRole { role, pod } => {
                credentials::restore(api.how(), &self.aws, role, pod.as_ref()).await
            }
            Step::VerifyReleased { pod } => verify::released(api, pod).await,
            Step::VerifyIsolated { pod, incident, within_seconds, stays_in } => {
                let wanted = verify_isolated::Wanted { pod, incident, stays_in };
                verify_isolated::verify(api, wanted, until(within_seconds)).await
            }
            Step::VerifyScaled { workload, within_seconds } => {
                verify::scaled(api, workload, until(within_seconds)).await
            }
            Step::VerifyGone { pod, within_seconds } => verify::gone(api, pod, until(within_seconds)).await,
        }
    }
}
