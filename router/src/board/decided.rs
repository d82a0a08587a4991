//! A decision on a page: what, why, and what became of it; the lines are those of [`told`].

use watchfire_core::verdict::Verdict;

use super::words::{about, line, when};
use crate::api::told;
use crate::api::views::{DecidedBy, Decision};

/// A decision, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) key: String,
    pub(super) priority: String,
    pub(super) what: String,
    pub(super) href: Option<String>,
    pub(super) verdict: &'static str,
    pub(super) tone: &'static str,
    /// HTML.
    pub(super) at: String,
    pub(super) because: String,
    pub(super) by: String,
    pub(super) lines: Vec<String>,
}

impl Decided {
    /// As a page about one thing shows it.
    pub(super) fn of(decision: &Decision) -> Self {
        let Decision { event, id, at, by, kind, rule, priority, verdict, because, .. } = decision;
        let tone = match verdict {
            Verdict::Page => "bad",
            Verdict::Digest => "warn",
            Verdict::Quiet => "",
        };
        let is_event = *by == DecidedBy::Event;
        let name = id.as_ref().map_or(event.as_str(), |id| id.as_str());
        Self {
            key: name.to_owned(),
            priority: priority.to_string(),
            what: line(kind),
            href: is_event.then(|| about("/event", name)),
            verdict: verdict.in_words(),
            tone,
            at: when(*at),
            because: line(because),
            by: match (by, told::who(decision)) {
                (DecidedBy::Event, _) | (_, None) => format!("rule {rule}"),
                (DecidedBy::Human { .. }, Some(who)) => line(&format!("by {}", who.plain())),
                (DecidedBy::Itself, Some(who)) => who.plain(),
            },
            lines: told::lines(decision)
                .iter()
                // The page of an incident has them by themselves.
                .filter(|told| told.kind != told::Kind::Step)
                .map(|told| line(&told.text()))
                .collect(),
        }
    }

    /// As a list of all sorts of things shows it: with what it is about.
    pub(super) fn with_subject(decision: &Decision) -> Self {
        let shown = Self::of(decision);
        match decision.subject.is_empty() {
            true => shown,
            false => Self { what: line(&format!("{}: {}", decision.kind, decision.subject)), ..shown },
        }
    }
}

/// What somebody said to it.
pub(super) fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", {text}") }
}
