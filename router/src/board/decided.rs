//! A decision on a page: what, why, and what became of it; the words are those of `watchfire incidents timeline`.

use watchfire_core::decision::Caller;
use watchfire_core::standing::NotDone;
use watchfire_core::verdict::Verdict;

use super::words::{about, line, when};
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
            by: match by {
                DecidedBy::Event => format!("rule {rule}"),
                DecidedBy::Human { name, reason, caller } => line(&said_by(name, reason, caller.as_ref())),
                DecidedBy::Itself => "by itself".to_owned(),
            },
            lines: lines(decision),
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

fn said_by(name: &str, reason: &str, caller: Option<&Caller>) -> String {
    let caller = caller.map(Caller::clause).unwrap_or_default();
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("by {name}{caller}{reason}")
}

/// What was told, done and not done, a line each.
fn lines(decision: &Decision) -> Vec<String> {
    let Decision { effects, acts, withheld, changes, .. } = decision;
    let told = effects.iter().map(|effect| {
        let fallback = if effect.fallback { ", the fallback" } else { "" };
        format!(
            "{} to {}{fallback}: {}{}",
            effect.kind.as_str(),
            effect.channel,
            effect.came_of(),
            said(&effect.said)
        )
    });
    let acts = acts
        .iter()
        .map(|act| format!("{} of {}: {}{}", act.id, act.target, act.result.as_str(), said(&act.said)));
    let not_done = withheld.iter().flat_map(|NotDone { action, reason, since }| {
        let since = since.as_ref().map(|since| format!("since then: {since}"));
        [Some(format!("not done: {action}: {reason}")), since].into_iter().flatten()
    });
    let mut also: Vec<&str> = Vec::new();
    for change in changes.iter().filter(|change| !change.is_detail) {
        if !also.contains(&change.said.as_str()) {
            also.push(&change.said);
        }
    }
    let also = also.into_iter().map(|said| format!("also: {said}"));
    told.chain(acts).chain(not_done).chain(also).map(|text| line(&text)).collect()
}

/// What somebody said to it.
pub(super) fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", {text}") }
}
