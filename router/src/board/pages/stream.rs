//! Stream: every decision as it is made.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::shown_or_text;
use crate::api::WorkerEndpoint;
use crate::api::params;
use crate::api::views::Decision;
use crate::board::Board;
use crate::board::decided::Decided;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{in_a_line, in_utc};

/// So many are shown.
const MOST: u16 = 100;

#[derive(Template)]
#[template(path = "stream.html")]
struct Page {
    most: u16,
    decisions: Vec<Decided>,
}

pub(crate) async fn stream(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let asked = params::Decisions { most: Some(MOST) };
    let look = async || board.desk.look_at_worker(&visitor, WorkerEndpoint::Decisions, &asked).await;
    let page = |decisions: Vec<Decision>| {
        let decisions = decisions.iter().map(Decided::with_subject).collect();
        Main::of("Stream", &Page { most: MOST, decisions })
    };
    let text = |decisions: &Vec<Decision>| decisions.iter().map(written).collect();
    shown_or_text(&board, &visitor, &uri, look, page, text).await
}

/// A decision as a line of text.
fn written(decision: &Decision) -> String {
    let Decided { priority, what, verdict, because, by, .. } = Decided::with_subject(decision);
    in_a_line(&[&in_utc(decision.at), &format!("{priority} {verdict}"), &what, &because, &by])
}
