//! Health: the morning check, section by section.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::health::{Colour, Item, Line, Report};

use super::shown_or_text;
use crate::api::WorkerEndpoint;
use crate::board::Board;
use crate::board::desk::Trouble;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{ago, in_a_line, line};

#[derive(Template)]
#[template(path = "health.html")]
struct Page {
    cluster: String,
    class: &'static str,
    /// Its first word is the colour.
    summary: String,
    /// HTML.
    looked: String,
    sections: Vec<Section>,
}

struct Section {
    name: &'static str,
    title: &'static str,
    colour: &'static str,
    class: &'static str,
    lines: Vec<Shown>,
}

struct Shown {
    colour: &'static str,
    class: &'static str,
    found: String,
    todo: String,
    items: Vec<String>,
    more: String,
}

pub(crate) async fn health(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let nothing = json!({});
    let look = async || board.desk.look_at_worker(&visitor, WorkerEndpoint::Health, &nothing).await;
    shown_or_text(&board, &visitor, &uri, look, page, written).await
}

fn page(report: Report) -> Result<Main, Trouble> {
    let summary = line(&report.summary());
    let Report { cluster, at, colour, sections } = report;
    let sections = sections.into_iter().map(|part| Section {
        name: part.section.as_str(),
        title: part.section.title(),
        colour: part.colour.as_str(),
        class: class(part.colour),
        lines: part.lines.into_iter().map(Shown::of).collect(),
    });
    let page = Page {
        cluster: line(cluster.as_deref().unwrap_or("This cluster")),
        class: class(colour),
        summary,
        looked: ago(at, Timestamp::now()),
        sections: sections.collect(),
    };
    Main::of("Health", &page)
}

/// How its tag looks.
fn class(colour: Colour) -> &'static str {
    match colour {
        Colour::Unasked => "",
        Colour::Green => "good",
        Colour::Yellow => "warn",
        Colour::Red => "bad",
    }
}

/// The report as lines of text.
fn written(report: &Report) -> Vec<String> {
    let all = report.sections.iter().flat_map(|part| {
        part.lines.iter().flat_map(|one| {
            let head = in_a_line(&[one.colour.as_str(), part.section.title(), &one.found, &one.todo]);
            [head].into_iter().chain(one.items.listed.iter().map(named))
        })
    });
    [report.summary()].into_iter().chain(all).collect()
}

fn named(item: &Item) -> String {
    line(&format!("{}: {}", item.full_name(), item.said))
}

impl Shown {
    fn of(of: Line) -> Self {
        let Line { what: _, colour, found, todo, items } = of;
        let todo = if colour >= Colour::Yellow { todo } else { String::new() };
        let more = if items.more > 0 { format!("and {} more", items.more) } else { String::new() };
        let items = items.listed.iter().map(named).collect();
        Self {
            colour: colour.as_str(),
            class: class(colour),
            found: line(&found),
            todo: line(&todo),
            items,
            more,
        }
    }
}
