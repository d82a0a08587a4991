//! `watchfire incidents`: listed, shown, told decision by decision; acknowledged, resolved, reassigned.

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;
use watchfire_core::command::CommandKind;
use watchfire_core::decision::Caller;
use watchfire_core::ids::{IncidentKey, RouteName};
use watchfire_core::notice::ByWhom;
use watchfire_core::standing::{Progress, Told};

use super::Failed;
use super::asking::{Whom, command, learn, look, minute, question_of, refusal, second};
use super::completing::Ids;
use super::screen::{self, age, plain, theirs, wrapped};
use super::why::delivered;
use crate::api::OperatorEndpoint;
use crate::api::told::{self, Kind};
use crate::api::views::{Decision, Incident, IncidentDetail, IncidentState};
use crate::postmortem::{self, PostMortem};

mod annotating;
mod list;
mod signing;

pub(super) use list::priority;

/// What `incidents` takes.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List open incidents, those that all MATCHERs match, the most urgent first.
    List(list::List),
    /// Show an incident: how it stands, who has it, what comes next.
    Show(Which),
    /// Show everything that was decided about an incident, and what became of it.
    Timeline {
        #[command(flatten)]
        which: Which,
        /// Also every record that a decision changed, and why
        #[arg(short, long)]
        verbose: bool,
    },
    /// Write a post-mortem: what happened when, who did what, how soon, what is left to answer.
    Report {
        /// As which text
        #[arg(long, value_enum, default_value_t = ReportForm::Markdown)]
        format: ReportForm,
        /// Write nothing; have its sum put into the audit trail
        #[arg(long, conflicts_with = "verify")]
        sign: bool,
        /// Write nothing; say whether it is as it was signed
        #[arg(long)]
        verify: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Say that somebody has them: they are not escalated further.
    Ack {
        /// Whoever had them before
        #[arg(long)]
        take: bool,
        #[command(flatten)]
        several: Several,
    },
    /// Say that nobody has them any more: their response clocks run again.
    Unack(Several),
    /// Say that they are over, whatever their findings say.
    Resolve(Several),
    /// Have somebody else have an incident.
    Reassign {
        /// Its id, or as much of it as no other has, or an event's
        #[arg(value_name = "ID", add = ArgValueCompleter::new(Ids::Incidents))]
        key: String,
        /// A channel of the configuration, which is paged, or a name, which is recorded
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Say what would come of it, and do nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whom: Whom,
    },
    /// Note what you know of an incident, open or over; nobody is told.
    Note(annotating::Noted),
    /// Link an incident to a ticket, or to wherever else it is written about.
    Link(annotating::Linked),
    /// Make a ticket of what is to be done after an incident; the same text is the same ticket.
    FollowUp(annotating::FollowedUp),
    /// Label an incident, to sort by and to ask for (list --label).
    Label(annotating::Labelled),
}

/// So many of those who were told are shown, the latest.
const LATEST: usize = 3;
/// So many changes are named behind a decision, the others counted.
const ALSO: usize = 3;

/// As which text a post-mortem is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ReportForm {
    /// For a wiki or a ticket
    Markdown,
    /// A page by itself, with a picture of the times
    Html,
    /// For a program
    Json,
    /// The picture alone
    Svg,
}

impl From<ReportForm> for postmortem::Form {
    fn from(form: ReportForm) -> Self {
        match form {
            ReportForm::Markdown => Self::Markdown,
            ReportForm::Html => Self::Html,
            ReportForm::Json => Self::Json,
            ReportForm::Svg => Self::Svg,
        }
    }
}

/// One incident.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Its id, or as much of it as no other has, or an event's or finding's
    #[arg(value_name = "ID", add = ArgValueCompleter::new(Ids::Incidents))]
    key: String,
    #[command(flatten)]
    whom: Whom,
}

/// One or more of them.
#[derive(Debug, Args)]
pub(super) struct Several {
    /// Their ids, or as much of each as no other has, or their events'
    #[arg(value_name = "ID", required = true, add = ArgValueCompleter::new(Ids::Incidents))]
    keys: Vec<String>,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// Say what would come of it, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn main(command: Command) -> Result<(), Failed> {
    match command {
        Command::List(list) => list::list(list),
        Command::Show(which) => show(&which),
        Command::Timeline { which, verbose } => {
            timeline(&which, if verbose { Changes::All } else { Changes::Beside })
        }
        Command::Report { format: _, sign: true, verify: _, which } => signing::sign(&which),
        Command::Report { format, sign: false, verify, which } => {
            report(if verify { Asked::Verified } else { Asked::Written(format) }, &which)
        }
        Command::Ack { take: false, several } => ask_each(several, "acknowledged", CommandKind::Acknowledge),
        Command::Ack { take: true, several } => ask_each(several, "taken over:", CommandKind::Take),
        Command::Unack(several) => ask_each(several, "unacknowledged", CommandKind::Unacknowledge),
        Command::Resolve(several) => ask_each(several, "resolved", CommandKind::Resolve),
        Command::Reassign { key, to, reason, dry_run, whom } => {
            let done = format!("assigned to {}:", plain(&to));
            let several = Several { keys: vec![key], reason, dry_run, whom };
            ask_each(several, &done, |incident| CommandKind::Reassign { incident, to: to.clone() })
        }
        Command::Note(noted) => annotating::note(noted),
        Command::Link(linked) => annotating::link(linked),
        Command::FollowUp(followed_up) => annotating::follow_up(followed_up),
        Command::Label(labelled) => annotating::label(labelled),
    }
}

fn story(Which { key, whom }: &Which) -> Result<Option<IncidentDetail>, Failed> {
    look(whom, &question_of(OperatorEndpoint::Story, key))
}

/// What is asked of a report.
enum Asked {
    /// That form of it.
    Written(ReportForm),
    /// Whether it is as it was signed.
    Verified,
}

fn report(asked: Asked, which: &Which) -> Result<(), Failed> {
    let Which { key, whom } = which;
    let story = learn::<IncidentDetail>(whom, &question_of(OperatorEndpoint::Story, key))?;
    let Some(report) = PostMortem::of(&story) else {
        return Err(anyhow!(
            "{} belongs to no incident, or that is forgotten; see watchfire why",
            plain(key)
        )
        .into());
    };
    let form = match asked {
        Asked::Verified => return signing::verify(which, &story, &report),
        Asked::Written(_) if whom.is_a_program() => postmortem::Form::Json,
        Asked::Written(form) => form.into(),
    };
    Ok(screen::say(report.written(form).trim_end())?)
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
    // Those that somebody still has to be told, and the latest of the others.
    let told = &story.standing.told;
    let latest = told.len().saturating_sub(LATEST);
    let is_owed = |told: &Told| told.delivery.result == Progress::Pending;
    let told = told.iter().enumerate().filter(|(at, told)| *at >= latest || is_owed(told));
    let told: Vec<_> = told.map(|(_, told)| delivered(told)).collect();
    let episode = story.incident.as_ref().map_or(0, |incident| incident.episode);
    let earlier = |of: u32| if of == episode { String::new() } else { format!(" (episode {of})") };
    let notes = story.notes.iter().map(|note| {
        format!("{} {}{}: {}", minute(note.at), plain(&note.by), earlier(note.episode), note.text)
    });
    let links = story.links.iter().map(|link| {
        let url = if link.title.is_some() { format!(", {}", link.url) } else { String::new() };
        format!("{}{url}{}", link.named(), earlier(link.episode))
    });
    let (notes, links): (Vec<_>, Vec<_>) = (notes.collect(), links.collect());
    let related: Vec<_> = story.related_lines().iter().map(|line| plain(line)).collect();
    let on_call: Vec<_> = story.on_call.iter().map(|said| plain(said)).collect();
    let machine = story.machine_texts.last().into_iter().flat_map(|text| &text.shown);
    let machine: Vec<_> = machine.map(|text| plain(text)).collect();
    for (name, lines) in [
        ("On call", &on_call),
        ("Stands", &story.standing.lines()),
        ("To do", &to_do(&story)),
        ("Links", &links),
        ("Notes", &notes),
        ("Related", &related),
        ("Told", &told),
        ("Next", &story.next),
        ("Machine", &machine),
    ] {
        for (row, line) in lines.iter().enumerate() {
            let head = if row == 0 { name } else { "" };
            for line in screen::row(head, line) {
                say!("{line}");
            }
        }
    }
    Ok(())
}

/// The steps of its playbook, unless it is over.
fn to_do(story: &IncidentDetail) -> Vec<String> {
    let is_over = story.incident.as_ref().is_none_or(|incident| incident.state == IncidentState::Over);
    let playbook = story.standing.playbook.as_ref().filter(|_| !is_over);
    playbook.map_or_else(Vec::new, |playbook| playbook.lines(&story.standing.zone))
}

fn card(incident: &Incident, now: Timestamp) -> Vec<String> {
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
        ("Sent", RouteName::clause(&incident.routes)),
        ("Respond by", respond_by),
        ("Has it", incident.acknowledged.as_ref().map(said)),
        ("Assigned", incident.assigned.clone()),
        ("Labels", Some(incident.labels.lines().join(", ")).filter(|labels| !labels.is_empty())),
        ("Escalation", escalation),
        ("Part of", incident.campaign.as_ref().map(ToString::to_string)),
        ("Ended by", incident.ended.as_ref().map(said)),
    ];
    let title = format!("{}  {}  ", incident.priority, incident.state.as_str());
    let title = screen::behind(&title, 4, &theirs(&incident.title), 3);
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let rows = rows.flat_map(|(name, value)| screen::row(name, &value));
    title.into_iter().chain(rows).collect()
}

/// Which of a decision's changes are said.
#[derive(Clone, Copy)]
enum Changes {
    /// Those that the rest of the decision does not say.
    Beside,
    /// Every one.
    All,
}

fn timeline(which: &Which, changes: Changes) -> Result<(), Failed> {
    let Some(story) = story(which)? else { return Ok(()) };
    for decision in &story.decisions {
        for line in decided(decision, changes) {
            say!("{line}");
        }
    }
    Ok(())
}

/// A decision with what became of it.
fn decided(decision: &Decision, changes: Changes) -> Vec<String> {
    let who = told::who(decision).map_or_else(|| decision.event.clone(), |who| who.plain());
    let head = format!(
        "{}  {}  {:<6}  {:<13}  ",
        second(decision.at),
        decision.priority,
        decision.verdict.as_str(),
        decision.why.as_str(),
    );
    let mut lines = screen::behind(&head, 4, &format!("{} {}", theirs(&decision.kind), plain(&who)), 4);
    for line in told::lines(decision) {
        lines.extend(match (line.kind, changes) {
            (Kind::Told | Kind::Done | Kind::NotDone, _) => wrapped(2, &line.text(), 3),
            (Kind::Step, Changes::All) | (Kind::Since, _) => wrapped(4, &line.text(), 2),
            // All at once, below.
            (Kind::Step, Changes::Beside) | (Kind::Also, _) => Vec::new(),
        });
    }
    match changes {
        Changes::Beside => lines.extend(also(decision)),
        Changes::All => {
            let all = told::once(&decision.changes, |_| true);
            lines.extend(all.flat_map(|said| wrapped(2, &format!("changed: {said}"), 2)));
        }
    }
    lines
}

/// How somebody is known, behind their name.
pub(super) fn introduced(caller: Option<&Caller>) -> String {
    caller.map(Caller::clause).unwrap_or_default()
}

/// What a decision changed that the rest of it does not say.
pub(super) fn also(decision: &Decision) -> Vec<String> {
    let all: Vec<_> = told::once(&decision.changes, |change| !change.is_detail).collect();
    let more = all.len().saturating_sub(ALSO);
    let more = (more > 0).then(|| format!("{more} more, see incidents timeline --verbose"));
    let said: Vec<_> = all.into_iter().take(ALSO).map(str::to_owned).chain(more).collect();
    if said.is_empty() { Vec::new() } else { wrapped(2, &format!("also: {}", said.join("; ")), 4) }
}

/// What somebody said to it.
pub(super) fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", {text}") }
}

fn ask_each(several: Several, done: &str, wish: impl Fn(IncidentKey) -> CommandKind) -> Result<(), Failed> {
    let Several { keys, reason, dry_run, whom } = several;
    let mut has_failed = false;
    for key in keys {
        let answer = command(&whom, &reason, wish(IncidentKey::new(&key)), dry_run);
        let answer = match answer {
            Ok(answer) => answer,
            // The others are asked for all the same.
            Err(Failed::Because(error)) => {
                complain!("watchfire: not done: {error:#}");
                has_failed = true;
                continue;
            }
            Err(failed) => return Err(failed),
        };
        let refusal = refusal(&answer);
        has_failed |= refusal.is_some();
        if whom.is_a_program() {
            continue;
        }
        match refusal {
            Some(reason) => complain!("watchfire: not done: {reason}"),
            // By its whole id, whatever was typed.
            None => {
                let dry = if dry_run { "dry run, nothing is changed: " } else { "" };
                let whole = answer.decision.incident.as_ref().map_or(key.as_str(), IncidentKey::as_str);
                say!("{dry}{done} {}", plain(whole));
                if let Some(remark) = &answer.remark {
                    say!("{}", plain(remark));
                }
            }
        }
    }
    if has_failed { Err(Failed::Said) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
