//! `Preflight`: the object is what was planned for.

use watchfire_core::act::{Step, StepResult};
use watchfire_core::context::ObjectRef;

use super::api::{Api, Live};
use super::{Outcome, Settled};
use crate::failure::Failure;

/// It is there, with its UID, and not on its way out, unless it is to be isolated: how long a pod takes to leave is
/// its owner's to say, and until then it runs. Or a later step ends it or cuts it off, and it has ended.
pub(super) async fn check(api: &Api, object: &ObjectRef, later: &[Step]) -> Outcome {
    let why = match api.live(object).await? {
        Live::Is(_) => return Ok(Settled::new(StepResult::Done, "")),
        Live::Leaving(_) if later.iter().any(|step| isolates(step, object)) => {
            return Ok(Settled::new(StepResult::Done, "it is on its way out, and runs until then"));
        }
        Live::Gone(why) if later.iter().any(|step| isolates(step, object)) => {
            return Ok(Settled::new(StepResult::Left, why));
        }
        Live::Leaving(_) => format!("{} is on its way out", object.named()),
        Live::Gone(why) => why,
    };
    match later.iter().any(|step| ends(step, object)) {
        // A run that was cut after its deletion begins here again.
        true => Ok(Settled::new(StepResult::Already, why)),
        false => Err(Failure::permanent(why)),
    }
}

fn isolates(step: &Step, object: &ObjectRef) -> bool {
    matches!(step, Step::Isolate { pod, .. } if pod == object)
}

fn ends(step: &Step, object: &ObjectRef) -> bool {
    match step {
        Step::Evict { pod } | Step::Delete { pod, .. } => pod == object,
        Step::Preflight(_)
        | Step::Deny { .. }
        | Step::DenyAdmin { .. }
        | Step::Isolate { .. }
        | Step::Rejoin { .. }
        | Step::Annotate { .. }
        | Step::Restart { .. }
        | Step::Scale { .. }
        | Step::PauseScaler { .. }
        | Step::ResumeScaler { .. }
        | Step::Suspend { .. }
        | Step::Resume { .. }
        | Step::Cordon { .. }
        | Step::Uncordon { .. }
        | Step::RevokePod { .. }
        | Step::RevokeRole { .. }
        | Step::RestoreRole { .. }
        | Step::VerifyIsolated { .. }
        | Step::VerifyScaled { .. }
        | Step::VerifyGone { .. }
        | Step::LiftDeny { .. }
        | Step::VerifyReleased { .. } => false,
    }
}
