//! Answers that refuse, all of one form.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use watchfire_core::drill;
use watchfire_core::text::clean;

use crate::api::views;
use crate::clients::chain;
use crate::router::Unclear;
use crate::store;

pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(views::Error::because(message))).into_response()
}

pub(super) fn unavailable(error: &store::Error) -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the store does not answer: {}", chain(error)))
}

/// Says that a name is not enough to know what is meant by it, and what may be.
pub(super) fn refuse_unclear(unclear: impl Into<Unclear>) -> Response {
    let unclear = unclear.into();
    let (error, candidates) = (unclear.to_string(), Some(unclear.candidates()));
    (StatusCode::CONFLICT, Json(views::Error { error, candidates })).into_response()
}

/// Says that a name stands for nothing, where it is and where whoever asks may not see what it stands for.
pub(super) fn refuse_unknown(name: &str, expected: &str) -> Response {
    let expected = drill::unknown(name).unwrap_or(expected);
    refuse(StatusCode::NOT_FOUND, &format!("nothing is known of `{}`; {expected}", clean(name, 100)))
}
