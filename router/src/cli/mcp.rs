//! `watchfire mcp`: a server for an assistant's client, which starts it, over standard input and output.

use clap::Args;

use super::Failed;
use super::asking::Whom;
use crate::mcp::over_stdio;

/// What `mcp` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn main(Arguments { whom }: &Arguments) -> Result<(), Failed> {
    let away = whom.away()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(over_stdio(away));
    // Reading standard input does not end by itself.
    runtime.shutdown_background();
    Ok(served?)
}
