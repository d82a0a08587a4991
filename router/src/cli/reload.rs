//! `watchfire reload`: has the worker read its configuration and rules again.

use clap::Args;

use super::Failed;
use super::asking::{Whom, tell};
use crate::api::views::Reloaded;
use crate::api::{OperatorEndpoint, params};

/// What `reload` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { whom } = arguments;
    let reloaded = tell(whom, OperatorEndpoint::Reload, &params::Reload {})?;
    match reloaded {
        Reloaded::Refused { .. } if whom.is_a_program() => return Err(Failed::Usage(Vec::new())),
        Reloaded::Taken { .. } | Reloaded::Unchanged if whom.is_a_program() => {}
        Reloaded::Refused { mut mistakes } => {
            mistakes.push("refused: what was in force stays".to_owned());
            return Err(Failed::Usage(mistakes));
        }
        Reloaded::Unchanged => say!("nothing is different"),
        Reloaded::Taken { changed, needs_restart, rules, channels } => {
            say!("reloaded: {}; {rules} rules, {channels} channels", listed(&changed));
            if !needs_restart.is_empty() {
                say!("takes effect at the next start: {}", needs_restart.join(", "));
            }
        }
    }
    Ok(())
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "nothing that is in force already".to_owned() } else { words.join(", ") }
}
