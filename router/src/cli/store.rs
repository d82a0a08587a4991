//! `watchfire store`: is it whole, a copy of it, a store made of a copy, and its journal as lines.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde_json::json;

use super::asking::{StoreName, Whom, download};
use super::{Failed, Output, desk};
use crate::api::OperatorEndpoint;
use crate::clients::Clients;
use crate::config::{self, StoreConfig};
use crate::store::{Checked, Copies, DynamoDbConfig, Size, Store, check, journal, look_at, restore, sound};

/// What `store` does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look at every page and row of a store that no worker has open; it stays as it is. Exit 1: something is wrong,
    /// each thing in a line.
    Check {
        #[command(flatten)]
        which: Which,
        /// How to print
        #[arg(long, value_enum, default_value_t = Output::Human)]
        output: Output,
    },
    /// Copy the store of a running worker, as it is at this moment, into a file where nothing is yet. With --store FILE,
    /// one that no worker has open; with --store dynamodb:NAME, a table.
    Backup {
        /// The file to make: a store itself
        #[arg(value_name = "TO")]
        to: PathBuf,
        #[command(flatten)]
        whom: Whom,
    },
    /// Make a store of a backup, where nothing is yet. What is not whole is not restored.
    Restore {
        /// The backup
        #[arg(value_name = "FROM")]
        from: PathBuf,
        /// The file to make, instead of the configuration's
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// The configuration file that says where the store is
        #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
        config: PathBuf,
    },
    /// Move a store that nobody works on from its file into an empty table, or from a table into a file where nothing is yet.
    /// What is there then is read back and compared. Broken off, the same command begins again.
    Copy {
        /// A file, or dynamodb:NAME
        #[arg(value_name = "FROM")]
        from: StoreName,
        /// The other
        #[arg(value_name = "TO")]
        to: StoreName,
        /// A configuration file, for the table's region, its bucket and how long decisions are kept
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print every decision of a running worker, with the event as it was delivered and what became of it: a line of
    /// JSON each, the oldest first. With --store FILE, of one that no worker has open.
    Export {
        #[command(flatten)]
        whom: Whom,
    },
}

/// A store that no worker has open.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The store's file, instead of the configuration's
    #[arg(value_name = "FILE")]
    store: Option<PathBuf>,
    /// The configuration file that says where the store is
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
}

pub(super) fn main(command: Command) -> Result<(), Failed> {
    match command {
        Command::Check { which: Which { store, config }, output } => {
            let path = configured(store, &config)?;
            print(&path, output, &check(&path).map_err(anyhow::Error::from)?)
        }
        Command::Backup { to, whom } => {
            let rows = backup(&to, &whom)?;
            say!("{}: {rows} rows, whole", to.display());
            Ok(())
        }
        Command::Restore { from, to, config } => {
            let to = configured(to, &config)?;
            let Checked { wrong, .. } = check(&from).map_err(anyhow::Error::from)?;
            if !wrong.is_empty() {
                wrong.iter().try_for_each(|wrong| writeln!(std::io::stderr(), "{wrong}"))?;
                return Err(anyhow::anyhow!("{}: not whole, nothing was restored", from.display()).into());
            }
            let rows = restore(&from, &to).map_err(anyhow::Error::from)?;
            say!("{}: {rows} rows, whole", to.display());
            Ok(())
        }
        Command::Copy { from, to, config } => copy(&from, &to, config.as_deref()),
        Command::Export { whom } => export(&whom),
    }
}

/// That file, or the one that the configuration names.
fn configured(file: Option<PathBuf>, config: &Path) -> Result<PathBuf, Failed> {
    match file {
        Some(file) => Ok(file),
        None => {
            let store = config::check(config)?.0.store;
            match store.dynamodb {
                None => Ok(store.path),
                Some(table) => Err(Failed::Usage(vec![format!(
                    "the store is the table {}, and no file: name a file, or ask a running worker",
                    table.table
                )])),
            }
        }
    }
}

fn backup(to: &Path, whom: &Whom) -> Result<u64, Failed> {
    if let Some(store) = whom.file()? {
        return Ok(restore(store, to).map_err(anyhow::Error::from)?);
    }
    let mut copies = Copies::begin(to).map_err(anyhow::Error::from)?;
    download(whom, OperatorEndpoint::Backup, |bytes| Ok(copies.take(bytes)?))?;
    Ok(copies.finish().map_err(anyhow::Error::from)?)
}

fn copy(from: &StoreName, to: &StoreName, config: Option<&Path>) -> Result<(), Failed> {
    let clients = Clients::new(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sums = runtime.block_on(async {
        match (from, to) {
            (StoreName::File(file), StoreName::Table(name)) => {
                let (table, keep) = table_and_keep(name, config)?;
                Ok(Store::file_into_table(file, &clients, &table, keep).await?)
            }
            (StoreName::Table(name), StoreName::File(file)) => {
                let (table, _) = table_and_keep(name, config)?;
                Ok(Store::table_into_file(&clients, &table, file).await?)
            }
            (StoreName::File(_), StoreName::File(_)) | (StoreName::Table(_), StoreName::Table(_)) => {
                Err(Failed::Usage(vec![
                    "expected a file and a table, as in `store copy watchfire.redb dynamodb:watchfire`; of a file alone \
                     `store backup --store FILE` makes a copy"
                        .to_owned(),
                ]))
            }
        }
    })?;
    for (kind, sum) in sums.kinds() {
        say!("{kind:<10} {:>9} rows  {sum}", sum.rows);
    }
    say!("{to}: {} rows, all as in {from}", sums.rows());
    Ok(())
}

fn table_and_keep(name: &str, config: Option<&Path>) -> Result<(DynamoDbConfig, SignedDuration), Failed> {
    match config {
        Some(file) => {
            let (config, _) = config::check(file)?;
            Ok((desk::table_of(&config, file, Some(name))?, config.store.keep()))
        }
        None => Ok((desk::named(name)?, StoreConfig::default().keep())),
    }
}

fn export(whom: &Whom) -> Result<(), Failed> {
    let mut out = std::io::stdout().lock();
    let Some(store) = whom.file()? else {
        return download(whom, OperatorEndpoint::Export, |bytes| Ok(out.write_all(bytes)?));
    };
    let looked = look_at(store).map_err(anyhow::Error::from)?;
    let mut lost = None;
    let exported = sound(|| {
        journal(&looked.tables, &mut |lines| {
            if lost.is_none() {
                lost = out.write_all(&lines).err();
            }
            Ok(())
        })
    });
    if let Some(lost) = lost {
        return Err(lost.into());
    }
    match exported.with_context(|| format!("{}", store.display()))? {
        0 => Ok(()),
        _ => Err(Failed::Said),
    }
}

fn print(path: &Path, output: Output, checked: &Checked) -> Result<(), Failed> {
    let Checked { bytes, tables, wrong } = checked;
    match output {
        Output::Human => {
            for Size { name, rows, bytes, taken: _ } in tables {
                say!("{name:<10} {rows:>9} rows {bytes:>13} bytes");
            }
            for wrong in wrong {
                say!("{wrong}");
            }
            let found = if wrong.is_empty() { "whole".to_owned() } else { format!("{} wrong", wrong.len()) };
            say!("{}: {found}, {bytes} bytes", path.display());
        }
        Output::Json => say!("{}", json!({"file": path, "store": checked})),
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failed::Said) }
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use clap::Parser as _;

    use super::*;

    #[test]
    fn a_file_and_a_worker_are_not_both_copied() {
        let asked = |words: &[&str]| {
            let Ok(Cli { command: super::super::Command::Store(Command::Export { whom }) }) =
                Cli::try_parse_from(words)
            else {
                panic!("{words:?}")
            };
            match whom.file() {
                Err(Failed::Usage(mistakes)) => mistakes,
                _ => Vec::new(),
            }
        };
        for store in ["a.redb", "dynamodb:watchfire"] {
            let both = ["watchfire", "store", "export", "--store", store, "--server", "http://127.0.0.1:9"];
            let expected = "`--store` and `--config` ask no worker: leave out --server, or them";
            assert_eq!(asked(&both), [expected], "{store}");
            assert!(asked(&both[..5]).is_empty());
        }
        assert!(asked(&["watchfire", "store", "export", "--server", "http://127.0.0.1:9"]).is_empty());
    }
}
