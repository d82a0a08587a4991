//! A plan in a human's words.

use super::Step;

/// The steps in a line: `check pod shop/pay-1; label it and take away app, tier; restart deployment shop/pay`.
pub fn summary(steps: &[Step]) -> String {
    let clauses: Vec<_> = steps.iter().map(Step::clause).collect();
    clauses.join("; ")
}

impl Step {
    /// What it does, in a clause.
    pub fn clause(&self) -> String {
        match self {
            Step::Preflight(object) => format!("check {}", object.named()),
            Step::Deny { namespace } => format!("install the deny policy in {namespace}"),
            Step::DenyAdmin { api: _ } => "install the deny policy of the admin tier".to_owned(),
            Step::Isolate { pod, remove, .. } if remove.is_empty() => format!("label {}", pod.named()),
            Step::Isolate { pod, remove, .. } => {
                let labels: Vec<_> = remove.keys().map(String::as_str).collect();
                format!("label {} and take away its {}", pod.named(), labels.join(", "))
            }
            Step::Rejoin { pod, restore, .. } if restore.is_empty() => {
                format!("take the label off {}", pod.named())
            }
            Step::Rejoin { pod, restore, .. } => {
                let labels: Vec<_> = restore.keys().map(String::as_str).collect();
                format!("take the label off {} and give back its {}", pod.named(), labels.join(", "))
            }
            Step::Annotate { object, .. } => format!("annotate {}", object.named()),
            Step::Restart { workload, .. } => format!("restart {}", workload.named()),
            Step::Scale { workload, from, to } => format!("scale {} from {from} to {to}", workload.named()),
            Step::PauseScaler { object } => format!("pause {} at 0", object.named()),
            Step::ResumeScaler { object, .. } => format!("let {} go on", object.named()),
            Step::Suspend { workload } => format!("suspend {}", workload.named()),
            Step::Resume { workload } => format!("resume {}", workload.named()),
            Step::Cordon { node } => format!("cordon {}", node.named()),
            Step::Uncordon { node } => format!("uncordon {}", node.named()),
            Step::Evict { pod } => format!("evict {}", pod.named()),
            Step::Delete { pod, grace_seconds: 0 } => format!("delete {} at once", pod.named()),
            Step::Delete { pod, grace_seconds } => format!("delete {} in {grace_seconds} s", pod.named()),
            Step::RevokePod { pod, role } => format!("deny {role} to {}", pod.named()),
            Step::RevokeRole { role, before } => format!("deny {role} to all sessions from before {before}"),
            Step::RestoreRole { role, .. } => format!("take the denial off {role}"),
            Step::VerifyIsolated { within_seconds, .. } => {
                format!("verify within {within_seconds} s that nothing reaches it")
            }
            Step::VerifyScaled { workload, .. } => format!("verify that {} has no pods", workload.named()),
            Step::VerifyGone { pod, .. } => format!("verify that {} is gone", pod.named()),
            Step::LiftDeny { namespace } => {
                format!("take the deny policy out of {namespace} if it is not needed")
            }
            Step::VerifyReleased { pod } => format!("verify that {} is free", pod.named()),
        }
    }
}
