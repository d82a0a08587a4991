//! Approvals: plans that wait for a human, and those that were answered lately.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::containment::{Answer, Verdict};

use super::contained::switched_off;
use super::{Tag, shown_or_text};
use crate::api::OperatorEndpoint;
use crate::api::views::{Approval, Mitigation};
use crate::board::Board;
use crate::board::deed::{Deed, Link, links};
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{about, ago, in_a_line, in_utc, line, until};

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
    let nothing = json!({});
    let look = async || {
        let mut approvals: Vec<Approval> =
            board.desk.look(&visitor, OperatorEndpoint::Approvals, &nothing).await?;
        let mitigation: Mitigation =
            board.desk.look(&visitor, OperatorEndpoint::Mitigation, &nothing).await?;
        // What is to be answered comes first, and of this the most urgent.
        approvals.sort_by_key(|it| (it.answer.is_some(), it.priority, it.expires_at));
        Ok((approvals, switched_off(&mitigation)))
    };
    let now = Timestamp::now();
    let page = |(approvals, off): (Vec<Approval>, _)| {
        let plans = approvals.iter().map(|approval| Plan::of(approval, &visitor, now)).collect();
        Main::of("Approvals", &Page { off, plans })
    };
    let text = |(approvals, off): &(Vec<Approval>, Option<String>)| {
        off.iter().cloned().chain(approvals.iter().map(|approval| written(approval, now))).collect()
    };
    shown_or_text(&board, &visitor, &uri, look, page, text).await
}

/// What became of a plan.
enum Stands<'a> {
    Answered(&'a Answer),
    Waits,
    TooLate,
}

impl<'a> Stands<'a> {
    fn of(approval: &'a Approval, now: Timestamp) -> Self {
        match &approval.answer {
            Some(answer) => Stands::Answered(answer),
            None if approval.expires_at > now => Stands::Waits,
            None => Stands::TooLate,
        }
    }

    fn text(&self) -> String {
        match self {
            Stands::Answered(Answer { verdict, by, reason, at: _ }) => {
                let word = match verdict {
                    Verdict::Approved => "approved",
                    Verdict::Denied => "denied",
                };
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                line(&format!("{word} by {by}{reason}"))
            }
            Stands::Waits => "waits for an answer".to_owned(),
            Stands::TooLate => "too late: nobody answered".to_owned(),
        }
    }
}

/// A plan as a line of text.
fn written(approval: &Approval, now: Timestamp) -> String {
    let Approval { action, target, plan, hash, because, priority, short, expires_at, .. } = approval;
    let stands = Stands::of(approval, now).text();
    let (what, until) =
        (format!("{priority} {action} of {target}"), format!("until {}", in_utc(*expires_at)));
    let (plan, hash) = (format!("plan: {plan}"), format!("hash {hash}"));
    in_a_line(&[&what, &stands, &until, because, &plan, &hash, short])
}

impl Plan {
    fn of(approval: &Approval, visitor: &Visitor, now: Timestamp) -> Self {
        let Approval { id, short, action, target, plan, hash, because, priority, .. } = approval;
        let Approval { incident, asked_at: _, expires_at, answer: _, approvers, .. } = approval;
        let stands = Stands::of(approval, now);
        let (clock, kind) = match &stands {
            Stands::Answered(Answer { at, .. }) => (ago(*at, now), "good"),
            Stands::Waits => (until(*expires_at, now), "warn"),
            Stands::TooLate => (ago(*expires_at, now), ""),
        };
        let approved = approvers.iter().map(|approver| ("good", line(&format!("{} approved", approver.by))));
        let deeds: &[Deed] = match stands {
            Stands::Waits => &[Deed::Approve, Deed::Deny],
            Stands::Answered(_) | Stands::TooLate => &[],
        };
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
            tags: [(kind, stands.text())].into_iter().chain(approved).collect(),
            deeds: links(visitor, &deeds),
        }
    }
}
