//! `watchfire rules`: check, test and list the rule files.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use watchfire_core::examples::run_examples;
use watchfire_core::scenario::{Beside, Scenario};

use super::check::refuse;
use super::{Failed, Output, plain_policy, usage};
use crate::rules_files;

/// What `rules` does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Compile the rules and their playbooks; say every mistake at once.
    Check(Arguments),
    /// Run the examples that rules carry, and the scenarios beside them.
    Test(Arguments),
    /// List the rules in the order they are tried.
    List(Arguments),
}

/// What each of them takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of rule files, instead of the set in the binary
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(command: &Command) -> Result<(), Failed> {
    match command {
        Command::Check(arguments) => check(arguments),
        Command::Test(arguments) => test(arguments),
        Command::List(arguments) => list(arguments),
    }
}

fn check(Arguments { rules, output }: &Arguments) -> Result<(), Failed> {
    let policy = plain_policy(rules.as_deref()).map_err(|mistakes| refuse(*output, mistakes))?;
    let (count, playbooks) = (policy.rules.rules().len(), policy.rules.playbooks().all().count());
    match output {
        Output::Human => say!("{count} rules, {playbooks} playbooks, no mistakes"),
        Output::Json => say!("{}", json!({"rules": count, "playbooks": playbooks})),
    }
    Ok(())
}

fn test(Arguments { rules, output }: &Arguments) -> Result<(), Failed> {
    let policy = plain_policy(rules.as_deref()).map_err(|mistakes| refuse(*output, mistakes))?;
    let report = run_examples(&policy, |_, name| rules_files::read_example(rules.as_deref(), name));
    let scenarios = Scenarios::run(rules.as_deref())?;
    match output {
        Output::Human => {
            for failure in report.failures.iter().map(ToString::to_string).chain(scenarios.failures.clone()) {
                say!("{failure}");
            }
            if !report.without.is_empty() {
                say!("without an example: {}", report.without.join(", "));
            }
            say!("{} examples passed, {} failed", report.passed, report.failures.len());
            say!("{} scenarios passed, {} failed", scenarios.passed, scenarios.failed);
        }
        Output::Json => {
            let failures: Vec<_> = report.failures.iter().map(ToString::to_string).collect();
            say!(
                "{}",
                json!({
                    "passed": report.passed, "failures": failures, "without": report.without,
                    "scenarios": {"passed": scenarios.passed, "failures": scenarios.failures},
                })
            );
        }
    }
    if report.failures.is_empty() && scenarios.failures.is_empty() { Ok(()) } else { Err(Failed::Said) }
}

/// What came of the scenario files.
#[derive(Default)]
struct Scenarios {
    passed: usize,
    failed: usize,
    failures: Vec<String>,
}

impl Scenarios {
    fn run(rules: Option<&Path>) -> Result<Self, Failed> {
        let mut report = Self::default();
        let (beside, builtin) =
            (rules_files::read(rules).map_err(usage)?, rules_files::read(None).map_err(usage)?);
        let event = |event: &str| rules_files::read_example(rules, event);
        let beside = Beside { rules: &beside, builtin: &builtin, event: &event };
        for (name, text) in rules_files::read_scenarios(rules).map_err(usage)? {
            let failures: Vec<String> = match Scenario::read(&name, &text, beside) {
                Ok(scenario) => scenario.run().iter().map(ToString::to_string).collect(),
                Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
            };
            match failures.is_empty() {
                true => report.passed += 1,
                false => report.failed += 1,
            }
            report.failures.extend(failures);
        }
        Ok(report)
    }
}

fn list(Arguments { rules, output }: &Arguments) -> Result<(), Failed> {
    let policy = plain_policy(rules.as_deref()).map_err(|mistakes| refuse(*output, mistakes))?;
    for rule in policy.rules.rules() {
        let actions: Vec<_> = rule.actions.iter().map(|action| action.as_str()).collect();
        match output {
            Output::Human => say!(
                "{} {:<40} {:<26} {:<52} {}",
                rule.priority,
                rule.name.as_str(),
                rule.family,
                actions.join(" "),
                format_args!("{}:{}", rule.file, rule.line)
            ),
            Output::Json => say!(
                "{}",
                json!({
                    "name": rule.name, "family": rule.family, "priority": rule.priority, "actions": actions,
                    "stage": rule.stage, "runbook": rule.runbook, "file": rule.file, "line": rule.line,
                })
            ),
        }
    }
    Ok(())
}
