//! Why a rule matched an event or not: every rule in order, up to the first that matches and beyond.

use std::fmt;

use super::condition::{Truth, Variables};
use super::{Rule, RuleSet, Unknown};
use crate::context::Context;
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
    /// The pattern matches, the condition asks the cluster for what is not known, and the rule says that
    /// this is a match.
    MatchedUnknown(String),
    /// The same, and the rule says that it is none.
    ClusterUnknown(String),
    /// The pattern matches, the condition cannot be evaluated, which counts as false.
    ConditionUnknown {
        /// The expression.
        condition: String,
        /// Why it cannot be evaluated.
        because: String,
    },
    /// The pattern matches, the condition is neither true nor false, which counts as false.
    ConditionNeither {
        /// The expression.
        condition: String,
        /// What it is.
        found: String,
    },
}

impl RuleSet {
    /// Tries every rule on the event.
    pub fn explain(&self, event: &Event<'_>, context: &Context) -> Explained<'_> {
        let variables = Variables::of(event, context);
        let rules: Vec<_> = self.rules.iter().map(|rule| (rule, trace(rule, event, &variables))).collect();
        let first = rules.iter().position(|(_, trace)| trace.is_match());
        Explained { first: first.unwrap_or(rules.len() - 1), rules }
    }

    /// Tries the rules whose pattern takes the event, and no other: each with its place among all, in their order.
    pub(crate) fn tried(&self, event: &Event<'_>, context: &Context) -> Vec<(usize, RuleTrace)> {
        let variables = Variables::of(event, context);
        let without_pattern = self.rules.iter().position(|rule| rule.pattern.is_none());
        let taken = self.patterns.matching(&event.json).chain(without_pattern);
        taken.map(|index| (index, conditioned(&self.rules[index], &variables))).collect()
    }
}

fn trace(rule: &Rule, event: &Event<'_>, variables: &Variables) -> RuleTrace {
    match rule.pattern.as_ref().and_then(|pattern| pattern.explain(&event.json)) {
        Some(mismatch) => RuleTrace::Pattern(mismatch.to_string()),
        None => conditioned(rule, variables),
    }
}

/// The same of a rule whose pattern matches.
fn conditioned(rule: &Rule, variables: &Variables) -> RuleTrace {
    let Some(condition) = &rule.condition else { return RuleTrace::Matched };
    match (condition.holds(variables), rule.unknown) {
        (Truth::True, _) => RuleTrace::Matched,
        (Truth::False, _) => RuleTrace::ConditionFalse(condition.text().to_owned()),
        (Truth::Error(because), _) => {
            RuleTrace::ConditionUnknown { condition: condition.text().to_owned(), because }
        }
        (Truth::Neither(found), _) => {
            RuleTrace::ConditionNeither { condition: condition.text().to_owned(), found }
        }
        (Truth::Unknown(because), Unknown::Page) => RuleTrace::MatchedUnknown(because),
        (Truth::Unknown(because), Unknown::NoMatch) => RuleTrace::ClusterUnknown(because),
    }
}

impl RuleTrace {
    /// Whether the rule takes the event.
    pub fn is_match(&self) -> bool {
        match self {
            RuleTrace::Matched | RuleTrace::MatchedUnknown(_) => true,
            RuleTrace::Pattern(_)
            | RuleTrace::ConditionFalse(_)
            | RuleTrace::ClusterUnknown(_)
            | RuleTrace::ConditionNeither { .. }
            | RuleTrace::ConditionUnknown { .. } => false,
        }
    }
}

impl fmt::Display for RuleTrace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleTrace::Matched => out.write_str("matched"),
            RuleTrace::MatchedUnknown(because) => write!(out, "matched, by `unknown: page`: {because}"),
            RuleTrace::ClusterUnknown(because) => write!(out, "by `unknown: no-match`: {because}"),
            RuleTrace::Pattern(mismatch) => out.write_str(mismatch),
            RuleTrace::ConditionFalse(condition) => write!(out, "when: `{condition}` is false"),
            RuleTrace::ConditionUnknown { condition, because } => {
                write!(out, "when: `{condition}` cannot be evaluated: {because}")
            }
            RuleTrace::ConditionNeither { condition, found } => {
                write!(out, "when: `{condition}` is neither true nor false but {found}")
            }
        }
    }
}
