//! `GET /v1/event`: one event as it was delivered, what of it could not be read, and what was decided about it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use watchfire_core::drill;
use watchfire_core::event::amiss;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::standing::Standing;
use watchfire_core::text::clean;

use super::asked::Question;
use super::commands::{Operator, refuse, refuse_ambiguous, unavailable};
use super::incidents::Whose;
use super::story::DecisionShown;
use crate::router::Meant;

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventShown {
    /// What was decided about it, and what became of that.
    pub decision: DecisionShown,
    /// The envelope's source; empty where there is none.
    pub source: String,
    /// The incident that it belongs to; none where it belongs to none.
    pub incident: Option<IncidentKey>,
    /// Why its text is no event, or what of it could not be read as it stands, a line each. None where all was read.
    pub amiss: Vec<String>,
    /// The text as it was delivered.
    pub raw: String,
    /// SHA-256 of that text, hexadecimal.
    pub sha256: String,
    /// Other events whose senders call them the same, by their whole ids, the newest first; at most 20.
    pub others: Vec<EventId>,
}

impl EventShown {
    /// An event as the journal has it, and as its incident stands.
    fn of(entry: &Entry, standing: &Standing, others: Vec<EventId>) -> Self {
        Self {
            decision: DecisionShown::of(entry, standing),
            source: entry.decision.source.clone(),
            incident: entry.decision.incident.clone(),
            amiss: amiss(&entry.raw),
            raw: entry.raw.clone(),
            sha256: entry.sha256.clone(),
            others,
        }
    }
}

pub(super) async fn event(
    State(operator): State<Operator>,
    Question(Whose { of }): Question<Whose>,
) -> Response {
    match operator.router.event(&of).await {
        Ok(Meant::Several(ambiguous)) => refuse_ambiguous(ambiguous),
        Ok(Meant::One((entry, standing, others))) => {
            Json(EventShown::of(&entry, &standing, others)).into_response()
        }
        Ok(Meant::Nothing) => {
            let expected = "expected an event's id, as its sender calls it or as `watchfire why` shows it";
            let expected = drill::unknown(&of).unwrap_or(expected);
            refuse(StatusCode::NOT_FOUND, &format!("no event is known as `{}`; {expected}", clean(&of, 100)))
        }
        Err(error) => unavailable(&error),
    }
}
