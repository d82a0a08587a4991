//! What happened, in the order in which it happened.

use watchfire_core::decision::Caller;
use watchfire_core::standing::NotDone;
use watchfire_core::verdict::Verdict;
use watchfire_core::zone::Zone;

use super::words::Words;
use super::{Kind, Line};
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
    for effect in &decision.effects {
        let said = Words::ours(format!("{} to ", effect.kind.as_str())).and_theirs(effect.channel.as_str());
        let said = said.and(": ").and_theirs(&effect.came_of()).with(", ", &effect.said);
        lines.push(Line { at: effect.at.unwrap_or(at), kind: Kind::Told, said });
    }
    for act in &decision.acts {
        let said = Words::theirs(act.id.as_str()).and(" of ").and_theirs(&act.target);
        let said = said.and(format!(": {}", act.result.as_str())).with(", ", &act.said);
        lines.push(Line { at: act.at.unwrap_or(at), kind: Kind::Done, said });
    }
    for NotDone { action, reason, since: _ } in &decision.withheld {
        let said = Words::theirs(action).with(": ", reason);
        lines.push(Line { at, kind: Kind::Withheld, said });
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
        DecidedBy::Human { name, reason, caller } => {
            let who = Words::theirs(name).with(", known as ", caller.as_ref().map_or("", Caller::known));
            Some((Kind::Person, who.and(": ").and_theirs(kind).with(", because ", reason)))
        }
        DecidedBy::Itself if decision.effects.is_empty() && decision.acts.is_empty() => None,
        DecidedBy::Itself => Some((Kind::Watchfire, Words::ours(format!("{verdict}: {because}")))),
    }
}
