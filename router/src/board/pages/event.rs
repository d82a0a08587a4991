//! Event: as it was delivered, what of it could not be read, and what was decided about it.

use std::io;

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
            raw: cut(&raw),
            sha256,
        };
        Main::of("Event", &page)
    };
    shown(&board, &visitor, &uri, make).await
}

/// So much of an event is shown, in bytes; `watchfire event --raw` has it whole.
const MOST_SHOWN: usize = 256 * 1024;

/// JSON with its members below one another, where that is short enough; anything else as it is.
fn pretty(raw: &str) -> String {
    let mut short = Bounded(Vec::new());
    let read: Option<serde_json::Value> = serde_json::from_str(raw).ok();
    let written = read.and_then(|value| serde_json::to_writer_pretty(&mut short, &value).ok());
    written.and_then(|()| String::from_utf8(short.0).ok()).unwrap_or_else(|| cut(raw))
}

/// As much of it as is shown.
fn cut(raw: &str) -> String {
    match raw.len() > MOST_SHOWN {
        true => format!("{}…", &raw[..raw.floor_char_boundary(MOST_SHOWN)]),
        false => raw.to_owned(),
    }
}

/// Deep JSON grows a hundredfold when it is indented: it is given up once it is too long.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_SHOWN {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_event_no_more_is_shown_than_a_page_bears_however_deep_it_is() {
        let deep = format!("{}{}{}", "[".repeat(120), vec!["0"; 500_000].join(","), "]".repeat(120));
        let shown = pretty(&deep);
        assert!(shown.len() <= MOST_SHOWN + 3 && shown.starts_with("[[[") && shown.ends_with('…'));
        assert_eq!(pretty(r#"{"a":1}"#), "{\n  \"a\": 1\n}");
        assert_eq!(pretty("no JSON"), "no JSON");
    }
}
