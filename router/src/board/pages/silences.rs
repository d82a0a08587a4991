//! Silences and windows: what is not paged, until when, and what it holds.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::attributes::matchers;
use watchfire_core::noise::Maintenance;

use super::{Tag, shown_or_text};
use crate::api::OperatorEndpoint;
use crate::api::views::{Silence, SilenceState};
use crate::board::Board;
use crate::board::deed::{Deed, Link, links};
use crate::board::desk::Trouble;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{ago, in_a_line, in_utc, line, several};

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
    let nothing = json!({});
    let look = async || {
        let mut silences: Vec<Silence> =
            board.desk.look(&visitor, OperatorEndpoint::Silences, &nothing).await?;
        silences.sort_by_key(|silence| (silence.state == SilenceState::Expired, silence.ends_at));
        Ok(silences)
    };
    let page = |silences: Vec<Silence>| page(&silences, &visitor);
    let text = |silences: &Vec<Silence>| silences.iter().map(written).collect();
    shown_or_text(&board, &visitor, &uri, look, page, text).await
}

fn page(silences: &[Silence], visitor: &Visitor) -> Result<Main, Trouble> {
    let now = Timestamp::now();
    let group = |title, none, is_in: &dyn Fn(&Silence) -> bool| {
        let some = silences.iter().filter(|silence| is_in(silence));
        Group { title, none, silences: some.map(|silence| Shown::of(silence, visitor, now)).collect() }
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
}

/// A silence as a line of text.
fn written(silence: &Silence) -> String {
    let Silence { id, state, matches, starts_at, ends_at, by, comment, ticket, covers_p0, holds, .. } =
        silence;
    let lasts = format!("{} to {}", in_utc(*starts_at), in_utc(*ends_at));
    let who = format!("{by}: {comment}");
    let p0 = if *covers_p0 { "also P0" } else { "" };
    let holds = if *holds > 0 { format!("holds {}", several(*holds, "incident")) } else { String::new() };
    let ticket = ticket.as_deref().unwrap_or_default();
    let unknown = silence.unknown.as_deref().unwrap_or_default();
    in_a_line(&[state.as_str(), &spoken(matches), &lasts, &who, ticket, p0, &holds, unknown, id.as_str()])
}

/// A pattern as it is typed, where it can be.
fn spoken(matches: &str) -> String {
    matchers::spoken(matches).unwrap_or_else(|| matches.to_owned())
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
        tags.extend(silence.unknown.as_ref().map(|unknown| ("bad", line(unknown))));
        let expired_by = silence.expired_by.as_ref().map(|by| format!("; ended by {}", line(by)));
        let deeds: &[Deed] = match *state != SilenceState::Expired && !Maintenance::is_one(id) {
            true => &[Deed::Expire, Deed::Extend],
            false => &[],
        };
        let deeds: Vec<_> = deeds.iter().map(|deed| (*deed, id.as_str())).collect();
        Self {
            id: id.to_string(),
            matches: line(&spoken(matches)),
            tags,
            when,
            by: line(by),
            comment: line(comment) + &expired_by.unwrap_or_default(),
            deeds: links(visitor, &deeds),
        }
    }
}
