//! Approvals: plans that wait for a human, and those that were answered lately.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::containment::{Answer, Verdict};

use super::contained::switched_off;
use super::{Tag, shown};
use crate::api::OperatorEndpoint;
use crate::api::views::{Approval, Mitigation};
use crate::board::Board;
use crate::board::deed::{Deed, Link, links};
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{about, ago, line, until};

#[derive(Template)]
#[template(path = "approvals.html")]
struct Page {
    off: Option<String>,
    plans: Vec<Plan>,
}

struct Plan {
    id: String,
    short: String,
    priority: String,
    title: String,
    incident_href: String,
    because: String,
    plan: String,
    hash: String,
    /// HTML.
    clock: String,
    tags: Vec<Tag>,
    deeds: Vec<Link>,
}

pub(crate) async fn approvals(visitor: Visitor, State(board): State<Board>, uri: Uri) -> Response {
    let make = async || {
        let nothing = json!({});
        let mut approvals: Vec<Approval> =
            board.desk.look(&visitor, OperatorEndpoint::Approvals, &nothing).await?;
        let mitigation: Mitigation =
            board.desk.look(&visitor, OperatorEndpoint::Mitigation, &nothing).await?;
        // What is to be answered comes first, and of this the most urgent.
        approvals.sort_by_key(|it| (it.answer.is_some(), it.priority, it.expires_at));
        let now = Timestamp::now();
        let plans = approvals.iter().map(|approval| Plan::of(approval, &visitor, now)).collect();
        Main::of("Approvals", &Page { off: switched_off(&mitigation), plans })
    };
    shown(&board, &visitor, &uri, make).await
}

impl Plan {
    fn of(approval: &Approval, visitor: &Visitor, now: Timestamp) -> Self {
        let Approval { id, short, action, target, plan, hash, because, priority, .. } = approval;
        let Approval { incident, asked_at: _, expires_at, answer, .. } = approval;
        let is_waiting = answer.is_none() && *expires_at > now;
        let (clock, tag) = match answer {
            Some(Answer { verdict, by, reason, at }) => {
                let word = match verdict {
                    Verdict::Approved => "approved",
                    Verdict::Denied => "denied",
                };
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                (ago(*at, now), ("good", line(&format!("{word} by {by}{reason}"))))
            }
            None if is_waiting => (until(*expires_at, now), ("warn", "waits for an answer".to_owned())),
            None => (ago(*expires_at, now), ("", "too late: nobody answered".to_owned())),
        };
        let deeds: &[Deed] = if is_waiting { &[Deed::Approve, Deed::Deny] } else { &[] };
        let deeds: Vec<_> = deeds.iter().map(|deed| (*deed, id.as_str())).collect();
        Self {
            id: id.to_string(),
            short: short.clone(),
            priority: priority.to_string(),
            title: line(&format!("{action} of {target}")),
            incident_href: about("/incident", incident.as_str()),
            because: line(because),
            plan: line(plan),
            hash: hash.to_string(),
            clock,
            tags: vec![tag],
            deeds: links(visitor, &deeds),
        }
    }
}
