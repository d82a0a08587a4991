//! `watchfire demo`: the real worker on an embedded queue and store, with bundled events.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::watch;
use watchfire_core::decision::Decision;

use super::replay::{Summary, as_line};
use super::run::until_told_to_stop;
use super::screen::say;
use super::{Failed, plain_policy};
use crate::app::App;
use crate::config::Config;
use crate::rules_files::demo_events;
use crate::source::spool::Lane;
use crate::telemetry::{self, LogFormat};

/// What `demo` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Stay up afterwards and take more events on http://127.0.0.1:8080/v1/events
    #[arg(long)]
    keep: bool,
}

const CONFIGURATION: &str = "\
channels: {screen: {console: {}}}
routes:
  P0: {to: [screen]}
  P1: {to: [screen]}
  P2: {to: [screen]}
";
/// Longer than any sample event takes by far; only a defect is slower.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn main(arguments: Arguments) -> Result<(), Failed> {
    let Arguments { keep } = arguments;
    if std::env::var_os("RUST_LOG").is_some() {
        telemetry::start(LogFormat::Human);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(demo(keep))
}

async fn demo(keep: bool) -> Result<(), Failed> {
    let folder = Folder::new()?;
    let mut config = Config::parse("demo", CONFIGURATION)?;
    config.store.path = folder.0.join("demo.redb");
    config.health.listen.set_port(0);
    if !keep {
        config.http.listen.set_port(0);
    }
    // One message at a time: a demo is read from top to bottom.
    config.http.in_flight = 1;
    let summary = Arc::new(Mutex::new(Summary::default()));
    let counted = summary.clone();
    let watcher = move |decision: &Decision| {
        counted.lock().unwrap_or_else(PoisonError::into_inner).add(decision);
        // A reader who has gone away is noticed by the loop below.
        let _ = say(&as_line(decision));
    };
    let mut policy = plain_policy(None)?;
    policy.routes = config.routes();
    let app = App::start(config, policy, Some(Box::new(watcher))).await.context("the demo cannot start")?;
    let (spool, http) = (app.spool.clone(), app.http);
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(app.serve(stopped));
    for (name, text) in demo_events() {
        say!("\n── {name}");
        spool
            .append(vec![(Lane::Ordinary, (*text).to_owned())])
            .await
            .context("the embedded queue does not take events")?;
        let done = async {
            while spool.depth() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await
            }
        };
        tokio::time::timeout(PATIENCE, done)
            .await
            .with_context(|| format!("{name} is not done after {PATIENCE:?}"))?;
    }
    say!("\n{}", summary.lock().unwrap_or_else(PoisonError::into_inner).text());
    if keep {
        say!(
            "Staying up. Send more:\n  curl -H content-type:application/json --data-binary @event.json http://{http}/v1/events\nCtrl-C ends it."
        );
        let mut told = until_told_to_stop()?;
        let _ = told.wait_for(|stop| *stop).await;
    }
    stop.send_replace(true);
    serving.await.context("the worker")??;
    Ok(())
}

/// A folder of its own that goes when the demo ends.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("watchfire-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind in the temporary folder is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
