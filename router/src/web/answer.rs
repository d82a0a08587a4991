//! Answers that refuse, all of one form.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use crate::api::views;
use crate::clients::chain;
use crate::router::{Ambiguous, Unclear};
use crate::store;

pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(views::Error::because(message))).into_response()
}

pub(super) fn unavailable(error: &store::Error) -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the store does not answer: {}", chain(error)))
}

pub(super) fn refuse_ambiguous(ambiguous: Ambiguous) -> Response {
    refuse_unclear(&ambiguous.into())
}

pub(super) fn refuse_unclear(unclear: &Unclear) -> Response {
    let (error, candidates) = (unclear.to_string(), Some(unclear.candidates()));
    (StatusCode::CONFLICT, Json(views::Error { error, candidates })).into_response()
}
