//! `watchfire run`: the worker.

use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Failed;
use crate::app::App;
use crate::config;
use crate::telemetry::{self, LogFormat};

/// What `run` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// How to log
    #[arg(long, value_enum, default_value_t, env = "WATCHFIRE_LOG")]
    log: LogFormat,
}

pub(super) fn main(arguments: Arguments) -> Result<(), Failed> {
    let Arguments { config, log } = arguments;
    let (config, policy) = config::check(&config)?;
    telemetry::start(log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // What cannot be had at the start is a matter of configuration: code 2, before the first message.
        let app = App::start(config, policy, None).await.map_err(super::usage)?;
        app.serve(until_told_to_stop()?).await.map_err(Failed::from)
    })
}

/// Turns true on SIGTERM or SIGINT.
pub(super) fn until_told_to_stop() -> std::io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        stop.send_replace(true);
    });
    Ok(stopped)
}
