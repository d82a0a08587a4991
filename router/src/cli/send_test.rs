//! `watchfire send-test`: a drill that tries out the way to people, and who took it in what time.

mod direct;
mod report;
mod whole_way;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use jiff::Timestamp;
use watchfire_core::drill::Drill;
use watchfire_core::priority::Priority;

use super::asking::{Form, Whom};
use super::incidents::priority;
use super::{Failed, yaml};
use crate::config;

/// What `send-test` takes.
#[derive(Debug, Args)]
#[command(override_usage = "watchfire send-test <--channel NAME|--priority PRIORITY|--end-to-end>")]
#[command(group = ArgGroup::new("way").args(["channel", "priority", "end_to_end"]).required(true).multiple(true))]
pub(super) struct Arguments {
    /// By that channel alone
    #[arg(long, value_name = "NAME", conflicts_with = "end_to_end")]
    channel: Option<String>,
    /// As urgent as that; by itself: by all its routes
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    /// Into the first queue, or to the worker, and on
    #[arg(long)]
    end_to_end: bool,
    /// With --end-to-end: into that queue
    #[arg(long, value_name = "NAME", requires = "end_to_end")]
    queue: Option<String>,
    /// With --end-to-end: without asking what became
    #[arg(long, requires = "end_to_end")]
    no_wait: bool,
    /// Seconds until it counts as not taken
    #[arg(long, value_name = "SECONDS", default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=600))]
    within: u64,
    #[command(flatten)]
    whom: Whom,
}

/// A drill under way.
struct Sending {
    id: String,
    drill: Drill,
    at: Timestamp,
}

pub(super) fn main(arguments: Arguments) -> Result<(), Failed> {
    let Arguments { channel, priority, end_to_end, queue, no_wait, within, mut whom } = arguments;
    // It says who is told, not whom to ask.
    let config = whom.config.take().or_else(|| std::env::var_os("WATCHFIRE_CONFIG").map(PathBuf::from));
    let (config, _) = config::check(&config.unwrap_or_else(|| PathBuf::from("watchfire.yaml")))?;
    let drill = Drill { priority: priority.unwrap_or(Priority::P0), by: whom.author()? };
    let sending = Sending { id: id()?, drill, at: Timestamp::now() };
    let within = std::time::Duration::from_secs(within);
    let report = match (end_to_end, no_wait) {
        (true, true) => return whole_way::only_send(&sending, config, queue.as_deref(), &whom),
        (true, false) => whole_way::send(&sending, config, queue.as_deref(), &whom, within)?,
        (false, _) => direct::send(&sending, config, channel.as_deref(), within)?,
    };
    match whom.output {
        Form::Human | Form::Wide => report.lines().iter().try_for_each(|line| super::screen::say(line))?,
        Form::Json => say!("{}", serde_json::to_string(&report).context("the report cannot be written")?),
        Form::Yaml => {
            let report = serde_json::to_value(&report).context("the report cannot be written")?;
            say!("{}", yaml::text(&report).trim_end());
        }
    }
    if report.is_fine() { Ok(()) } else { Err(Failed::Said) }
}

/// An id that nothing else has.
fn id() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("no random number is to be had")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
