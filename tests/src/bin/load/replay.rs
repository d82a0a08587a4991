//! Deciding a history again: how many events a second, and whether memory follows the history.

use std::io::{BufWriter, Write as _};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use watchfire_tests::{GuardDuty, binary};

use crate::measure::memory;

/// A finding is reported so many times.
const REPORTS: usize = 20;

pub(crate) fn measure(events: usize) -> anyhow::Result<()> {
    let history = History::new();
    println!("| replayed | events a second | peak |\n|---:|---:|---:|");
    for events in [events / 10, events] {
        let mut command = Command::new(binary("watchfire"));
        command.args(["replay", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pid = child.id();
        let mut input = BufWriter::new(child.stdin.take().context("it is piped")?);
        let begun = Instant::now();
        for index in 0..events {
            writeln!(input, "{}", history.event(index))?;
        }
        input.flush()?;
        let peak = memory(pid, "VmHWM:")?;
        drop(input);
        ensure!(child.wait()?.success(), "the replay failed");
        let rate = events as f64 / begun.elapsed().as_secs_f64();
        println!("| {events} | {rate:.0} | {} MiB |", peak / 1024);
    }
    Ok(())
}

/// A million take some seventeen hours; each finding is reported again and again, and there are 5,000 pods.
struct History(String);

impl History {
    fn new() -> Self {
        Self(GuardDuty::low("load-000000").at("12:00").event("event-000000").to_string())
    }

    fn event(&self, index: usize) -> String {
        let (finding, report, minute) = (index / REPORTS, index % REPORTS, index / 1000);
        let time = format!("2026-11-{}T{:02}:{:02}:", 20 + minute / 1440, minute / 60 % 24, minute % 60);
        self.0
            .replace("event-000000", &format!("event-{finding}-{report}"))
            .replace("load-000000", &format!("load-{:06}", finding % 5000))
            .replace("load000000", &format!("load{finding:06}"))
            .replace("2026-11-20T12:00:", &time)
    }
}
