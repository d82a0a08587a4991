//! Stream: every decision as it is made.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::shown;
use crate::api::WorkerEndpoint;
use crate::api::params;
use crate::api::views::Decision;
use crate::board::Board;
use crate::board::decided::Decided;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;

/// So many are shown.
const MOST: u16 = 100;

#[derive(Template)]
#[template(path = "stream.html")]
struct Page {
    most: u16,
    decisions: Vec<Decided>,
}

pub(crate) async fn stream(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let make = async || {
        let asked = params::Decisions { most: Some(MOST) };
        let decisions: Vec<Decision> =
            board.desk.look_at_worker(&visitor, WorkerEndpoint::Decisions, &asked).await?;
        let decisions = decisions.iter().map(Decided::with_subject).collect();
        Main::of("Stream", &Page { most: MOST, decisions })
    };
    shown(&board, &visitor, &uri, make).await
}
