//! `GET /v1/store/backup` and `/v1/store/export`: all that is known, for those who show the operator's token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use super::answer::unavailable;
use super::commands::Operator;
use super::line::Line;
use crate::api::{BYTES, LINES};
use crate::store::Streamed;

/// What `watchfire store backup` makes a store of.
pub(super) async fn backup(State(operator): State<Operator>, line: Option<Extension<Arc<Line>>>) -> Response {
    streamed(&operator, line, Streamed::Backup, BYTES).await
}

/// A line of JSON for each decision.
pub(super) async fn export(State(operator): State<Operator>, line: Option<Extension<Arc<Line>>>) -> Response {
    streamed(&operator, line, Streamed::Journal, LINES).await
}

async fn streamed(
    operator: &Operator,
    line: Option<Extension<Arc<Line>>>,
    what: Streamed,
    kind: &'static str,
) -> Response {
    match operator.router.store.stream(what).await {
        Ok(bits) => {
            // An error in the middle breaks the answer off, so that half of it is not taken for all.
            let bits = stream::unfold((bits, line), async |(mut bits, line)| {
                let bit = bits.recv().await;
                // As long as it is taken on, it is no connection that stands still.
                if let Some(Extension(line)) = &line {
                    if bit.is_some() { line.working() } else { line.answered() }
                }
                bit.map(|bit| (bit, (bits, line)))
            });
            ([(header::CONTENT_TYPE, kind)], Body::from_stream(bits)).into_response()
        }
        Err(error) => unavailable(&error),
    }
}
