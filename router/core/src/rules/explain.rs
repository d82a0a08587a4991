//! Why a rule matched an event or not: every rule in order, up to the first that matches and beyond.

use std::fmt;

use super::condition::Variables;
use super::{Rule, RuleSet};
use crate::event::Event;

/// Every rule's answer, and which one classified the event.
#[derive(Debug)]
pub struct Explained<'r> {
    /// In the order they are tried; those after the first match are told too.
    pub rules: Vec<(&'r Rule, RuleTrace)>,
    /// Index of the first match.
    pub first: usize,
}

/// One rule's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleTrace {
    /// It matches.
    Matched,
    /// The first field of the pattern that did not match, and why.
    Pattern(String),
    /// The pattern matches, the condition is false.
    ConditionFalse(String),
    /// The pattern matches, the condition cannot be evaluated, which counts as false.
    ConditionUnknown {
        /// The expression.
        condition: String,
        /// Why it cannot be evaluated.
        because: String,
    },
}

impl RuleSet {
    /// Tries every rule on the event.
    pub fn explain(&self, event: &Event<'_>) -> Explained<'_> {
        let variables = Variables::of(event);
        let rules: Vec<_> = self.rules.iter().map(|rule| (rule, trace(rule, event, &variables))).collect();
        let first = rules.iter().position(|(_, trace)| *trace == RuleTrace::Matched);
        Explained { first: first.unwrap_or(rules.len() - 1), rules }
    }
}

fn trace(rule: &Rule, event: &Event<'_>, variables: &Variables) -> RuleTrace {
    if let Some(mismatch) = rule.pattern.as_ref().and_then(|pattern| pattern.explain(&event.json)) {
        return RuleTrace::Pattern(mismatch.to_string());
    }
    let Some(condition) = &rule.condition else { return RuleTrace::Matched };
    match condition.holds(variables) {
        Ok(true) => RuleTrace::Matched,
        Ok(false) => RuleTrace::ConditionFalse(condition.text().to_owned()),
        Err(because) => RuleTrace::ConditionUnknown { condition: condition.text().to_owned(), because },
    }
}

impl fmt::Display for RuleTrace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleTrace::Matched => out.write_str("matched"),
            RuleTrace::Pattern(mismatch) => out.write_str(mismatch),
            RuleTrace::ConditionFalse(condition) => write!(out, "when: `{condition}` is false"),
            RuleTrace::ConditionUnknown { condition, because } => {
                write!(out, "when: `{condition}` cannot be evaluated: {because}")
            }
        }
    }
}
