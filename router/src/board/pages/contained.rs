//! Contained: what something was done to and can be undone, and the switch.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::containment::{ContainmentState, SwitchedOff};
use watchfire_core::zone::Zone;

use super::{Tag, shown_or_text};
use crate::api::OperatorEndpoint;
use crate::api::views::{Contained, Mitigation};
use crate::board::Board;
use crate::board::deed::{Deed, Link, links};
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{about, ago, in_a_line, in_utc, line};

#[derive(Template)]
#[template(path = "contained.html")]
struct Page {
    mode: String,
    switches: Vec<Link>,
    targets: Vec<Target>,
}

struct Target {
    key: String,
    name: String,
    href: String,
    /// HTML.
    since: String,
    tags: Vec<Tag>,
    undo: String,
    deeds: Vec<Link>,
}

pub(crate) async fn contained(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let nothing = json!({});
    let look = async || {
        let targets: Vec<Contained> =
            board.desk.look(&visitor, OperatorEndpoint::Contained, &nothing).await?;
        let mitigation: Mitigation =
            board.desk.look(&visitor, OperatorEndpoint::Mitigation, &nothing).await?;
        Ok((targets, mitigation))
    };
    let page = |(targets, mitigation): (Vec<Contained>, Mitigation)| {
        let switch = if mitigation.off.is_some() { Deed::MitigationOn } else { Deed::MitigationOff };
        let now = Timestamp::now();
        let page = Page {
            mode: mode(&mitigation),
            switches: links(&visitor, &[(switch, "")]),
            targets: targets.iter().map(|target| Target::of(target, &visitor, now)).collect(),
        };
        Main::of("Contained", &page)
    };
    let text = |(targets, mitigation): &(Vec<Contained>, Mitigation)| {
        [mode(mitigation)].into_iter().chain(targets.iter().map(written)).collect()
    };
    shown_or_text(&board, &visitor, &uri, look, page, text).await
}

/// A target as a line of text.
fn written(Contained { incident, short: _, target, acts, undo }: &Contained) -> String {
    let done = acts.iter().map(|act| {
        let (_, state) = state(act.state);
        format!("{} {state} at {}", act.action.as_str(), in_utc(act.at))
    });
    let done = done.collect::<Vec<_>>().join(", ");
    in_a_line(&[target, &done, &format!("a release would: {undo}"), incident.as_str()])
}

/// What has become of an act: the kind of its tag, and a word.
fn state(state: ContainmentState) -> (&'static str, &'static str) {
    match state {
        ContainmentState::Planned => ("warn", "planned"),
        ContainmentState::Done => ("good", "done"),
        ContainmentState::Failed => ("bad", "failed"),
        ContainmentState::Released => ("", "released"),
    }
}

fn mode(mitigation: &Mitigation) -> String {
    let off = switched_off(mitigation);
    off.unwrap_or_else(|| {
        let mode = mitigation.mode.and_then(|mode| serde_json::to_value(mode).ok());
        let mode = mode.and_then(|mode| mode.as_str().map(str::to_owned)).unwrap_or_default();
        format!("Mitigation is on, in mode {mode}.")
    })
}

/// That nothing is done to the cluster, and why; none where something is.
pub(super) fn switched_off(Mitigation { off, elsewhere, .. }: &Mitigation) -> Option<String> {
    let said = off.as_ref().map(|SwitchedOff { by, reason, at }| {
        format!("Mitigation is off since {} by {by}: {reason}", Zone::UTC.minute(*at))
    });
    let why = elsewhere.as_ref().map(|why| format!("Mitigation is off: {why}"));
    said.or(why).map(|text| line(&text))
}

impl Target {
    fn of(contained: &Contained, visitor: &Visitor, now: Timestamp) -> Self {
        let Contained { incident, short: _, target, acts, undo } = contained;
        let tags = acts.iter().map(|act| {
            let (kind, state) = state(act.state);
            (kind, format!("{} {state}", act.action.as_str()))
        });
        Self {
            key: format!("{incident}/{target}"),
            name: line(target),
            href: about("/incident", incident.as_str()),
            since: acts.iter().map(|act| act.at).min().map(|at| ago(at, now)).unwrap_or_default(),
            tags: tags.collect(),
            undo: line(undo),
            deeds: links(visitor, &[(Deed::Release, incident.as_str())]),
        }
    }
}
