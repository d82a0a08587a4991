//! `watchfire check`: every mistake in configuration and rules, before the first message.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::screen::say;
use super::{Failed, Output};
use crate::config::{self, Mistake};

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { config: path, output } = arguments;
    let checked = config::check(path);
    match (output, checked) {
        (Output::Human, Ok((config, policy))) => {
            let (rules, channels) = (policy.rules.rules().len(), config.channels.len());
            say!("{}: no mistakes; {rules} rules, {channels} channels", path.display());
            for (name, channel) in &config.channels {
                if let Some(kept) = channel.leaves_out() {
                    say!("channel {name}: {kept}");
                }
            }
            Ok(())
        }
        (Output::Json, Ok((config, policy))) => {
            say!(
                "{}",
                json!({"rules": policy.rules.rules().len(), "channels": config.channels.len(), "mistakes": []})
            );
            Ok(())
        }
        (output, Err(mistakes)) => Err(refuse(*output, mistakes)),
    }
}

/// Mistakes in what was given: for a program on standard output, for a human beside it.
pub(super) fn refuse(output: Output, mistakes: Vec<Mistake>) -> Failed {
    let Output::Json = output else { return mistakes.into() };
    let mistakes = mistakes
        .into_iter()
        .map(|Mistake { file, line, column, path, message, excerpt: _ }| {
            json!({"file": file, "line": line, "column": column, "path": path, "message": message})
        })
        .collect::<Vec<_>>();
    match say(&json!({"mistakes": mistakes}).to_string()) {
        Ok(()) => Failed::Usage(Vec::new()),
        Err(error) => error.into(),
    }
}
