//! `GET /v1/store/backup` and `/v1/store/export`: all that is known, for those who show the operator's token.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use super::commands::{Operator, unavailable};
use crate::store::Streamed;

/// The media types of files that are streamed.
pub(super) const BACKUP: &str = "application/octet-stream";
pub(super) const EXPORT: &str = "application/x-ndjson";

/// What `watchfire store backup` makes a store of.
pub(super) async fn backup(State(operator): State<Operator>) -> Response {
    streamed(&operator, Streamed::Backup, BACKUP).await
}

/// A line of JSON for each decision.
pub(super) async fn export(State(operator): State<Operator>) -> Response {
    streamed(&operator, Streamed::Journal, EXPORT).await
}

async fn streamed(operator: &Operator, what: Streamed, kind: &'static str) -> Response {
    match operator.router.store.stream(what).await {
        Ok(bits) => {
            // An error in the middle breaks the answer off, so that half of it is not taken for all.
            let bits = stream::unfold(bits, async |mut bits| bits.recv().await.map(|bit| (bit, bits)));
            ([(header::CONTENT_TYPE, kind)], Body::from_stream(bits)).into_response()
        }
        Err(error) => unavailable(&error),
    }
}
