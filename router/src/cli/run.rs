//! `watchfire run`: the worker.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Failed, STORE_BROKE};
use crate::app::{App, Ended};
use crate::clients::Clients;
use crate::config::{self, Reach, Ready, Written};
use crate::store;
use crate::telemetry::{self, LogFormat, LogLevel};

/// What `run` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// How to log
    #[arg(long, value_enum, default_value_t, env = "WATCHFIRE_LOG")]
    log: LogFormat,
    /// From which level on; RUST_LOG, which filters by module, if left out, else info
    #[arg(long, value_name = "LEVEL", value_enum, env = "WATCHFIRE_LOG_LEVEL")]
    log_level: Option<LogLevel>,
}

/// What still reads is given so long.
const STILL_READING: Duration = Duration::from_secs(2);

pub(super) fn main(arguments: Arguments) -> Result<(), Failed> {
    let Arguments { config, log, log_level } = arguments;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        // From here on a SIGHUP ends nothing, be it before there is anything to reload.
        let _hangups = signal(SignalKind::hangup())?;
        let clients = Arc::new(Clients::new(None)?);
        let mut ready = Ready::read(&config, &clients, Reach::World).await?;
        telemetry::start(log, log_level);
        for failed in config::own_examples(&ready.config, &mut ready.policy).err().into_iter().flatten() {
            telemetry::example_failed(&failed);
        }
        let written = ready.written.clone();
        // What cannot be had at the start is a matter of configuration: code 2, before the first message.
        let app = App::begin(ready, clients, None, Some(config)).await;
        let app = app.map_err(|error| not_started(error, &written))?;
        match app.serve(until_told_to_stop()?).await? {
            Ended::Told => Ok(()),
            // At once: what may be damaged is not closed as if it were not.
            Ended::StoreBroke => std::process::exit(STORE_BROKE.into()),
        }
    });
    // All that is ours has ended. A file that hangs, as on a network that is gone, keeps nobody.
    runtime.shutdown_timeout(STILL_READING);
    ended
}

fn not_started(error: anyhow::Error, written: &Written) -> Failed {
    match error.downcast_ref::<store::Error>() {
        Some(store::Error::DamagedFile { path, cause: _ }) => {
            let path = path.display();
            Failed::Damaged(format!(
                "{error:#}\nNothing was changed. `watchfire store check {path}` says what is damaged, `watchfire store \
                 restore` makes a store of a backup. To begin a new one, move the file away, or set `store.if_damaged: \
                 set-aside`."
            ))
        }
        // Met on the way: the next start looks at all of it first.
        Some(
            store::Error::Damaged(_)
            | store::Error::Corrupt { .. }
            | store::Error::Gone { .. }
            | store::Error::Stopped,
        ) => Failed::StoreBroke(error),
        Some(
            store::Error::Open { .. }
            | store::Error::Locked { .. }
            | store::Error::Taken { .. }
            | store::Error::Newer { .. }
            | store::Error::Unavailable(_)
            | store::Error::Closed
            | store::Error::Silent
            | store::Error::UnknownEvent(_)
            | store::Error::UnknownEffect(..)
            | store::Error::Unread(_)
            | store::Error::NoFile
            | store::Error::Table { .. }
            | store::Error::NewerTable { .. }
            | store::Error::TooLarge { .. }
            | store::Error::TooMany { .. }
            | store::Error::Refused(_),
        )
        | None => Failed::Usage(vec![written.because(&error)]),
    }
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
