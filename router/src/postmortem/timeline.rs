//! What happened, in the order in which it happened.

use watchfire_core::verdict::Verdict;
use watchfire_core::zone::Zone;

use super::{Kind, Line};
use crate::api::told::{self, Words};
use crate::api::views::{DecidedBy, Decision};

/// A line for each decision, for each who was told, for each thing done and not done; what repeats is counted.
pub(super) fn of(decisions: &[&Decision], zone: &Zone) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = decisions;
    while let Some(decision) = rest.first() {
        let alike = rest.iter().take_while(|next| is_repeat(decision, next)).count();
        if alike > 1 {
            lines.push(repeated(&rest[..alike], zone));
            rest = &rest[alike..];
        } else {
            lines.extend(told_of(decision));
            rest = &rest[1..];
        }
    }
    // Those of one moment stay in the order in which they were decided.
    lines.sort_by_key(|line| line.at);
    lines
}

/// Whether another says nothing that the first did not.
fn is_repeat(first: &Decision, next: &Decision) -> bool {
    let is_idle = |decision: &Decision| {
        decision.by == DecidedBy::Event
            && decision.verdict == Verdict::Quiet
            && decision.effects.is_empty()
            && decision.acts.is_empty()
            && decision.withheld.is_empty()
    };
    is_idle(first)
        && is_idle(next)
        && (&first.kind, first.why, &first.rule) == (&next.kind, next.why, &next.rule)
}

fn repeated(decisions: &[&Decision], zone: &Zone) -> Line {
    let (first, last) = (decisions[0], decisions[decisions.len() - 1]);
    let until = zone.second(last.at);
    let said = Words::theirs(&first.kind).and(format!(
        ": {} reports until {until}, none paged: {}",
        decisions.len(),
        first.because
    ));
    Line { at: first.at, kind: Kind::Report, said }
}

fn told_of(decision: &Decision) -> Vec<Line> {
    let at = decision.at;
    let mut lines: Vec<_> = head(decision).into_iter().map(|(kind, said)| Line { at, kind, said }).collect();
    for line in told::lines(decision) {
        let kind = match line.kind {
            told::Kind::Told => Kind::Told,
            told::Kind::Done => Kind::Done,
            told::Kind::NotDone | told::Kind::Since => Kind::Withheld,
            told::Kind::Also => Kind::Watchfire,
            // How it ended says enough.
            told::Kind::Step => continue,
        };
        let said = match line.kind {
            told::Kind::Since => Words::ours("since then: ").and_all(line.said),
            told::Kind::Told
            | told::Kind::Done
            | told::Kind::NotDone
            | told::Kind::Also
            | told::Kind::Step => line.said,
        };
        lines.push(Line { at: line.at.unwrap_or(at), kind, said });
    }
    lines
}

/// What was decided and why; nothing of what decided itself and came to nothing.
fn head(decision: &Decision) -> Option<(Kind, Words)> {
    let verdict = decision.verdict.in_words();
    let because = &decision.because;
    let kind = decision.kind.strip_prefix("Command:").unwrap_or(&decision.kind);
    match &decision.by {
        DecidedBy::Event => {
            let said = Words::theirs(&decision.kind).and(" in event ").and_theirs(&decision.event);
            let said =
                said.and(format!(": {} by rule ", decision.priority)).and_theirs(decision.rule.as_str());
            Some((Kind::Report, said.and(format!(", {verdict}: {because}"))))
        }
        DecidedBy::Human { .. } => {
            let who = told::who(decision).unwrap_or_default();
            Some((Kind::Person, Words::theirs(kind).and(" by ").and_all(who)))
        }
        DecidedBy::Itself if decision.effects.is_empty() && decision.acts.is_empty() => None,
        DecidedBy::Itself => Some((Kind::Watchfire, Words::ours(format!("{verdict}: {because}")))),
    }
}
