//! `watchfire replay`: past events decided again, without effect.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use watchfire_core::decision::Decision;
use watchfire_core::event::{is_utf16, text_of};
use watchfire_core::json::Json;
use watchfire_core::replay::Replay;
use watchfire_core::text::{clean, visible};

use super::{Failed, Output, PolicyArguments, cannot_be_read};

/// What `replay` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files of events, one per line or JSON as the AWS CLI prints it; `-` or none: standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// How to print the decisions
    #[arg(long, value_enum, default_value_t = Output::Json)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { files, policy, output } = arguments;
    let policy = policy.policy()?;
    let mut replay = Replay::of_events(&policy);
    let mut summary = Summary::default();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input[..] } else { files };
    for file in files {
        each_message(file, &mut |message| {
            for decision in replay.message(&text_of(message)) {
                summary.add(&decision);
                print(&mut out, *output, &decision)?;
            }
            Ok(())
        })?;
    }
    out.flush()?;
    complain!("{}", summary.text().trim_end());
    Ok(())
}

/// Shows every message of a file, or of standard input for `-`. Lines are shown as they are read: a history may be longer
/// than memory.
fn each_message(path: &Path, show: &mut dyn FnMut(&[u8]) -> Result<(), Failed>) -> Result<(), Failed> {
    let unread = |error| cannot_be_read(path, &error);
    let mut input: Box<dyn BufRead> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(path).map_err(unread)?)),
    };
    let mut begin = Vec::new();
    while begin.trim_ascii().is_empty() && input.read_until(b'\n', &mut begin).map_err(unread)? > 0 {}
    if is_utf16(&begin) || Json::parse(&text_of(&begin)).is_err() {
        input.read_to_end(&mut begin).map_err(unread)?;
        return split(&begin).into_iter().try_for_each(show);
    }
    let mut line = begin;
    while !line.is_empty() {
        lines(&line).try_for_each(&mut *show)?;
        line.clear();
        input.read_until(b'\n', &mut line).map_err(unread)?;
    }
    Ok(())
}

/// One JSON value as a whole, else one message per line. A byte that is not UTF-8 spoils itself only.
fn split(input: &[u8]) -> Vec<&[u8]> {
    let text = text_of(input);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // A first line that is complete by itself is the first of many; that spares reading a long file twice.
    let is_lines = Json::parse(first).is_ok();
    // What is not in bytes of UTF-8 has no lines to be told apart by a byte.
    let is_whole = !is_lines && Json::parse(&text).is_ok();
    if is_whole || is_utf16(input) {
        return vec![input];
    }
    lines(input).collect()
}

/// Those that say anything.
fn lines(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = input.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.trim_ascii().is_empty())
}

/// A decision as a program reads it.
pub(super) fn as_json(decision: &Decision) -> serde_json::Value {
    let withheld = decision
        .withheld
        .iter()
        .map(|withheld| json!({"action": withheld.action, "reason": withheld.reason}));
    json!({
        "event_id": decision.event.shown(),
        "source": decision.source,
        "type": decision.kind,
        "finding_key": decision.finding,
        "subject": decision.subject,
        "priority": decision.priority,
        "rule": decision.rule,
        "verdict": decision.verdict,
        "why": decision.why,
        "effects": decision.effect_kinds(),
        "withheld": withheld.collect::<Vec<_>>(),
    })
}

/// A decision in one readable line.
pub(super) fn as_line(decision: &Decision) -> String {
    let kinds: Vec<_> = decision.effects.iter().map(|effect| effect.id.as_str()).collect();
    let mut line = format!(
        "{} {:<6} {:<13} {:<30} {:<50} {}",
        decision.priority,
        decision.verdict.as_str(),
        decision.why.as_str(),
        decision.rule.as_str(),
        clean(&decision.kind, 50),
        clean(&decision.subject, 100),
    );
    if !kinds.is_empty() {
        line += &format!("  → {}", kinds.join(", "));
    }
    if !decision.withheld.is_empty() {
        let withheld: Vec<_> = decision.withheld.iter().map(|withheld| withheld.action.as_str()).collect();
        line += &format!("  (withheld: {})", withheld.join(", "));
    }
    line
}

fn print(out: &mut impl Write, output: Output, decision: &Decision) -> std::io::Result<()> {
    match output {
        Output::Json => writeln!(out, "{}", visible(&as_json(decision).to_string())),
        Output::Human => writeln!(out, "{}", visible(&as_line(decision))),
    }
}

/// Counts by verdict, reason and priority.
#[derive(Debug, Default)]
pub(super) struct Summary {
    counts: BTreeMap<(&'static str, &'static str), [u64; 4]>,
    events: u64,
}

impl Summary {
    pub(super) fn add(&mut self, decision: &Decision) {
        self.events += 1;
        let row = self.counts.entry((decision.verdict.as_str(), decision.why.as_str())).or_default();
        row[decision.priority as usize] += 1;
    }

    /// A table: one row per verdict and reason, one column per priority.
    pub(super) fn text(&self) -> String {
        let mut text =
            format!("{:<8} {:<16} {:>6} {:>6} {:>6} {:>6}\n", "verdict", "why", "P0", "P1", "P2", "P3");
        for ((verdict, why), [p0, p1, p2, p3]) in &self.counts {
            text += &format!("{verdict:<8} {why:<16} {p0:>6} {p1:>6} {p2:>6} {p3:>6}\n");
        }
        text + &format!("{} events\n", self.events)
    }
}
