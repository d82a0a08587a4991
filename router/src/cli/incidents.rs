//! `watchfire incidents`: listed, shown, told decision by decision; acknowledged, resolved, reassigned.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use watchfire_core::command::Wish;
use watchfire_core::ids::IncidentKey;
use watchfire_core::incident::ByWhom;
use watchfire_core::notice::clean;
use watchfire_core::priority::Priority;

use super::asking::{Whom, command, look, minute, question, refusal};
use super::screen::{age, plain, wrapped};
use super::{Failed, Output};
use crate::web::{Decided, DecisionShown, IncidentShown, IncidentState, IncidentsShown, StoryShown};

/// What `incidents` takes.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List open incidents, the newest first.
    List {
        /// Those that are over, too
        #[arg(long)]
        all: bool,
        /// Only of that priority, such as P1
        #[arg(long, value_parser = priority)]
        priority: Option<Priority>,
        #[command(flatten)]
        whom: Whom,
    },
    /// Show an incident: how it stands, who has it, what comes next.
    Show(Which),
    /// Show everything that was decided about an incident, and what became of it.
    Timeline(Which),
    /// Say that somebody has them: they are not escalated further.
    Ack(Several),
    /// Say that nobody has them any more: their response clocks run again.
    Unack(Several),
    /// Say that they are over, whatever their findings say.
    Resolve(Several),
    /// Have somebody else have an incident.
    Reassign {
        /// Its key, such as wf1-aafbc2b0205ff7f822f237d095d98b68
        #[arg(value_name = "KEY")]
        key: String,
        /// A channel of the configuration, which is paged, or a name, which is recorded
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        whom: Whom,
    },
}

/// One incident.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Its key, or an event's id or a finding's key in it
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    whom: Whom,
}

/// One or more of them.
#[derive(Debug, Args)]
pub(super) struct Several {
    /// Their keys, such as wf1-aafbc2b0205ff7f822f237d095d98b68
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn priority(text: &str) -> Result<Priority, String> {
    let found = Priority::ALL.into_iter().find(|priority| priority.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "expected P0, P1, P2 or P3".to_owned())
}

pub(super) fn main(command: Command) -> Result<(), Failed> {
    match command {
        Command::List { all, priority, whom } => list(&whom, all, priority),
        Command::Show(which) => show(&which),
        Command::Timeline(which) => timeline(&which),
        Command::Ack(several) => ask_each(several, "acknowledged", Wish::Acknowledge),
        Command::Unack(several) => ask_each(several, "unacknowledged", Wish::Unacknowledge),
        Command::Resolve(several) => ask_each(several, "resolved", Wish::Resolve),
        Command::Reassign { key, to, reason, whom } => {
            let done = format!("assigned to {}:", plain(&to));
            let several = Several { keys: vec![key], reason, whom };
            ask_each(several, &done, |incident| Wish::Reassign { incident, to: to.clone() })
        }
    }
}

fn list(whom: &Whom, all: bool, priority: Option<Priority>) -> Result<(), Failed> {
    let mut path = format!("/v1/incidents?state={}", if all { "all" } else { "open" });
    if let Some(priority) = priority {
        path += &format!("&priority={priority}");
    }
    let Some(IncidentsShown { incidents, more }) = look(whom, &path)? else { return Ok(()) };
    if incidents.is_empty() {
        say!("{}", if all { "there are no incidents" } else { "no incident is open" });
    }
    let now = Timestamp::now();
    for incident in &incidents {
        let IncidentShown { key, state, priority, title, subject, opened_at, .. } = incident;
        say!(
            "{key}  {priority}  {:<5}  {:>4}  {:<23}  {} ({})",
            state.as_str(),
            age(*opened_at, now),
            clock(incident, now),
            clean(title, 60),
            clean(subject, 60),
        );
    }
    if more > 0 {
        say!("and {more} more, which are less urgent or older");
    }
    Ok(())
}

/// Until when somebody has to respond, or who has.
fn clock(incident: &IncidentShown, now: Timestamp) -> String {
    match (incident.state, &incident.acknowledged, incident.respond_by) {
        (IncidentState::Over, _, _) | (_, None, None) => "-".to_owned(),
        (_, Some(ByWhom { by, .. }), _) => clean(by, 23),
        (_, None, Some(by)) if incident.overdue => format!("overdue {}", age(by, now)),
        (_, None, Some(by)) => format!("by {}", minute(by)),
    }
}

fn story(Which { key, whom }: &Which) -> Result<Option<StoryShown>, Failed> {
    look(whom, &question("/v1/story", "of", key))
}

fn show(which: &Which) -> Result<(), Failed> {
    let Some(story) = story(which)? else { return Ok(()) };
    let Some(incident) = &story.incident else {
        say!("it belongs to no incident, or that is forgotten; see watchfire why");
        return Ok(());
    };
    for line in card(incident, Timestamp::now()) {
        say!("{line}");
    }
    for (row, next) in story.next.iter().enumerate() {
        let head = if row == 0 { "Next" } else { "" };
        say!("{head:<11} {}", plain(next));
    }
    Ok(())
}

fn card(incident: &IncidentShown, now: Timestamp) -> Vec<String> {
    let said = |whom: &ByWhom| format!("{}, at {}", whom.by, minute(whom.at));
    let events = if incident.events == 1 { "event" } else { "events" };
    let opened = format!(
        "{}, episode {}, {} {events}, the last at {}",
        minute(incident.opened_at),
        incident.episode,
        incident.events,
        minute(incident.last_at.unwrap_or(incident.opened_at)),
    );
    let respond_by = incident.respond_by.map(|by| match incident.overdue {
        true => format!("{}, overdue {}", minute(by), age(by, now)),
        false => minute(by),
    });
    let held = incident.held.as_ref().map(|held| format!("{}, since {}", held.reason, minute(held.since)));
    let channels: Vec<_> = incident.channels.iter().map(ToString::to_string).collect();
    let escalation = (incident.escalation > 0).then(|| format!("{} steps taken", incident.escalation));
    let rows = [
        ("Incident", Some(incident.key.to_string())),
        ("Subject", Some(incident.subject.clone())),
        ("Family", Some(incident.family.clone())),
        ("Opened", Some(opened)),
        ("Said", Some(incident.said_at.map_or_else(|| "to nobody yet".to_owned(), minute))),
        ("Held", held),
        ("Channels", Some(channels.join(", ")).filter(|channels| !channels.is_empty())),
        ("Respond by", respond_by),
        ("Has it", incident.acknowledged.as_ref().map(said)),
        ("Assigned", incident.assigned.clone()),
        ("Escalation", escalation),
        ("Part of", incident.campaign.as_ref().map(ToString::to_string)),
        ("Ended by", incident.ended.as_ref().map(said)),
    ];
    let title = format!("{}  {}  {}", incident.priority, incident.state.as_str(), plain(&incident.title));
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    [title].into_iter().chain(rows.map(|(name, value)| format!("{name:<11} {}", plain(&value)))).collect()
}

fn timeline(which: &Which) -> Result<(), Failed> {
    let Some(story) = story(which)? else { return Ok(()) };
    for decision in &story.decisions {
        for line in decided(decision) {
            say!("{line}");
        }
    }
    Ok(())
}

/// A decision with what became of it.
fn decided(decision: &DecisionShown) -> Vec<String> {
    let who = match &decision.by {
        Decided::Event => decision.event.to_string(),
        Decided::Human { name, reason } if reason.is_empty() => name.clone(),
        Decided::Human { name, reason } => format!("{name}: {reason}"),
        Decided::Itself => "by itself".to_owned(),
    };
    let head = format!(
        "{}  {}  {:<6}  {:<13}  {}  {}",
        decision.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        decision.priority,
        decision.verdict.as_str(),
        decision.why.as_str(),
        plain(&decision.kind),
        plain(&who),
    );
    let mut lines = vec![head];
    for effect in &decision.effects {
        let fallback = if effect.fallback { ", the fallback" } else { "" };
        let (kind, result) = (effect.kind.as_str(), effect.result.as_str());
        let said = said(&effect.said);
        lines.extend(wrapped(2, &format!("{kind} to {}{fallback}: {result}{said}", effect.channel), 3));
    }
    for act in &decision.acts {
        let said = said(&act.said);
        lines.extend(wrapped(2, &format!("{} of {}: {}{said}", act.id, act.target, act.result.as_str()), 3));
    }
    for withheld in &decision.withheld {
        lines.extend(wrapped(2, &format!("not done: {withheld}"), 3));
    }
    lines
}

/// What somebody said to it.
pub(super) fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", {text}") }
}

fn ask_each(several: Several, done: &str, wish: impl Fn(IncidentKey) -> Wish) -> Result<(), Failed> {
    let Several { keys, reason, whom } = several;
    let mut has_failed = false;
    for key in keys {
        let answer = command(&whom, &reason, wish(IncidentKey::new(&key)), false)?;
        let refusal = refusal(&answer);
        has_failed |= refusal.is_some();
        match refusal {
            _ if whom.output == Output::Json => say!("{answer}"),
            Some(reason) => complain!("watchfire: not done: {reason}"),
            None => say!("{done} {}", plain(&key)),
        }
    }
    if has_failed { Err(Failed::Said) } else { Ok(()) }
}
