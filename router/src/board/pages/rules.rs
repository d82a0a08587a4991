//! Rules: what each did in seven days; those that did nothing stand out.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::shown;
use crate::api::WorkerEndpoint;
use crate::api::views::{Rule, Rules};
use crate::board::Board;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{ago, when};

#[derive(Template)]
#[template(path = "rules.html")]
struct Page {
    since: String,
    dead: usize,
    rules: Vec<Shown>,
}

struct Shown {
    name: String,
    priority: String,
    family: String,
    actions: String,
    place: String,
    is_shadow: bool,
    is_dead: bool,
    events: u64,
    paged: u64,
    suppressed: u64,
    digest: u64,
    /// HTML.
    last: String,
}

pub(crate) async fn rules(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let make = async || {
        let asked = board.desk.look_at_worker(&visitor, WorkerEndpoint::Rules, &json!({})).await;
        let Rules { since, rules } = asked?;
        let now = Timestamp::now();
        let rules: Vec<_> = rules.into_iter().map(|rule| Shown::of(rule, now)).collect();
        let dead = rules.iter().filter(|rule| rule.is_dead).count();
        Main::of("Rules", &Page { since: when(since), dead, rules })
    };
    shown(&board, &visitor, &uri, make).await
}

impl Shown {
    fn of(rule: Rule, now: Timestamp) -> Self {
        let Rule { name, family, priority, is_shadow, actions, place, .. } = rule;
        let Rule { events, paged, digest, suppressed, last_at, .. } = rule;
        Self {
            name: name.to_string(),
            priority: priority.to_string(),
            family,
            actions: actions.join(", "),
            place,
            is_shadow,
            is_dead: events == 0,
            events,
            paged,
            suppressed,
            digest,
            last: last_at.map(|at| ago(at, now)).unwrap_or_default(),
        }
    }
}
