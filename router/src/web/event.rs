//! `GET /v1/event`: one event as it was delivered, what of it could not be read, and what was decided about it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use watchfire_core::drill;
use watchfire_core::text::clean;

use super::answer::{refuse, refuse_unclear, unavailable};
use super::asked::Question;
use super::commands::Operator;
use crate::api::params::Of;
use crate::api::views;
use crate::identity::Identity;
use crate::router::{Meant, Sight};

pub(super) async fn event(
    State(operator): State<Operator>,
    Extension(identity): Extension<Identity>,
    Question(Of { of }): Question<Of>,
) -> Response {
    match operator.router.event(&of, Sight::from(&identity)).await {
        Ok(Meant::Several(ambiguous)) => refuse_unclear(ambiguous),
        Ok(Meant::One((entry, standing, others))) => {
            Json(views::Event::of(&entry, &standing, others)).into_response()
        }
        Ok(Meant::Nothing) => {
            let expected = "expected an event's id, as its sender calls it or as `watchfire why` shows it";
            let expected = drill::unknown(&of).unwrap_or(expected);
            refuse(StatusCode::NOT_FOUND, &format!("no event is known as `{}`; {expected}", clean(&of, 100)))
        }
        Err(error) => unavailable(&error),
    }
}
