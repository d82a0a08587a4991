//! `watchfire evidence`: prove that evidence is whole and unaltered, or list it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failed, Output, usage};
use crate::clients::Clients;
use crate::config;
use crate::evidence::{Config, DirectoryConfig, Evidence, Report, To, Which};

/// What `evidence` does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Compare every file with its manifest, and manifests with the chain. Exit 1: something is altered or
    /// missing, each thing in a line.
    Verify(Verify),
    /// List the bundles in the order of the chain.
    List(List),
}

/// What `verify` takes.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The id of a bundle
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    bundle: Option<String>,
    /// Every bundle, and the chain itself
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

/// What `list` takes.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    place: Place,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

/// Where the evidence is.
#[derive(Debug, Args)]
struct Place {
    /// The configuration file that says where evidence is kept
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// A folder of evidence, instead
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(super) fn main(command: Command) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(answer(command))
}

async fn answer(command: Command) -> Result<(), Failed> {
    match command {
        Command::Verify(Verify { bundle, all: _, place, output }) => {
            let evidence = place.open().await?;
            let which = bundle.map_or(Which::All, Which::Bundle);
            print(output, &evidence.verify(which).await?)
        }
        Command::List(List { place, output }) => list(output, &place.open().await?).await,
    }
}

impl Place {
    async fn open(self) -> Result<Evidence, Failed> {
        let Self { config, directory } = self;
        let config = match directory {
            Some(path) if !path.is_dir() => {
                return Err(Failed::Usage(vec![format!("{}: not a folder", path.display())]));
            }
            Some(path) => Config {
                to: To::Directory(DirectoryConfig { path }),
                within_seconds: 5,
                log_lines: 2_000,
                log_bytes: 1_048_576,
            },
            None => config::check(&config)?.0.evidence.ok_or_else(|| {
                Failed::Usage(vec![format!("{}: evidence: expected a place, found none", config.display())])
            })?,
        };
        let clients = Clients::new(None)?;
        Evidence::new(config, &clients).await.map_err(usage)
    }
}

fn print(output: Output, report: &Report) -> Result<(), Failed> {
    match output {
        Output::Human => {
            for wrong in &report.wrong {
                say!("{wrong}");
            }
            let Report { bundles, files, links, head, wrong } = report;
            let found = if wrong.is_empty() { "whole".to_owned() } else { format!("{} wrong", wrong.len()) };
            say!("{found}: {bundles} bundles, {files} files, {links} links");
            if let Some(head) = head {
                say!("head of the chain: link {}, sha256 {}", head.sequence, head.sha256);
            }
        }
        Output::Json => say!("{}", json!(report)),
    }
    if report.is_whole() { Ok(()) } else { Err(Failed::Said) }
}

async fn list(output: Output, evidence: &Evidence) -> Result<(), Failed> {
    for listed in evidence.list().await? {
        let at = listed.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        match (output, &listed.manifest) {
            (Output::Json, _) => say!("{}", json!(listed)),
            (Output::Human, Some(manifest)) => say!(
                "{:>10} {at} {} {} files, {} bytes, {} missing, incident {}",
                listed.sequence,
                listed.bundle,
                manifest.files.len(),
                manifest.bytes(),
                manifest.missing.len(),
                manifest.incident.escape_debug()
            ),
            (Output::Human, None) => {
                say!("{:>10} {at} {} no manifest that can be read", listed.sequence, listed.bundle);
            }
        }
    }
    Ok(())
}
