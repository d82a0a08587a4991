//! `RevokePod`, `RevokeRole` and `RestoreRole`: what a role's sessions may still do.

use std::sync::Arc;

use watchfire_core::act::ObjectRef;

use super::{How, Outcome};
use crate::actions::Failure;
use crate::clients::Clients;

/// The pod's sessions are denied everything by the role.
pub(super) async fn revoke_pod(how: How, aws: &Arc<Clients>, pod: &ObjectRef, role: &str) -> Outcome {
    not_configured(how, aws, &format!("{} of role {role}", pod.named()))
}

/// Sessions of the role that began earlier are denied everything.
pub(super) async fn revoke_role(how: How, aws: &Arc<Clients>, role: &str, before: &str) -> Outcome {
    not_configured(how, aws, &format!("role {role} before {before}"))
}

/// The denials are taken away.
pub(super) async fn restore(how: How, aws: &Arc<Clients>, role: &str, pod: Option<&ObjectRef>) -> Outcome {
    let of = pod.map(|pod| format!("{} of ", pod.named())).unwrap_or_default();
    not_configured(how, aws, &format!("{of}role {role}"))
}

fn not_configured(_: How, _: &Arc<Clients>, what: &str) -> Outcome {
    Err(Failure::permanent(format!("credentials are not configured: nothing was changed for {what}")))
}
