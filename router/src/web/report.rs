//! `POST /v1/report/sign`: the sum of a post-mortem into the audit trail, made here from the journal, by whoever asks for it.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Map, json};
use watchfire_core::command::Deed;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{EventId, Own};

use super::answer::{refuse, refuse_unclear, refuse_unknown, unavailable};
use super::asked::Body;
use super::commands::Operator;
use super::line::Line;
use super::refusal::Refusal;
use crate::api::params::Of;
use crate::api::views::{IncidentDetail, IncidentState, SignedReport};
use crate::identity::{Identity, Role};
use crate::postmortem::{PostMortem, SIGNED};
use crate::router::{Meant, Router, Sight};

/// An entry is looked for among so many of the latest.
const LATEST: u64 = 50;

pub(super) async fn sign(
    operator: Operator,
    identity: Identity,
    line: Option<Extension<Arc<Line>>>,
    Body(Of { of }): Body<Of>,
) -> Response {
    let story = match operator.router.story(&of, Sight::from(&identity)).await {
        Ok(Meant::One(story)) => story,
        Ok(Meant::Several(ambiguous)) => return refuse_unclear(ambiguous),
        Ok(Meant::Nothing) => return refuse_unknown(&of, "expected an incident's id"),
        Err(error) => return unavailable(&error),
    };
    if let Err(wanted) = identity.has(Role::Responder, &Router::place_of_entries(&story.entries)) {
        return operator.refusals.answer(Refusal::Role, wanted);
    }
    let told = IncidentDetail::of(&story, operator.router.clock.now());
    let Some((incident, report)) = told.incident.as_ref().zip(PostMortem::of(&told)) else {
        return refuse(StatusCode::NOT_FOUND, "it belongs to no incident, or that is forgotten");
    };
    if incident.state != IncidentState::Over {
        let said = format!("{} is not over: its post-mortem would be another by then", incident.key);
        return refuse(StatusCode::CONFLICT, &said);
    }
    let sum = report.sum();
    let now = operator.router.clock.now();
    let own = sha256(&format!("{SIGNED}\n{}\n{sum}\n{}", incident.key, now.as_nanosecond()));
    let after = json!({"incident": incident.key, "episode": incident.episode, "sha256": sum});
    let deed = Deed {
        id: EventId::own(Own::Command(&own)),
        who: identity.actor(line.map(|Extension(line)| line.from.to_string())),
        what: SIGNED,
        before: Map::new(),
        after: Map::from_iter([("report".to_owned(), after)]),
    };
    if let Err(nack) = operator.router.audit(&deed).await {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, &nack.reason);
    }
    match operator.router.entry_of(&deed.id, LATEST).await {
        Ok(Some(entry)) => {
            let (incident, episode) = (incident.key.clone(), incident.episode);
            Json(SignedReport { incident, episode, sha256: sum, entry }).into_response()
        }
        Ok(None) => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, "it is signed, and others have signed more since")
        }
        Err(error) => unavailable(&error),
    }
}
