//! Rule files: read, cross-checked, compiled; the first rule that matches an event classifies it.

mod condition;
mod examples;
mod explain;
mod file;
mod load;

pub use examples::{ExampleFailure, ExamplesReport, run_examples};
pub use explain::{Explained, RuleTrace};
pub use file::{ActionName, Stage};
pub use load::{RuleError, RuleFile};

use std::cell::OnceCell;

use crate::event::Event;
use crate::ids::RuleName;
use crate::pattern::{Pattern, PatternSet};
use crate::priority::Priority;
use condition::{Condition, Variables};
use file::Example;

/// All rules, in the order they are tried.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    patterns: PatternSet,
}

/// One classification from a rule file.
#[derive(Debug)]
pub struct Rule {
    /// Unique over all files.
    pub name: RuleName,
    /// What happened, whoever says so: part of the incident's identity.
    pub family: String,
    /// How soon a human has to respond.
    pub priority: Priority,
    /// What is to be done besides telling someone.
    pub actions: Vec<ActionName>,
    /// Live, or only recorded.
    pub stage: Stage,
    /// Where a responder reads on.
    pub runbook: Option<String>,
    /// The file it stands in.
    pub file: String,
    /// The line its name stands on, from 1.
    pub line: u64,
    pattern: Option<Pattern>,
    condition: Option<Condition>,
    examples: Vec<Example>,
}

impl RuleSet {
    /// The rules, in the order they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first rule that matches. A condition that cannot be evaluated, because a field it reads is
    /// absent, does not match; the catch-all at the end has none, so there is always an answer.
    pub fn classify(&self, event: &Event<'_>) -> &Rule {
        let variables = OnceCell::new();
        let first = self.patterns.first_matching(&event.json, |index| match &self.rules[index].condition {
            None => true,
            Some(condition) => {
                condition.holds(variables.get_or_init(|| Variables::of(event))).unwrap_or(false)
            }
        });
        let last = self.rules.len() - 1;
        &self.rules[first.unwrap_or(last)]
    }
}
