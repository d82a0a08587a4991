//! A decision as people are told it, wherever they look: the board, the command line and the post-mortem put these same
//! lines into their own form.

mod words;

pub(crate) use words::Words;

use jiff::Timestamp;
use watchfire_core::action::ActionName;
use watchfire_core::decision::Caller;
use watchfire_core::standing::NotDone;
use watchfire_core::word;

use super::views::{Act, ActStep, Change, DecidedBy, Decision};

/// One thing that a decision told, did, left or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it is about.
    pub(crate) kind: Kind,
    /// When it came to that; none where it did not yet, or with the decision.
    pub(crate) at: Option<Timestamp>,
    /// What there is to say, without what the kind says.
    pub(crate) said: Words,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Somebody was told, or is to be.
    Told,
    /// Something was done to the cluster, or is to be.
    Done,
    /// A step of what stands before it.
    Step,
    /// Something was wanted and not done.
    NotDone,
    /// What has become of that.
    Since,
    /// A record was changed, which the rest does not say.
    Also,
}

impl Line {
    /// The whole of it as plain text.
    pub(crate) fn text(&self) -> String {
        let said = self.said.plain();
        match self.kind {
            Kind::Told | Kind::Done | Kind::Step => said,
            Kind::NotDone => format!("not done: {said}"),
            Kind::Since => format!("since then: {said}"),
            Kind::Also => format!("also: {said}"),
        }
    }
}

/// Who decided: a person with how they are known and what they say, or Watchfire itself; none where an event did.
pub(crate) fn who(decision: &Decision) -> Option<Words> {
    match &decision.by {
        DecidedBy::Event => None,
        DecidedBy::Human { name, caller, says: _, reason: _ } => {
            let who = caller.iter().fold(Words::theirs(name), introduced);
            Some(who.with(": ", &decision.by.said()))
        }
        DecidedBy::Itself => Some(Words::ours("by itself")),
    }
}

/// Behind a name: how they are known, and what they call themselves where that is another.
fn introduced(name: Words, caller: &Caller) -> Words {
    let known = name.and(" (").and_theirs(caller.known());
    known.with(", who says to be ", caller.says.as_deref().unwrap_or_default()).and(")")
}

/// Everything that came of a decision, in the order in which it is said.
pub(crate) fn lines(decision: &Decision) -> Vec<Line> {
    let Decision { effects, acts, withheld, changes, .. } = decision;
    let mut lines: Vec<_> = effects
        .iter()
        .map(|effect| {
            let fallback = if effect.fallback { ", the fallback: " } else { ": " };
            let said =
                Words::ours(format!("{} to ", effect.kind.as_str())).and_theirs(effect.channel.as_str());
            let said = said.and(fallback).and_theirs(&effect.came_of()).with(", ", &effect.said);
            Line { kind: Kind::Told, at: effect.at, said }
        })
        .collect();
    lines.extend(acts.iter().flat_map(done));
    for NotDone { action, reason, since } in withheld {
        let line = |kind, said| Line { kind, at: None, said };
        lines.push(line(Kind::NotDone, Words::theirs(action).with(": ", reason)));
        lines.extend(since.iter().map(|since| line(Kind::Since, Words::theirs(since))));
    }
    let also = once(changes, |change| !change.is_detail);
    lines.extend(also.map(|said| Line { kind: Kind::Also, at: None, said: Words::theirs(said) }));
    lines
}

/// What was done, and how far each of its steps went.
fn done(act: &Act) -> impl Iterator<Item = Line> {
    let Act { id, target, result, at, said, steps } = act;
    let done = Words::theirs(id.as_str()).and(" of ").and_theirs(target);
    let done = done.and(format!(": {}", result.as_str())).with(", ", said);
    let steps = steps.iter().map(|step| Line { kind: Kind::Step, at: None, said: step_said(step) });
    [Line { kind: Kind::Done, at: *at, said: done }].into_iter().chain(steps)
}

pub(crate) fn step_said(ActStep { step: _, plan, result, note }: &ActStep) -> Words {
    let result = result.map_or_else(|| "waits".to_owned(), |result| word::of(&result).replace('_', " "));
    Words::ours(format!("{result}: ")).and_theirs(plan).with(": ", note)
}

/// What was done by actions of that kind, in order, each with the decision that planned it.
pub(crate) fn acts<'d>(
    decisions: impl IntoIterator<Item = &'d Decision>,
    wanted: impl Fn(ActionName) -> bool,
) -> impl Iterator<Item = &'d Act> {
    let acts = decisions.into_iter().flat_map(|decision| &decision.acts);
    acts.filter(move |act| action(act.id.as_str()).is_some_and(&wanted))
}

/// What an act is of: its id begins with that.
pub(crate) fn action(id: &str) -> Option<ActionName> {
    let name = id.split(':').next().unwrap_or_default();
    ActionName::ALL.into_iter().find(|action| action.as_str() == name)
}

/// What an act was done to, and what came of it.
pub(crate) fn came_of(act: &Act) -> Words {
    Words::theirs(&act.target).and(format!(", {}", act.result.as_str())).with(": ", &act.said)
}

/// Those changes in words, each once: of several records the same may be said.
pub(crate) fn once(changes: &[Change], is_wanted: impl Fn(&Change) -> bool) -> impl Iterator<Item = &str> {
    let mut once: Vec<&str> = Vec::new();
    for change in changes.iter().filter(|change| is_wanted(change)) {
        if !once.contains(&change.said.as_str()) {
            once.push(&change.said);
        }
    }
    once.into_iter()
}
