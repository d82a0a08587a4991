//! `watchfire check`: every mistake in configuration and rules, before the first message.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Failed, Output};
use crate::config;

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
            Ok(())
        }
        (Output::Json, Ok((config, policy))) => {
            say!(
                "{}",
                json!({"rules": policy.rules.rules().len(), "channels": config.channels.len(), "mistakes": []})
            );
            Ok(())
        }
        (Output::Human, Err(mistakes)) => Err(mistakes.into()),
        (Output::Json, Err(mistakes)) => {
            let mistake = |mistake: &config::Mistake| json!({"file": mistake.file, "line": mistake.line, "path": mistake.path, "message": mistake.message});
            say!("{}", json!({"mistakes": mistakes.iter().map(mistake).collect::<Vec<_>>()}));
            Err(Failed::Usage(Vec::new()))
        }
    }
}
