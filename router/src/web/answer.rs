//! Answers that refuse, all of one form.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use watchfire_core::command::CommandKind;
use watchfire_core::ids::{ApprovalId, IncidentKey, SilenceId};

use super::commands::Operator;
use super::refusal::Refusal;
use crate::api::views;
use crate::clients::chain;
use crate::identity::{Identity, Place, Role, Wanted};
use crate::router::{Ambiguous, Router, Unclear};
use crate::store;

pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(views::Error::because(message))).into_response()
}

pub(super) fn unavailable(error: &store::Error) -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the store does not answer: {}", chain(error)))
}

/// Says that a name is not enough to know what is meant by it, and what may be: as much of it as whoever asks may see.
pub(super) async fn refuse_unclear(
    operator: &Operator,
    identity: &Identity,
    unclear: impl Into<Unclear>,
) -> Response {
    let unclear = unclear.into();
    let seen = match identity.has(Role::Viewer, &Place::everywhere()) {
        Ok(()) => Ok(Ok(unclear)),
        Err(_) => seen(&operator.router, identity, unclear).await,
    };
    match seen {
        Ok(Ok(unclear)) => {
            let (error, candidates) = (unclear.to_string(), Some(unclear.candidates()));
            (StatusCode::CONFLICT, Json(views::Error { error, candidates })).into_response()
        }
        Ok(Err(wanted)) => operator.refusals.answer(Refusal::Role, wanted),
        Err(error) => unavailable(&error),
    }
}

/// What of it is where they may look; of others it is not even said how many there are.
async fn seen(
    router: &Router,
    identity: &Identity,
    unclear: Unclear,
) -> Result<Result<Unclear, Wanted>, store::Error> {
    match unclear {
        Unclear::Several(Ambiguous { name, candidates, more: _ }) => {
            let mut theirs = Vec::new();
            for candidate in candidates {
                let incident = router.place_of_incident(&IncidentKey::new(&*candidate)).await?;
                let plan = CommandKind::Approve(ApprovalId::new(&*candidate));
                let silence = CommandKind::Expire(SilenceId::new(&*candidate));
                let (plan, silence) =
                    (router.place_of(&plan, None).await?, router.place_of(&silence, None).await?);
                // What it is none of is nowhere, which is where they may not look.
                if [incident, plan, silence].iter().any(|place| identity.has(Role::Viewer, place).is_ok()) {
                    theirs.push(candidate);
                }
            }
            Ok(Ok(Ambiguous { name, candidates: theirs, more: 0 }.into()))
        }
        Unclear::NothingWaits(ref incident) | Unclear::SeveralWait(ref incident, _) => {
            let place = router.place_of_incident(incident).await?;
            Ok(identity.has(Role::Viewer, &place).map(|()| unclear))
        }
    }
}
