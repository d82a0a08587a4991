//! `watchfire.yaml`: one file, every mistake in it told at once, with its line and path.

mod check;
mod file;

pub use check::Mistake;
pub use file::{Config, HealthConfig, HttpConfig, QueueConfig, RouteConfig, RulesConfig, StoreConfig};

use std::path::Path;

use watchfire_core::policy::Policy;

use crate::rules_files;

/// Reads a configuration file and the rules it names, and checks both.
///
/// # Errors
/// Every mistake in either, all at once.
pub fn check(path: &Path) -> Result<(Config, Policy), Vec<Mistake>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| vec![Mistake::whole(&name, format!("cannot be read: {error}"))])?;
    let (config, mut mistakes) = Config::parse(&name, &text).map_err(|mistake| vec![mistake])?;
    let rules = rules_files::read(config.rules.directory.as_deref());
    let policy = match rules {
        Ok(files) => config.policy(&files),
        Err(error) => Err(vec![Mistake::whole(&name, format!("rules.directory: {error:#}"))]),
    };
    match policy {
        Ok(policy) if mistakes.is_empty() => Ok((config, policy)),
        Ok(_) => Err(mistakes),
        Err(in_rules) => {
            mistakes.extend(in_rules);
            Err(mistakes)
        }
    }
}
