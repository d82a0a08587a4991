//! `watchfire event`: one event as it was delivered, what of it could not be read, and what was decided about it.

use std::io::{IsTerminal as _, Write as _};

use clap::Args;
use watchfire_core::standing::NotDone;

use super::Failed;
use super::asking::{Form, Whom, learn, look, minute, question_of};
use super::screen::{plain, wrapped};
use crate::api::OperatorEndpoint;
use crate::api::views::{Decision, Event};

/// So many lines of a text are shown without `--raw`.
const LINES: usize = 12;

/// What `event` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An event's id, as its sender calls it or as `why` shows it
    #[arg(value_name = "EVENT")]
    name: String,
    /// Print the text as it was delivered, and nothing else
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { name, raw, whom } = arguments;
    let path = question_of(OperatorEndpoint::Event, name);
    if *raw {
        // As a program gets it: what is made fit for a screen is not the text any more.
        let mut whom = whom.clone();
        whom.output = Form::Json;
        let shown: Event = learn(&whom, &path)?;
        return print(&shown.raw);
    }
    let Some(shown) = look::<Event>(whom, &path)? else { return Ok(()) };
    for line in card(&shown) {
        say!("{line}");
    }
    Ok(())
}

/// Byte for byte to a file or a program; to a terminal with what no screen should be given spelt out.
fn print(raw: &str) -> Result<(), Failed> {
    let mut out = std::io::stdout();
    if out.is_terminal() {
        say!("{raw}");
        return Ok(());
    }
    out.write_all(raw.as_bytes())?;
    out.flush()?;
    Ok(())
}

fn card(shown: &Event) -> Vec<String> {
    let Event { decision, source, incident, amiss, raw, sha256, others } = shown;
    let Decision { event, at, kind, subject, rule, family, priority, verdict, because, .. } = decision;
    let id = decision.id.as_ref().map(|id| id.as_str().to_owned()).filter(|id| id != event);
    let rows = [
        ("Event", Some(event.clone())),
        ("Whole id", id),
        ("Source", Some(source.clone()).filter(|source| !source.is_empty())),
        ("Type", Some(kind.clone())),
        ("Finding", decision.finding.as_ref().map(ToString::to_string)),
        ("Subject", Some(subject.clone())),
        ("Decided", Some(format!("{}: {priority} by rule {rule} ({family})", minute(*at)))),
        ("Verdict", Some(format!("{}: {because}", verdict.as_str()))),
        ("Incident", incident.as_ref().map(ToString::to_string)),
    ];
    let withheld = decision.withheld.iter().map(|NotDone { action, reason, since }| match since {
        Some(since) => ("", Some(format!("{action}: {since}"))),
        None => ("", Some(format!("no {action}: {reason}"))),
    });
    let text = ("Text", Some(format!("{} bytes, sha256 {sha256}", raw.len())));
    let rows = rows.into_iter().chain(withheld).chain([text]);
    let rows = rows.filter_map(|(name, value)| Some((name, value?)));
    let mut lines: Vec<_> = rows.map(|(name, value)| format!("{name:<11} {}", plain(&value))).collect();
    for amiss in amiss {
        lines.extend(wrapped(0, &format!("Not read: {amiss}"), 4));
    }
    if !others.is_empty() {
        let ids: Vec<_> = others.iter().map(|event| event.as_str()).collect();
        lines.extend(wrapped(0, &format!("{} more events of this id: {}", ids.len(), ids.join(", ")), 3));
    }
    lines.push(String::new());
    lines.extend(wrapped(2, raw, LINES));
    lines.push("  (all of it, as it came: --raw)".to_owned());
    lines
}
