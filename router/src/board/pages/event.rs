//! Event: as it was delivered, what of it could not be read, and what was decided about it.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::Response;

use super::incident::Asked;
use super::shown;
use crate::api::OperatorEndpoint;
use crate::api::params::Of;
use crate::api::views::Event;
use crate::board::Board;
use crate::board::decided::Decided;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{about, line};

#[derive(Template)]
#[template(path = "event.html")]
struct Page {
    decision: Decided,
    incident_href: Option<String>,
    amiss: Vec<String>,
    others: Vec<(String, String)>,
    /// Its members below one another, by name.
    pretty: String,
    raw: String,
    sha256: String,
}

pub(crate) async fn event(
    visitor: Visitor,
    State(board): State<Board>,
    uri: Uri,
    Query(Asked { of, .. }): Query<Asked>,
) -> Response {
    let make = async || {
        let event: Event = board.desk.look(&visitor, OperatorEndpoint::Event, &Of { of }).await?;
        let Event { decision, source: _, incident, amiss, raw, sha256, others } = event;
        let others = others.iter().map(|id| (about("/event", id.as_str()), id.to_string()));
        let page = Page {
            decision: Decided { href: None, ..Decided::with_subject(&decision) },
            incident_href: incident.map(|incident| about("/incident", incident.as_str())),
            amiss: amiss.iter().map(|text| line(text)).collect(),
            others: others.collect(),
            pretty: pretty(&raw),
            raw,
            sha256,
        };
        Main::of("Event", &page)
    };
    shown(&board, &visitor, &uri, make).await
}

/// JSON with its members below one another; anything else as it is.
fn pretty(raw: &str) -> String {
    let read: Option<serde_json::Value> = serde_json::from_str(raw).ok();
    read.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| raw.to_owned())
}
