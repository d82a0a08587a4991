//! Rules: what each did in seven days; those that did nothing stand out.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::shown_or_text;
use crate::api::WorkerEndpoint;
use crate::api::views::{Rule, Rules};
use crate::board::Board;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{ago, in_a_line, in_utc, when};

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
    let nothing = json!({});
    let look = async || board.desk.look_at_worker(&visitor, WorkerEndpoint::Rules, &nothing).await;
    let page = |Rules { since, rules }: Rules| {
        let now = Timestamp::now();
        let rules: Vec<_> = rules.into_iter().map(|rule| Shown::of(rule, now)).collect();
        let dead = rules.iter().filter(|rule| rule.is_dead).count();
        Main::of("Rules", &Page { since: when(since), dead, rules })
    };
    let text = |Rules { since, rules }: &Rules| {
        let head = format!("What each did since {}:", in_utc(*since));
        [head].into_iter().chain(rules.iter().map(written)).collect()
    };
    shown_or_text(&board, &visitor, &uri, look, page, text).await
}

/// A rule as a line of text.
fn written(rule: &Rule) -> String {
    let Rule { name, family, priority, is_shadow, place, events, paged, digest, suppressed, last_at, .. } =
        rule;
    let (shadow, what) = (if *is_shadow { "shadow" } else { "" }, format!("{priority} {name}"));
    let did = match events {
        0 => "nothing".to_owned(),
        events => format!("events {events}, paged {paged}, suppressed {suppressed}, digest {digest}"),
    };
    let last = last_at.map(|at| format!("last {}", in_utc(at))).unwrap_or_default();
    in_a_line(&[&what, shadow, family, &did, &last, place])
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
