//! `watchfire check`: every mistake in configuration and rules, and with `--live` whether the world answers.

mod live;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use watchfire_core::yaml::Mistake;

use super::screen::say;
use super::{Failed, Output};
use crate::clients::Clients;
use crate::config::{self, Diagnostic, Reach, Ready};
use live::Answer;

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// Look at the text alone: no environment, no files of secrets, no cluster; for a build machine
    #[arg(long, conflicts_with = "live")]
    offline: bool,
    /// Ask queues, the table, every channel and the cluster, too; nobody is paged
    #[arg(long)]
    live: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { config: path, offline, live, output } = arguments;
    let reach = match (offline, live) {
        (true, _) => Reach::Text,
        (false, false) => Reach::Machine,
        (false, true) => Reach::World,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (ready, examples, answers) = runtime.block_on(async {
        let clients = Arc::new(Clients::new(None)?);
        let ready = Ready::read(path, &clients, reach).await;
        let looked =
            ready.and_then(|mut ready| Ok((config::examples(&ready.config, &mut ready.policy)?, ready)));
        let (examples, ready) = looked.map_err(|mistakes| refuse(*output, mistakes))?;
        let answers = if *live { live::ask(&ready, &clients).await } else { Vec::new() };
        Ok::<_, Failed>((ready, examples, answers))
    })?;
    let (rules, channels) = (ready.policy.rules.rules().len(), ready.config.channels.len());
    let alone = config::alone(&ready.config.channels, &ready.policy.routes);
    match output {
        Output::Human => {
            let path = path.display();
            say!("{path}: no mistakes; {rules} rules, {examples} examples, {channels} channels");
            for (name, channel) in &ready.config.channels {
                if let Some(kept) = channel.leaves_out() {
                    say!("channel {name}: {kept}");
                }
            }
            alone.iter().try_for_each(|alone| say(alone))?;
            answers.iter().try_for_each(|answer| say(&answer.line()))?;
        }
        Output::Json => {
            let mut answer = json!({"rules": rules, "examples": examples, "channels": channels, "mistakes": [], "notes": alone});
            if *live {
                answer["live"] = answers.iter().map(Answer::json).collect();
            }
            say!("{answer}");
        }
    }
    match answers.iter().any(Answer::is_failure) {
        true => Err(Failed::Said),
        false => Ok(()),
    }
}

/// Mistakes in what was given: for a program on standard output, for a human beside it.
pub(super) fn refuse(output: Output, mistakes: Vec<Diagnostic>) -> Failed {
    let Output::Json = output else { return mistakes.into() };
    let mistakes = mistakes
        .into_iter()
        .map(|Diagnostic { file, line, column, path, mistake, excerpt: _ }| {
            let Mistake { expected, found, hint } = &mistake;
            json!({
                "file": file, "line": line, "column": column, "path": path,
                "expected": expected, "found": found, "hint": hint, "message": mistake.to_string(),
            })
        })
        .collect::<Vec<_>>();
    match say(&json!({"mistakes": mistakes}).to_string()) {
        Ok(()) => Failed::Usage(Vec::new()),
        Err(error) => error.into(),
    }
}
