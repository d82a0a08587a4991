//! `RevokePod`, `RevokeRole` and `RestoreRole`: what a role's sessions may still do.

use jiff::Timestamp;
use watchfire_core::act::StepResult;
use watchfire_core::context::ObjectRef;

use super::{How, Outcome, Settled};
use crate::aws::credentials::{Denied, InForce, PodUid, Role, deny, restore as give_back};
use crate::clients::Clients;
use crate::failure::Failure;

/// Who asks AWS, and of which account.
#[derive(Clone)]
pub(super) struct Aws {
    pub(super) clients: std::sync::Arc<Clients>,
    /// The account of the cluster; roles of another one are not touched. None where it is not known.
    pub(super) account: Option<String>,
}

/// The pod's sessions are denied everything by the role.
pub(super) async fn revoke_pod(how: How, aws: &Aws, pod: &ObjectRef, role: &str) -> Outcome {
    let uid = PodUid::parse(&pod.uid).map_err(Failure::permanent)?;
    put(how, aws, role, &Denied::Pod(uid)).await
}

/// Sessions of the role that began earlier are denied everything.
pub(super) async fn revoke_role(how: How, aws: &Aws, role: &str, before: &str) -> Outcome {
    put(how, aws, role, &sessions_before(before)?).await
}

/// The denials are taken away.
pub(super) async fn restore(how: How, aws: &Aws, role: &str, pod: Option<&ObjectRef>) -> Outcome {
    let denied = match pod {
        Some(pod) => Denied::Pod(PodUid::parse(&pod.uid).map_err(Failure::permanent)?),
        // The policy has one name, whatever the time in it.
        None => Denied::SessionsBefore(Timestamp::UNIX_EPOCH),
    };
    let (role, policy) = (aws.role(role)?, denied.policy());
    if how == How::Rehearse {
        return Ok(rehearsed(format!("would take {policy} off the role; AWS has no dry run")));
    }
    Ok(match give_back(&aws.clients, &role, &denied).await? {
        true => Settled { result: StepResult::Done, note: format!("{policy} is off the role") },
        false => Settled { result: StepResult::Already, note: format!("{policy} was not on the role") },
    })
}

async fn put(how: How, aws: &Aws, role: &str, denied: &Denied) -> Outcome {
    let role = aws.role(role)?;
    if how == How::Rehearse {
        return Ok(rehearsed(format!("would put {} on the role; AWS has no dry run", denied.policy())));
    }
    let InForce { policy, already } = deny(&aws.clients, &role, denied).await?;
    let result = if already { StepResult::Already } else { StepResult::Done };
    Ok(Settled { result, note: format!("{policy} is on the role") })
}

fn rehearsed(note: String) -> Settled {
    Settled { result: StepResult::WouldDo, note }
}

fn sessions_before(text: &str) -> Result<Denied, Failure> {
    let time = text.parse::<Timestamp>();
    time.map(Denied::SessionsBefore).map_err(|_| Failure::permanent(format!("`{text}` is no time")))
}

impl Aws {
    fn role(&self, arn: &str) -> Result<Role, Failure> {
        let own = arn.split(':').nth(4).unwrap_or_default();
        Role::parse(arn, self.account.as_deref().unwrap_or(own)).map_err(Failure::permanent)
    }
}
