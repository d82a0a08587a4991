//! `watchfire why`: on one screen, why something was or was not paged, who was told, and what comes next.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;
use watchfire_core::ids::RouteName;
use watchfire_core::notice::ByWhom;
use watchfire_core::standing::{NotDone, Progress, Told};

use super::Failed;
use super::asking::{Whom, look, minute, question_of};
use super::completing::Ids;
use super::incidents::{also, introduced, said};
use super::screen::{age, theirs, wrapped};
use crate::api::OperatorEndpoint;
use crate::api::views::{Act, AskedAbout, DecidedBy, Decision, Incident, IncidentDetail, Related, Relation};

/// So many lines are on a screen.
const LINES: usize = 24;
/// So many of those who were told are listed, the latest.
const LATEST: usize = 3;
/// So many lines are said of them.
const TOLD: usize = 8;
/// So many lines of an incident come before how it stands.
const HEAD: usize = 4;
/// So many lines are said of how it stands.
const STANDS: usize = 5;
/// So many lines of the reason there is always room for.
const WHY: usize = 4;
/// So many acts of a decision are told: its evidence, what contains, and what comes after.
const ACTS: usize = 4;
/// So many lines are said of what comes next.
const NEXT: usize = 6;

/// What `why` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An event's or incident's id, or as much of it as no other has, or a finding's key
    #[arg(value_name = "ID", add = ArgValueCompleter::new(Ids::Incidents))]
    name: String,
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { name, whom } = arguments;
    let Some(story) = look::<IncidentDetail>(whom, &question_of(OperatorEndpoint::Story, name))? else {
        return Ok(());
    };
    for line in screen(&story, Timestamp::now()) {
        say!("{line}");
    }
    Ok(())
}

/// At most [`LINES`] lines: what comes next is never cut for what was.
fn screen(story: &IncidentDetail, now: Timestamp) -> Vec<String> {
    let mut next: Vec<String> = story.next.iter().flat_map(|next| wrapped(2, next, 2)).take(NEXT).collect();
    if !next.is_empty() {
        next.insert(0, "Next".to_owned());
    }
    let told: Vec<String> = told(story).into_iter().take(TOLD).collect();
    let mut what = story.incident.as_ref().map(|incident| what(incident, now)).unwrap_or_default();
    what.extend(stood_for(story));
    what.splice(what.len().min(HEAD)..what.len().min(HEAD), stands(story));
    let mut why =
        asked_about(story).map(|decision| why(decision, story.incident.as_ref())).unwrap_or_default();
    let namesakes = why.len().min(1);
    why.splice(namesakes..namesakes, others(story));
    let room = LINES - next.len() - told.len();
    why.truncate(room.saturating_sub(what.len()).max(WHY));
    let room = room - why.len();
    what.into_iter().take(room).chain(why).chain(told).chain(next).collect()
}

fn what(incident: &Incident, now: Timestamp) -> Vec<String> {
    let Incident { key, priority, state, title, subject, opened_at, events, .. } = incident;
    let mut lines = wrapped(0, &format!("{priority} {}", theirs(title)), 2);
    lines.extend(wrapped(2, &theirs(subject), 1));
    let events = if *events == 1 { "1 event".to_owned() } else { format!("{events} events") };
    let age = age(*opened_at, now);
    lines.extend(wrapped(2, &format!("{key}, {}, {events} in {age}", state.as_str()), 1));
    if let Some(ByWhom { by, at }) = &incident.acknowledged {
        lines.extend(wrapped(2, &format!("{by} has it since {}", minute(*at)), 1));
    }
    if let Some(to) = &incident.assigned {
        lines.extend(wrapped(2, &format!("assigned to {to}"), 1));
    }
    let labels = incident.labels.lines().join(", ");
    if !labels.is_empty() {
        lines.extend(wrapped(2, &format!("labels: {labels}"), 1));
    }
    if let Some(campaign) = &incident.campaign {
        lines.extend(wrapped(2, &format!("part of the attack sequence {campaign}"), 1));
    }
    if let Some(ByWhom { by, at }) = &incident.ended {
        lines.extend(wrapped(2, &format!("ended by {by} at {}", minute(*at)), 1));
    }
    lines
}

/// The incident that is told in place of this one and others, as a storm's is. While this one waits for the next page of it,
/// what its last page said is of others.
fn stood_for(story: &IncidentDetail) -> Vec<String> {
    let all = story.related.iter().filter(|one| one.how == Relation::StandsFor);
    let waits = story.incident.as_ref().is_some_and(|incident| incident.held.is_some());
    let told = |one: &Related| {
        let Related { incident, how: _, state, priority, title, subject: _ } = one;
        let told = match waits {
            true => format!("to be told with others by {incident} ({})", state.as_str()),
            false => {
                format!("told with others by {incident} ({}): {priority} {}", state.as_str(), theirs(title))
            }
        };
        wrapped(2, &told, 2)
    };
    all.flat_map(told).collect()
}

/// The decision about the event, the latest about the finding, or the latest event's of the incident.
fn asked_about(story: &IncidentDetail) -> Option<&Decision> {
    let is_asked = |decision: &&Decision| match story.of {
        AskedAbout::Event => decision.id.is_some() && decision.id == story.id,
        AskedAbout::Finding => decision.finding.is_some() && decision.finding == story.finding,
        AskedAbout::Incident => decision.by == DecidedBy::Event,
    };
    let decisions = || story.decisions.iter().rev();
    decisions().find(is_asked).or_else(|| decisions().next())
}

fn why(decision: &Decision, incident: Option<&Incident>) -> Vec<String> {
    let Decision { event, at, kind, rule, family, priority, verdict, because, withheld, acts, .. } = decision;
    let verdict = verdict.in_words();
    let (head, by) = match &decision.by {
        DecidedBy::Event => {
            (format!("Event {event}"), format!("{}: {priority} by rule {rule} ({family})", theirs(kind)))
        }
        DecidedBy::Human { name, caller, reason: _, says: _ } => {
            (format!("{kind} by {name}{}", introduced(caller.as_ref())), decision.by.said())
        }
        DecidedBy::Itself => (kind.clone(), decision.subject.clone()),
    };
    let mut lines = wrapped(0, &format!("{head}, {}", minute(*at)), 2);
    if !by.is_empty() {
        lines.extend(wrapped(2, &by, 2));
    }
    let by = RouteName::clause(&decision.routes).map(|by| format!(", {by}")).unwrap_or_default();
    lines.extend(wrapped(2, &format!("{verdict}: {because}{by}"), 2));
    for Act { id, target, result, said: came_of, at: _, steps: _ } in acts.iter().take(ACTS) {
        let line = format!("{id} of {target}: {}{}", result.as_str(), said(came_of));
        lines.extend(wrapped(2, &line, 2));
    }
    for NotDone { action, reason, since } in withheld.iter().take(3) {
        let line = match since {
            Some(since) => format!("{action}: {since}"),
            None => format!("no {action}: {reason}"),
        };
        lines.extend(wrapped(2, &line, 2));
    }
    let is_said = |reason: &String| withheld.iter().any(|withheld| withheld.reason == *reason);
    if let Some(held) = incident.and_then(|incident| incident.held.as_ref())
        && !is_said(&held.reason)
    {
        lines.extend(wrapped(2, &format!("held: {}", held.reason), 2));
    }
    lines.extend(also(decision));
    lines
}

/// Other events of the same name, by their whole ids, so that each can be asked about.
fn others(story: &IncidentDetail) -> Vec<String> {
    if story.others.is_empty() {
        return Vec::new();
    }
    let ids: Vec<_> = story.others.iter().map(|event| event.as_str()).collect();
    wrapped(2, &format!("{} more events of this id: {}", ids.len(), ids.join(", ")), 3)
}

/// Who was told, and what their channel said: whoever was not told yet in any case, and the latest.
fn told(story: &IncidentDetail) -> Vec<String> {
    let all = &story.standing.told;
    let is_waiting = |told: &&Told| told.delivery.result == Progress::Pending;
    let latest = all.len().saturating_sub(LATEST);
    let (earlier, latest) = all.split_at(latest);
    let waiting: Vec<_> = earlier.iter().filter(is_waiting).collect();
    let left_out = earlier.len() - waiting.len();
    let mut lines = vec![if all.is_empty() { "Nobody was told" } else { "Told" }.to_owned()];
    if left_out > 0 {
        let id = story.incident.as_ref().map(|incident| incident.key.to_string());
        let id = id.or_else(|| story.event.clone()).unwrap_or_default();
        lines.extend(wrapped(2, &format!("{left_out} earlier: see watchfire incidents timeline {id}"), 2));
    }
    for told in waiting.into_iter().chain(latest) {
        lines.extend(wrapped(2, &delivered(told), 2));
    }
    lines
}

/// A delivery in a line: when, what, to whom, what became of it.
pub(super) fn delivered(told: &Told) -> String {
    let Told { with_others, delivery, decided_at: _ } = told;
    let with = if *with_others { " with others" } else { "" };
    let (at, kind, channel) = (minute(told.at()), delivery.kind.as_str(), &delivery.channel);
    format!("{at} {kind}{with} to {channel}: {}{}", delivery.came_of(), said(&delivery.said))
}

/// What is contained, what waits for a human, what is withheld; what the decision shown says is not said twice.
fn stands(story: &IncidentDetail) -> Vec<String> {
    let shown = asked_about(story).map(|decision| decision.withheld.as_slice()).unwrap_or_default();
    let is_shown =
        |line: &String| shown.iter().any(|not| *line == format!("no {}: {}", not.action, not.reason));
    let lines = story.standing.lines().into_iter().filter(|line| !is_shown(line));
    lines.flat_map(|line| wrapped(2, &line, 2)).take(STANDS).collect()
}

#[cfg(test)]
mod tests;
