//! `watchfire.yaml`: one file, every mistake in it told at once, with its line and path.

mod attention;
mod check;
mod file;
mod http;
mod mistake;
mod mitigation;
mod policy;
mod queues;
#[cfg(test)]
mod tests;
mod wording;

pub use attention::{DigestConfig, EscalationConfig, SecurityHubPart};
pub use file::{Config, HealthConfig, HttpConfig, QueueConfig, RouteConfig, RulesConfig, StoreConfig};
pub(crate) use http::wrong_tokens;
pub use mitigation::{BudgetConfig, KillSwitch, MitigationConfig, ProtectedConfig};
pub use watchfire_core::yaml::Mistake;

use std::path::Path;

use watchfire_core::policy::Policy;
use watchfire_core::rules::RuleSet;

use crate::rules_files;
use check::Parsed;

/// Reads a configuration file and the rules it names, and checks both.
///
/// # Errors
/// Every mistake in either, all at once.
pub fn check(path: &Path) -> Result<(Config, Policy), Vec<Mistake>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| vec![Mistake::on(&name, None, String::new(), format!("cannot be read: {error}"))])?;
    let Parsed { config, mut mistakes, rules, rules_line, templates } = check::parse(&name, &text);
    let rules = match rules_files::read(rules.directory.as_deref()) {
        Ok(files) => RuleSet::load(&files),
        Err(error) => {
            let path = "rules.directory".to_owned();
            let message = format!("{error:#}");
            Err(vec![Mistake::on(&name, rules_line, path, message)])
        }
    };
    match (config, rules) {
        (Some(config), Ok(rules)) => {
            let policy = config.policy(rules);
            match wording::check(&name, &config, &policy, &templates) {
                mistakes if mistakes.is_empty() => Ok((config, policy)),
                mistakes => Err(mistakes),
            }
        }
        (_, Ok(_)) => Err(mistakes),
        (_, Err(in_rules)) => {
            mistakes.extend(in_rules);
            Err(mistakes)
        }
    }
}

impl Config {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// Every mistake found in it.
    pub fn parse(name: &str, text: &str) -> Result<Config, Vec<Mistake>> {
        let Parsed { config, mistakes, rules: _, rules_line: _, templates: _ } = check::parse(name, text);
        config.ok_or(mistakes)
    }
}
