//! `GET /v1/silences`, `/v1/incidents` and `/v1/story`: what operators look at.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::notice::clean;
use watchfire_core::priority::Priority;

use super::commands::{Operator, refuse, unavailable};
use super::shown::{IncidentShown, IncidentsShown, SilenceShown};
use super::story::StoryShown;
use crate::store;

/// So many incidents are listed.
const MOST: usize = 500;

/// Which incidents.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default)]
    state: WhichState,
    priority: Option<Priority>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhichState {
    #[default]
    Open,
    All,
}

/// Whose story.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    pub(super) of: String,
}

pub(super) async fn silences(State(operator): State<Operator>) -> Response {
    match all_silences(&operator).await {
        Ok(silences) => Json(silences).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn all_silences(operator: &Operator) -> Result<Vec<SilenceShown>, store::Error> {
    let now = operator.router.clock.now();
    let mut shown = Vec::new();
    for silence in operator.router.silences().await? {
        let holds = operator.router.held_by(&silence.id).await?;
        shown.push(SilenceShown::of(silence, holds, now));
    }
    Ok(shown)
}

pub(super) async fn incidents(
    State(operator): State<Operator>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    let Which { state, priority } = match which {
        Ok(Query(which)) => which,
        Err(rejection) => return refuse(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    let now = operator.router.clock.now();
    let is_wanted = move |record: &IncidentRecord| {
        (state == WhichState::All || record.open)
            && priority.is_none_or(|priority| priority == record.priority)
    };
    let (found, more) = match operator.router.incidents(MOST, is_wanted).await {
        Ok(found) => found,
        Err(error) => return unavailable(&error),
    };
    let incidents = found.into_iter().map(|(key, record)| IncidentShown::of(key, &record, now));
    Json(IncidentsShown { incidents: incidents.collect(), more }).into_response()
}

pub(super) async fn story(
    State(operator): State<Operator>,
    whose: Result<Query<Whose>, QueryRejection>,
) -> Response {
    let Whose { of } = match whose {
        Ok(Query(whose)) => whose,
        Err(rejection) => return refuse(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    match operator.router.story(&of).await {
        Ok(Some(story)) => Json(StoryShown::of(&story, operator.router.clock.now())).into_response(),
        Ok(None) => {
            let known = "expected an event's id, a finding's key or an incident's";
            refuse(StatusCode::NOT_FOUND, &format!("nothing is known of `{}`; {known}", clean(&of, 100)))
        }
        Err(error) => unavailable(&error),
    }
}
