//! `watchfire.yaml`: one file, every mistake in it told at once, with its line and path.

mod attention;
mod canary;
mod check;
mod file;
mod http;
mod mistake;
#[cfg(test)]
mod mistakes;
mod mitigation;
mod names;
mod paths;
pub(crate) mod policy;
mod queues;
mod ready;
mod routes;
mod schema;
mod telemetry;
#[cfg(test)]
mod tests;
mod watched;
mod wording;
mod writable;
mod written;

pub use attention::{DigestConfig, EscalationConfig, SecurityHubPart};
pub use canary::CanaryConfig;
pub use file::{Config, HealthConfig, HttpConfig, RouteConfig, RulesConfig, StoreConfig};
pub use mitigation::{BudgetConfig, KillSwitch, MitigationConfig, ProtectedConfig};
pub(crate) use ready::{Apart, apart};
pub use ready::{Reach, Ready, Tokens};
pub(crate) use routes::alone;
pub use schema::schema;
pub use telemetry::{OtlpConfig, TelemetryConfig};
pub(crate) use watched::Watched;
pub use watchfire_core::yaml::Diagnostic;
pub use written::{At, Written};

use std::path::Path;

use watchfire_core::examples::run_examples;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, Routes};
use watchfire_core::rules::{RuleFile, RuleSet};
use watchfire_core::yaml::wrong;

use crate::rules_files;
use check::Parsed;

/// A configuration whose text is right, with its rules.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; its paths are relative to its file no more.
    pub config: Config,
    /// What deciding needs of it.
    pub policy: Policy,
    /// Where each part stands.
    pub written: Written,
    /// The rules as they are written.
    pub(crate) rule_files: Vec<RuleFile>,
    /// The files behind it, as they were before they were read.
    pub(crate) watched: Watched,
}

/// Reads a configuration file and the rules it names, and checks the text of both.
///
/// # Errors
/// Every mistake in either, all at once.
pub fn load(path: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    read(path)?.finished()
}

/// The same, without where it stands.
///
/// # Errors
/// As `load`.
pub fn check(path: &Path) -> Result<(Config, Policy), Vec<Diagnostic>> {
    let Loaded { config, policy, .. } = load(path)?;
    Ok((config, policy))
}

/// Runs the examples of the rules, as `rules test` does: whatever is configured besides them. Returns how many there are.
///
/// # Errors
/// Those that are not as they should be, each with its place.
///
/// # Panics
/// Never.
pub fn examples(config: &Config, policy: &mut Policy) -> Result<usize, Vec<Diagnostic>> {
    const REST: &str = "rules: [{name: rest, family: unclassified, priority: P2}]";
    let placeholder = RuleFile { name: String::new(), text: REST.to_owned() };
    let placeholder = RuleSet::load(&[placeholder]).expect("it has a rule for everything");
    let rules = std::mem::replace(&mut policy.rules, placeholder);
    let plain = Policy::new(rules, Routes::all_to(&ChannelName::new("console")));
    let directory = config.rules.directory.as_deref();
    let report = run_examples(&plain, |_, name| rules_files::read_example(directory, name));
    policy.rules = plain.rules;
    if report.failures.is_empty() { Ok(report.passed) } else { Err(report.failures) }
}

/// The same where the rules are a folder's: those that are shipped were tried before they were.
///
/// # Errors
/// As `examples`.
pub(crate) fn own_examples(config: &Config, policy: &mut Policy) -> Result<(), Vec<Diagnostic>> {
    match config.rules.directory {
        Some(_) => examples(config, policy).map(drop),
        None => Ok(()),
    }
}

/// A configuration and its rules, read.
struct Read {
    parsed: Parsed,
    rules: Result<RuleSet, Vec<Diagnostic>>,
    rule_files: Vec<RuleFile>,
    watched: Watched,
}

fn read(path: &Path) -> Result<Read, Vec<Diagnostic>> {
    let mut watched = Watched::default();
    watched.add(path);
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| vec![Diagnostic::unread(&name, &error)])?;
    let mut parsed = check::parse(&name, &text);
    parsed.relative_to(path.parent().unwrap_or(Path::new("")));
    parsed.files().iter().for_each(|file| watched.add(file));
    let mut rule_files = Vec::new();
    let rules = match rules_files::all(parsed.rules.directory.as_deref()) {
        Ok(files) => {
            let rules = rules_files::load(&files);
            rule_files = files.into_all();
            rules
        }
        Err(error) => Err(vec![parsed.written.mistake("rules.directory", wrong(format!("{error:#}")))]),
    };
    Ok(Read { parsed, rules, rule_files, watched })
}

impl Read {
    /// The mistakes in a configuration are told in their order, then those of its rules.
    fn finished(self) -> Result<Loaded, Vec<Diagnostic>> {
        let Self { parsed, rules, rule_files, watched } = self;
        let Parsed { config, mut mistakes, written, .. } = parsed;
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        match (config, rules) {
            (Some(config), Ok(rules)) if mistakes.is_empty() => {
                let policy = config.policy(rules);
                let mut mistakes = names::check(&config, &policy.rules, &written);
                mistakes.extend(wording::check(&config, &policy, &written));
                mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
                match mistakes.is_empty() {
                    true => Ok(Loaded { config, policy, written, rule_files, watched }),
                    false => Err(mistakes),
                }
            }
            (_, rules) => {
                mistakes.extend(rules.err().into_iter().flatten());
                Err(mistakes)
            }
        }
    }
}

impl Config {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// Every mistake found in it.
    pub fn parse(name: &str, text: &str) -> Result<Config, Vec<Diagnostic>> {
        let Parsed { config, mut mistakes, .. } = check::parse(name, text);
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        config.ok_or(mistakes)
    }
}
