//! `watchfire demo`: the real worker on an embedded queue and store, with bundled events; and the tour.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use aws_lc_rs::rand;
use clap::Args;
use tokio::sync::watch;
use watchfire_core::decision::Decision;
use watchfire_core::policy::Policy;

use super::replay::{Summary, as_line};
use super::run::until_told_to_stop;
use super::screen::say;
use super::{Failed, plain_policy};
use crate::app::App;
use crate::config::Config;
use crate::identity::Invitations;
use crate::rules_files::demo_events;
use crate::secret::{Secret, SecretSource};
use crate::source::spool::{Lane, Spool};
use crate::telemetry::{self, LogFormat, LogLevel};

mod tour;

/// What `demo` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Contain a miner in a bundled cluster instead, and let it go, in half a minute
    #[arg(long)]
    tour: bool,
    /// Stay up afterwards and take more events and commands on http://127.0.0.1:8080
    #[arg(long)]
    keep: bool,
    /// Log to standard error, from that level on
    #[arg(long, value_name = "LEVEL", value_enum)]
    log_level: Option<LogLevel>,
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
    let Arguments { tour, keep, log_level } = arguments;
    if log_level.is_some() || std::env::var_os("RUST_LOG").is_some() {
        telemetry::start(LogFormat::Human, log_level);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = Folder::new()?;
        match tour {
            true => tour::tour(&folder, keep).await,
            false => samples(&folder, keep).await,
        }
    })
}

async fn samples(folder: &Folder, keep: bool) -> Result<(), Failed> {
    let mut config = Config::parse("demo", CONFIGURATION)?;
    let token = prepare(&mut config, folder, keep)?;
    // One message at a time: a demo is read from top to bottom.
    config.http.in_flight = 1;
    let summary = Arc::new(Mutex::new(Summary::default()));
    let counted = summary.clone();
    let watcher = move |decision: &Decision| {
        counted.lock().unwrap_or_else(PoisonError::into_inner).add(decision);
        // A reader who has gone away is noticed by the loop below.
        let _ = say(&as_line(decision));
    };
    let mut policy: Policy = plain_policy(None)?;
    policy.routes = config.routes();
    let app = App::start(config, policy, Some(Box::new(watcher))).await.context("the demo cannot start")?;
    let spool = app.spool.clone().context("its store is a file")?;
    let demo = Demo::of(&app, token);
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(app.serve(stopped));
    for (name, text) in demo_events() {
        say!("\n── {name}");
        handled(&spool, name, text).await?;
    }
    say!("\n{}", summary.lock().unwrap_or_else(PoisonError::into_inner).text());
    if keep {
        stay(&demo).await?;
    }
    stop.send_replace(true);
    serving.await.context("the worker")??;
    Ok(())
}

/// What every demo's worker has: a store that goes with it, ports that nobody else has, an operator.
fn prepare(config: &mut Config, folder: &Folder, keep: bool) -> anyhow::Result<Secret> {
    config.store.path = folder.0.join("demo.redb");
    config.health.listen.set_port(0);
    if !keep {
        config.http.listen.set_port(0);
    }
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok().context("there is no randomness for a token")?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = folder.0.join("operator-token");
    std::fs::write(&path, &token).context("the token cannot be written down")?;
    config.http.operator_token = Some(SecretSource::File(path));
    Ok(Secret::new(token))
}

/// Queues an event and waits until it is done with.
async fn handled(spool: &Spool, name: &str, text: &str) -> anyhow::Result<()> {
    let appended = spool.append(vec![(Lane::Ordinary, text.to_owned())]).await;
    appended.context("the embedded queue does not take events")?;
    let done = async {
        while spool.depth() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await
        }
    };
    let done = tokio::time::timeout(PATIENCE, done).await;
    done.with_context(|| format!("{name} is not done after {PATIENCE:?}"))
}

/// What a demo says of itself when it stays up.
struct Demo {
    http: SocketAddr,
    token: Secret,
    invitations: Arc<Invitations>,
}

impl Demo {
    fn of(app: &App, token: Secret) -> Self {
        Self { http: app.http, token, invitations: app.invitations.clone() }
    }
}

/// Says how to go on, and waits until that is enough.
async fn stay(demo: &Demo) -> Result<(), Failed> {
    let Demo { http, token, invitations } = demo;
    say!("Staying up; Ctrl-C ends it, and forgets all of it. In another terminal:\n");
    say!("  export WATCHFIRE_SERVER=http://{http} WATCHFIRE_TOKEN={}", token.expose());
    say!("  watchfire incidents list");
    say!("  watchfire why ID                     # any of the list, or an event's");
    say!("  watchfire incidents ack ID --reason 'on it'\n");
    #[cfg(feature = "board")]
    {
        let word = invitations.invite(token.clone(), jiff::Timestamp::now());
        let word = word.ok().context("there is no randomness for a link")?;
        say!("In a browser, signed in by this link, once and within ten minutes:\n");
        say!("  http://{http}/welcome?word={word}\n");
        say!("and from then on http://{http}/, which asks for that token.\n");
    }
    #[cfg(not(feature = "board"))]
    let _ = invitations;
    say!("More events:");
    say!("  curl -H content-type:application/json --data-binary @event.json http://{http}/v1/events");
    let mut told = until_told_to_stop()?;
    let _ = told.wait_for(|stop| *stop).await;
    Ok(())
}

/// A folder of its own that goes when the demo ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let folder = std::env::temp_dir().join(format!("watchfire-demo-{:08x}", std::process::id()));
        // A token is in it.
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind in the temporary folder is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
