//! `watchfire health`: the morning check, asked of the worker, or of a cluster by a kubeconfig.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use watchfire_core::health::{Colour, Line, Part, Report, Settings, Unseen, report};

use super::asking::{Form, Whom, learn, minute};
use super::screen::{self, Tone, behind, say_in};
use super::{Failed, is_closed_pipe};
use crate::api::WorkerEndpoint;
use crate::aws::findings;
use crate::clients::Clients;
use crate::cluster::{self, Access, Config, KubeconfigAccess};
use crate::config;

/// What `health` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Look by this kubeconfig, and ask no worker
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Ask GuardDuty and Security Hub themselves, too, with your AWS credentials
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    whom: Whom,
}

/// The exit code where it could not be looked.
const UNKNOWN: u8 = 3;
/// So many objects of a line are shown; all with `-o wide`.
const SHOWN: usize = 5;
/// The width of the word before a line.
const WORD: usize = 8;

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { kubeconfig, live, whom } = arguments;
    let looked = match kubeconfig {
        Some(kubeconfig) => by_kubeconfig(kubeconfig, whom.config.as_deref()),
        None => learn::<Report>(whom, WorkerEndpoint::Health.path()),
    };
    let looked = looked.and_then(|report| if *live { with_live(report) } else { Ok(report) });
    let report = match looked {
        Err(Failed::Because(error)) if !is_closed_pipe(&error) => {
            complain!("watchfire: {error:#}");
            return Err(Failed::With(UNKNOWN));
        }
        looked => looked?,
    };
    if !whom.is_printed(&report)? {
        shown(&report, whom.output)?;
    }
    match report.colour {
        Colour::Unasked | Colour::Green => Ok(()),
        Colour::Yellow => Err(Failed::With(1)),
        Colour::Red => Err(Failed::With(2)),
    }
}

/// The cluster alone: what is open, silenced and suppressed is known to a worker.
fn by_kubeconfig(kubeconfig: &Path, config: Option<&Path>) -> Result<Report, Failed> {
    let settings = match config {
        Some(path) => config::check(path)?.0.health(),
        None => Settings::default(),
    };
    let access = Access::Kubeconfig(KubeconfigAccess { path: kubeconfig.to_owned(), context: None });
    // No event is asked about: which cluster it is is said by the file.
    let cluster = Config { name: Some("kubeconfig".to_owned()), access, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let seen = runtime.block_on(async {
        let clients = Clients::new(None)?;
        let way = || format!("--kubeconfig {}", kubeconfig.display());
        let client = cluster::reach(&cluster, &clients).await.with_context(way)?;
        anyhow::Ok(cluster::look(&client, &settings, &clients, Timestamp::now()).await)
    });
    let kept = Err(Unseen::NotAsked("not asked for: that takes a worker (without --kubeconfig)".to_owned()));
    Ok(report(None, &Ok(seen?), &kept, &settings, Timestamp::now()))
}

/// With what AWS itself says to whoever looks.
fn with_live(report: Report) -> Result<Report, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let live = runtime.block_on(async {
        let clients = Clients::new(None)?;
        anyhow::Ok(findings::look(&clients, Timestamp::now()).await)
    });
    Ok(report.with_live(&live?))
}

fn shown(report: &Report, form: Form) -> Result<(), Failed> {
    let Report { cluster, at, colour, sections } = report;
    let name = cluster.as_deref().map(|name| format!("{}, ", screen::plain(name))).unwrap_or_default();
    say_in(tone(*colour), &format!("{name}{}: {}", minute(*at), report.summary()))?;
    for Part { section, colour: _, lines } in sections {
        say!("");
        say_in(Tone::Head, section.title())?;
        for line in lines {
            for text in written(line, form) {
                say_in(tone(line.colour), &text)?;
            }
        }
    }
    Ok(())
}

fn tone(colour: Colour) -> Tone {
    match colour {
        Colour::Red => Tone::Late,
        Colour::Yellow | Colour::Green => Tone::Plain,
        Colour::Unasked => Tone::Faint,
    }
}

fn word(colour: Colour) -> &'static str {
    match colour {
        Colour::Unasked => "-",
        Colour::Green => "green",
        Colour::Yellow => "yellow",
        Colour::Red => "RED",
    }
}

/// A line, its objects, and what to do.
fn written(line: &Line, form: Form) -> Vec<String> {
    let Line { what: _, colour, found, todo, items } = line;
    let most = match form {
        Form::Human => SHOWN,
        Form::Wide | Form::Json | Form::Yaml => usize::MAX,
    };
    let indent = " ".repeat(WORD);
    let mut lines = behind(&format!("{:<WORD$}", word(*colour)), WORD, found, 8);
    for item in items.listed.iter().take(most) {
        let text = format!("{}: {}", item.full_name(), item.said);
        lines.extend(behind(&indent, WORD + 2, &text, 4));
    }
    let more = items.count().saturating_sub(items.listed.len().min(most) as u64);
    if more > 0 {
        lines.push(format!("{indent}and {more} more"));
    }
    if !todo.is_empty() {
        lines.extend(behind(&format!("{indent}-> "), WORD + 3, todo, 4));
    }
    lines
}
