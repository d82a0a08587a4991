//! `watchfire man`: the manual, a page for each command.

use std::path::PathBuf;

use clap::{Args, Command};

use super::Failed;

/// What `man` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to write the pages into, such as /usr/local/share/man/man1
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn main(arguments: &Arguments, command: Command) -> Result<(), Failed> {
    let Arguments { folder } = arguments;
    std::fs::create_dir_all(folder).map_err(|error| super::cannot_be_written(folder, &error))?;
    clap_mangen::generate_to(command, folder).map_err(|error| super::cannot_be_written(folder, &error))?;
    let pages = std::fs::read_dir(folder)?.filter_map(Result::ok);
    let ours = pages.filter(|page| page.file_name().to_string_lossy().starts_with("watchfire"));
    say!("{} pages in {}", ours.count(), folder.display());
    Ok(())
}
