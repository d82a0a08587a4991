//! Silences and windows: what is not paged, until when, and what it holds.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::attributes::matchers;
use watchfire_core::noise::Maintenance;

use super::{Tag, shown};
use crate::api::OperatorEndpoint;
use crate::api::views::{Silence, SilenceState};
use crate::board::Board;
use crate::board::deed::{Deed, Link, links};
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{ago, line, several};

#[derive(Template)]
#[template(path = "silences.html")]
struct Page {
    can_act: bool,
    groups: Vec<Group>,
}

struct Group {
    title: &'static str,
    none: &'static str,
    silences: Vec<Shown>,
}

struct Shown {
    id: String,
    matches: String,
    tags: Vec<Tag>,
    /// HTML.
    when: String,
    by: String,
    comment: String,
    deeds: Vec<Link>,
}

pub(crate) async fn silences(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let make = async || {
        let mut silences: Vec<Silence> =
            board.desk.look(&visitor, OperatorEndpoint::Silences, &json!({})).await?;
        silences.sort_by_key(|silence| (silence.state == SilenceState::Expired, silence.ends_at));
        let now = Timestamp::now();
        let group = |title, none, is_in: &dyn Fn(&Silence) -> bool| {
            let some = silences.iter().filter(|silence| is_in(silence));
            Group { title, none, silences: some.map(|silence| Shown::of(silence, &visitor, now)).collect() }
        };
        let is_over = |silence: &Silence| silence.state == SilenceState::Expired;
        let is_window = |silence: &Silence| Maintenance::is_one(&silence.id);
        let groups = vec![
            group("Silences", "Nothing is silenced.", &|it| !is_over(it) && !is_window(it)),
            group("Maintenance windows", "The configuration has no window.", &|it| is_window(it)),
            group("Over, of the last week", "None has ended in the last week.", &|it| {
                is_over(it) && !is_window(it)
            }),
        ];
        Main::of("Silences", &Page { can_act: visitor.has(Deed::Silence.least()), groups })
    };
    shown(&board, &visitor, &uri, make).await
}

impl Shown {
    fn of(silence: &Silence, visitor: &Visitor, now: Timestamp) -> Self {
        let Silence { id, state, matches, starts_at, ends_at, by, comment, ticket, covers_p0, .. } = silence;
        let (kind, when) = match state {
            SilenceState::Active => ("good", format!("ends {}", ago(*ends_at, now))),
            SilenceState::Pending => ("", format!("begins {}", ago(*starts_at, now))),
            SilenceState::Expired => ("", format!("ended {}", ago(*ends_at, now))),
        };
        let mut tags = vec![(kind, state.as_str().to_owned())];
        tags.extend(covers_p0.then(|| ("bad", "also P0".to_owned())));
        let holds =
            (silence.holds > 0).then(|| ("warn", format!("holds {}", several(silence.holds, "incident"))));
        tags.extend(holds);
        tags.extend(ticket.as_ref().map(|ticket| ("", line(ticket))));
        let expired_by = silence.expired_by.as_ref().map(|by| format!("; ended by {}", line(by)));
        let deeds: &[Deed] = match *state != SilenceState::Expired && !Maintenance::is_one(id) {
            true => &[Deed::Expire, Deed::Extend],
            false => &[],
        };
        let deeds: Vec<_> = deeds.iter().map(|deed| (*deed, id.as_str())).collect();
        Self {
            id: id.to_string(),
            matches: line(&matchers::spoken(matches).unwrap_or_else(|| matches.clone())),
            tags,
            when,
            by: line(by),
            comment: line(comment) + &expired_by.unwrap_or_default(),
            deeds: links(visitor, &deeds),
        }
    }
}
