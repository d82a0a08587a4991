//! The last look at every answer: what would turn or hide text on the screen of whoever asked is spelt out.

use std::borrow::Cow;

use axum::body::{Body, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use watchfire_core::text::visible;

use crate::api::{BYTES, LINES};

/// The same answer; JSON says the same, as JSON escapes it. Answers are made in memory, and are no longer than that,
/// except for files, which are streamed and stay as they are.
pub(super) async fn spelt_out(answer: Response) -> Response {
    if is_file(&answer) {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let text = String::from_utf8_lossy(&bytes);
    match visible(&text) {
        Cow::Borrowed(_) => Response::from_parts(parts, Body::from(bytes)),
        Cow::Owned(text) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(text))
        }
    }
}

fn is_file(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == BYTES || kind == LINES)
}
