//! `watchfire templates`: the templates that word pages, and what they are given.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use watchfire_core::notice::{Part, Wording, values};

use super::preview::{EffectArgument, notices};
use super::{Failed, PolicyArguments, usage};
use crate::config;

/// What `templates` does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the templates in use: those that ship, or a channel's.
    Show(Show),
    /// Print every name that a template may use, with its value for an event, as JSON.
    Values(Values),
}

/// Whose templates.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Those of that channel; what it does not have of its own is as it ships
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// The configuration file that has the channel
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// One part alone, without a line above it: title, head, body, html_head, html_body or json
    #[arg(long, value_name = "PART", value_parser = part)]
    part: Option<Part>,
}

/// The values for an event.
#[derive(Debug, Args)]
pub(super) struct Values {
    /// The event; `-`: standard input
    #[arg(value_name = "EVENT")]
    event: PathBuf,
    /// As what it is sent
    #[arg(long = "as", value_enum, default_value_t = EffectArgument::Page)]
    kind: EffectArgument,
    #[command(flatten)]
    policy: PolicyArguments,
}

fn part(text: &str) -> Result<Part, String> {
    let names = Part::ALL.map(Part::as_str);
    let found = Part::ALL.into_iter().find(|part| part.as_str() == text);
    found.ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

pub(super) fn main(command: &Command) -> Result<(), Failed> {
    match command {
        Command::Show(show) => print(show),
        Command::Values(Values { event, kind, policy }) => {
            for notice in notices(event, &policy.policy()?)? {
                let text = serde_json::to_string_pretty(&values(&notice, (*kind).into()));
                say!("{}", text.map_err(anyhow::Error::from)?);
            }
            Ok(())
        }
    }
}

fn print(show: &Show) -> Result<(), Failed> {
    let Show { channel, config, part } = show;
    let wording = match channel {
        None => Wording::default(),
        Some(name) => {
            let (config, _) = config::check(config)?;
            let known: Vec<_> = config.channels.keys().map(String::as_str).collect();
            let chosen = config.channels.get(name).ok_or_else(|| {
                usage(anyhow!("--channel: expected a channel ({}), found `{name}`", known.join(", ")))
            })?;
            chosen.wording().ok_or_else(|| usage(anyhow!("--channel: `{name}` words no pages")))?
        }
    };
    if let Some(part) = part {
        say!("{}", wording.template(*part).trim_end());
        return Ok(());
    }
    for part in Part::ALL {
        let own = wording.own().any(|(own, _)| own == part);
        let whose = if own { "of the channel" } else { "as it ships" };
        say!("── {}, {whose}\n{}\n", part.as_str(), wording.template(part).trim_end());
    }
    Ok(())
}
