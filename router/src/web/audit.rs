//! `GET /v1/audit`: who changed what.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::answer::unavailable;
use super::asked::Question;
use super::commands::Operator;
use crate::api::{params, views};
use crate::router::Trail;

/// So many entries are answered at once.
const MOST: u64 = 100;

pub(super) async fn audit(
    State(operator): State<Operator>,
    Question(params::Audit { after }): Question<params::Audit>,
) -> Response {
    match operator.router.trail(after, MOST).await {
        Ok(Trail { head, entries }) => {
            let entries = entries.into_iter().map(|(number, line)| views::AuditLine { number, line });
            Json(views::AuditTrail { head, entries: entries.collect() }).into_response()
        }
        Err(error) => unavailable(&error),
    }
}
