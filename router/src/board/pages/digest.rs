//! Digest: what is in the edition that is written now.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::shown_or_text;
use crate::api::WorkerEndpoint;
use crate::api::views::{Digest, DigestLine};
use crate::board::Board;
use crate::board::desk::Trouble;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{about, ago, in_a_line, in_utc, line, several, when};

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
    let nothing = json!({});
    let look = async || board.desk.look_at_worker(&visitor, WorkerEndpoint::Digest, &nothing).await;
    let text = |Digest { lines, more, .. }: &Digest| {
        let more = (*more > 0).then(|| format!("and {more} more"));
        lines.iter().map(written).chain(more).collect()
    };
    shown_or_text(&board, &visitor, &uri, look, page, text).await
}

fn page(Digest { from, due_at, lines, more, families }: Digest) -> Result<Main, Trouble> {
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
}

/// A line of the digest as a line of text.
fn written(of: &DigestLine) -> String {
    let DigestLine { incident, priority, family, title, subject, since, events, held } = of;
    let (what, events) = (format!("{priority} {title}"), several(*events, "event"));
    let held = held.as_ref().map(|held| format!("held: {held}")).unwrap_or_default();
    in_a_line(&[
        &what,
        subject,
        family,
        &events,
        &held,
        &format!("since {}", in_utc(*since)),
        incident.as_str(),
    ])
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
