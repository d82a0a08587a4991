//! Why: an id leads to its story; an event is explained rule by rule.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use watchfire_core::event::messages;

use super::incident::Asked;
use crate::api::OperatorEndpoint;
use crate::api::params::Of;
use crate::api::views::{Explained, IncidentDetail, RuleAnswer};
use crate::board::Board;
use crate::board::decided::Decided;
use crate::board::desk::Trouble;
use crate::board::shell::{self, Main};
use crate::board::visitor::Visitor;
use crate::board::words::{about, line};

#[derive(Default, Template)]
#[template(path = "why.html")]
struct Page {
    of: String,
    event: String,
    mistake: Option<String>,
    candidates: Vec<(String, String)>,
    explained: Option<Shown>,
}

struct Shown {
    verdict: String,
    unreadable: Option<String>,
    lines: Vec<String>,
    rules: Vec<RuleLine>,
}

struct RuleLine {
    rule: String,
    first: bool,
    said: String,
}

/// An event that is pasted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pasted {
    event: String,
}

/// Where there is one of that name, its story.
pub(crate) async fn why(
    visitor: Visitor,
    State(board): State<Board>,
    Query(Asked { of, .. }): Query<Asked>,
) -> Response {
    let of = of.trim().to_owned();
    if of.is_empty() {
        return answer(&visitor, StatusCode::OK, &Page::default());
    }
    let asked = Of { of: of.clone() };
    match board.desk.look::<IncidentDetail>(&visitor, OperatorEndpoint::Story, &asked).await {
        Ok(_) => Redirect::to(&about("/incident", &of)).into_response(),
        Err(Trouble { status, message, candidates }) => {
            let candidates = candidates.into_iter().map(|name| (about("/incident", &name), name)).collect();
            let page = Page { of, mistake: Some(line(&message)), candidates, ..Page::default() };
            answer(&visitor, status, &page)
        }
    }
}

/// How an event would be decided. It changes nothing, so that no form of a session is needed.
pub(crate) async fn explain(
    visitor: Visitor,
    State(board): State<Board>,
    Form(Pasted { event }): Form<Pasted>,
) -> Response {
    // An envelope around it, as a queue has it, is taken off.
    let texts = messages(&event).unwrap_or_default();
    if texts.len() > 1 {
        let mistake = Some(format!("expected one event, found {}", texts.len()));
        return answer(
            &visitor,
            StatusCode::UNPROCESSABLE_ENTITY,
            &Page { event, mistake, ..Page::default() },
        );
    }
    let text = texts.first().map(|text| text.to_string());
    let asked = board.desk.explain(&visitor, text.unwrap_or_else(|| event.clone())).await;
    match asked {
        Ok(explained) => {
            let page = Page { event, explained: Some(Shown::of(explained)), ..Page::default() };
            answer(&visitor, StatusCode::OK, &page)
        }
        Err(Trouble { status, message, .. }) => {
            answer(&visitor, status, &Page { event, mistake: Some(line(&message)), ..Page::default() })
        }
    }
}

fn answer(visitor: &Visitor, status: StatusCode, page: &Page) -> Response {
    match Main::of("Why", page) {
        Ok(main) => shell::answer(Some(visitor), status, &main),
        Err(trouble) => shell::trouble(visitor, "/why", trouble),
    }
}

impl Shown {
    fn of(Explained { rules, decision, unreadable }: Explained) -> Self {
        let shown = Decided::with_subject(&decision);
        let mut lines = vec![format!("{}: {}", shown.what, shown.because)];
        lines.extend(shown.lines);
        let rules = rules.into_iter().map(|RuleAnswer { rule, matched: _, first, said }| RuleLine {
            rule: rule.to_string(),
            first,
            said: line(&said),
        });
        Self {
            verdict: format!("{} {} by {}", shown.priority, shown.verdict, shown.by),
            unreadable: unreadable.map(|reason| line(&reason)),
            lines,
            rules: rules.collect(),
        }
    }
}
