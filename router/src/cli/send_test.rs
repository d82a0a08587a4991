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

use super::asking::Whom;
use super::incidents::priority;
use super::{Failed, Output};
use crate::config;

pub(super) const EXAMPLES: &str = "\
Examples:
  watchfire send-test --channel oncall        whether that channel takes a page, sent from here
  watchfire send-test --priority P1           the same for all channels of a route, the fallback included
  watchfire send-test --end-to-end            into the queue, and through the running worker

A drill says DRILL in its first word, opens no incident, does nothing to a cluster and is over at once.
Exit codes: 0 all took it, 1 somebody did not, 2 usage or configuration, and nothing was sent.";

/// What `send-test` takes.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("way").args(["channel", "priority", "end_to_end"]).required(true).multiple(true))]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// By that channel alone
    #[arg(long, value_name = "NAME", conflicts_with = "end_to_end")]
    channel: Option<String>,
    /// As urgent as that; P0 if left out. By itself: by all channels of its route
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    /// Into the first SQS queue of the configuration, or where there is none to the worker's address, and on from there
    #[arg(long)]
    end_to_end: bool,
    /// With --end-to-end: into that queue of the configuration
    #[arg(long, value_name = "NAME", requires = "end_to_end")]
    queue: Option<String>,
    /// With --end-to-end: do not ask the worker what became of it, and need no operator token
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
    let Arguments { config, channel, priority, end_to_end, queue, no_wait, within, whom } = arguments;
    let (config, _) = config::check(&config)?;
    let drill = Drill { priority: priority.unwrap_or(Priority::P0), by: whom.by.clone() };
    let sending = Sending { id: id()?, drill, at: Timestamp::now() };
    let within = std::time::Duration::from_secs(within);
    let report = match (end_to_end, no_wait) {
        (true, true) => return whole_way::only_send(&sending, config, queue.as_deref(), &whom),
        (true, false) => whole_way::send(&sending, config, queue.as_deref(), &whom, within)?,
        (false, _) => direct::send(&sending, config, channel.as_deref(), within)?,
    };
    match whom.output {
        Output::Human => report.lines().iter().try_for_each(|line| super::screen::say(line))?,
        Output::Json => say!("{}", serde_json::to_string(&report).context("the report cannot be written")?),
    }
    if report.is_fine() { Ok(()) } else { Err(Failed::Said) }
}

/// An id that nothing else has.
fn id() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("no random number is to be had")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
