//! Digest: what is in the edition that is written now.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::shown;
use crate::api::WorkerEndpoint;
use crate::api::views::{Digest, DigestLine};
use crate::board::Board;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{about, ago, line, several, when};

#[derive(Template)]
#[template(path = "digest.html")]
struct Page {
    /// HTML.
    head: String,
    families: BTreeMap<String, u64>,
    lines: Vec<Shown>,
    more: u64,
}

struct Shown {
    key: String,
    priority: String,
    title: String,
    href: String,
    /// HTML.
    since: String,
    what: String,
}

pub(crate) async fn digest(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let make = async || {
        let asked = board.desk.look_at_worker(&visitor, WorkerEndpoint::Digest, &json!({})).await;
        let Digest { from, due_at, lines, more, families } = asked?;
        let now = Timestamp::now();
        let head = match (from, due_at) {
            (_, Some(due)) => {
                format!("What did not have to be told at once. It is closed and said at {}.", when(due))
            }
            (Some(_), None) => {
                "What did not have to be told at once. Nobody gets it, or nothing is in it.".to_owned()
            }
            (None, None) => "What does not have to be told at once comes here.".to_owned(),
        };
        let lines = lines.into_iter().map(|line| Shown::of(line, now)).collect();
        Main::of("Digest", &Page { head, families, lines, more })
    };
    shown(&board, &visitor, &uri, make).await
}

impl Shown {
    fn of(of: DigestLine, now: Timestamp) -> Self {
        let DigestLine { incident, priority, family, title, subject, since, events, held } = of;
        let held = held.map(|held| format!(" · held: {held}")).unwrap_or_default();
        Self {
            key: incident.to_string(),
            priority: priority.to_string(),
            title: line(&title),
            href: about("/incident", incident.as_str()),
            since: ago(since, now),
            what: line(&format!("{subject} · {family} · {}{held}", several(events, "event"))),
        }
    }
}
