//! Which steps take effect on what is to be contained.

use crate::act::StepName;

impl StepName {
    /// Whether something is done to what is to be contained, other than looking at it or preparing for it.
    pub fn contains(self) -> bool {
        match self {
            StepName::Isolate
            | StepName::Restart
            | StepName::Scale
            | StepName::PauseScaler
            | StepName::Suspend
            | StepName::Cordon
            | StepName::Evict
            | StepName::Delete
            | StepName::RevokePod
            | StepName::RevokeRole => true,
            StepName::Preflight
            | StepName::Deny
            | StepName::DenyAdmin
            | StepName::Rejoin
            | StepName::Annotate
            | StepName::ResumeScaler
            | StepName::Resume
            | StepName::Uncordon
            | StepName::RestoreRole
            | StepName::VerifyIsolated
            | StepName::VerifyScaled
            | StepName::VerifyGone
            | StepName::LiftDeny
            | StepName::VerifyReleased => false,
        }
    }
}
