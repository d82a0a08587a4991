//! The examples that rules carry: each is decided as the first event ever, and compared.

use std::fmt;

use jiff::Timestamp;

use crate::context::Context;
use crate::decide::decide;
use crate::decision::Decision;
use crate::event::{Event, messages};
use crate::policy::Policy;
use crate::rules::{Example, Expect, Expectation, Rule, RuleTrace};
use crate::state::State;
use crate::verdict::EffectKind;

/// What came of all examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExamplesReport {
    /// How many were as expected.
    pub passed: usize,
    /// Those that were not.
    pub failures: Vec<ExampleFailure>,
    /// Rules that carry no example, by name.
    pub without: Vec<String>,
}

/// An example that is not as its rule expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The rule's file.
    pub file: String,
    /// The line of the example, from 1.
    pub line: u64,
    /// The rule.
    pub rule: String,
    /// The example's event file.
    pub event: String,
    /// What was expected, and what came.
    pub message: String,
}

impl fmt::Display for ExampleFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, event, message } = self;
        write!(out, "{file}:{line}: {rule}: {event}: {message}")
    }
}

/// Runs every example of every rule. `read` gives the text of an event file by the name that stands in
/// the rule file, or says why it cannot.
pub fn run_examples(
    policy: &Policy,
    mut read: impl FnMut(&Rule, &str) -> Result<String, String>,
) -> ExamplesReport {
    let mut report = ExamplesReport::default();
    for (index, rule) in policy.rules.rules().iter().enumerate() {
        if rule.examples.is_empty() {
            report.without.push(rule.name.to_string());
        }
        for example in &rule.examples {
            let neither = &mut |rule: &Rule, message| report.neither(rule, &example.event, message);
            let result =
                read(rule, &example.event).and_then(|text| run(policy, index, example, &text, neither));
            match result {
                Ok(()) => report.passed += 1,
                Err(message) => report.failures.push(ExampleFailure {
                    file: rule.file.clone(),
                    line: example.line,
                    rule: rule.name.to_string(),
                    event: example.event.clone(),
                    message,
                }),
            }
        }
    }
    report
}

impl ExamplesReport {
    /// A rule whose condition is neither true nor false for an example, be it another rule's; told once.
    fn neither(&mut self, rule: &Rule, event: &str, message: String) {
        let Rule { file, line, name, .. } = rule;
        let (file, rule, event) = (file.clone(), name.to_string(), event.to_owned());
        let failure = ExampleFailure { file, line: *line, rule, event, message };
        let told = |told: &ExampleFailure| (&told.rule, &told.message) == (&failure.rule, &failure.message);
        if !self.failures.iter().any(told) {
            self.failures.push(failure);
        }
    }
}

fn run(
    policy: &Policy,
    index: usize,
    example: &Example,
    text: &str,
    neither: &mut dyn FnMut(&Rule, String),
) -> Result<(), String> {
    let texts = messages(text).map_err(|unreadable| unreadable.to_string())?;
    let [text] = texts.as_slice() else { return Err(format!("expected one event, found {}", texts.len())) };
    let event = Event::read(text).map_err(|unreadable| unreadable.to_string())?;
    let explained = policy.rules.explain(&event, &Context::none());
    for (rule, trace) in &explained.rules {
        if matches!(trace, RuleTrace::ConditionNeither { .. }) {
            neither(rule, trace.to_string());
        }
    }
    let (_, trace) = &explained.rules[index];
    match &example.expect {
        Expect::NoMatch if trace.is_match() => Err("expected no match, but the rule matches".to_owned()),
        Expect::NoMatch => Ok(()),
        Expect::Decision(_) if !trace.is_match() => Err(format!("expected a match, but {trace}")),
        Expect::Decision(_) if explained.first != index => Err(format!(
            "expected to be the first match, but `{}` is",
            explained.rules[explained.first].0.name
        )),
        Expect::Decision(expected) => {
            let now = event.time.unwrap_or(Timestamp::UNIX_EPOCH);
            let decided = decide(&event, policy, &State::whole(), &Context::none(), now);
            compare(expected, &decided.expect("a whole state has been read"))
        }
    }
}

fn compare(expected: &Expectation, decision: &Decision) -> Result<(), String> {
    let Expectation { priority, verdict, why, effects, withheld } = expected;
    let actions =
        || -> Vec<String> { decision.withheld.iter().map(|withheld| withheld.action.clone()).collect() };
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: String, found: String| {
        if expected != found {
            differences.push(format!("expected {what} {expected}, found {found}"));
        }
    };
    if let Some(priority) = priority {
        differ("priority", priority.to_string(), decision.priority.to_string());
    }
    if let Some(verdict) = verdict {
        differ("verdict", verdict.as_str().to_owned(), decision.verdict.as_str().to_owned());
    }
    if let Some(why) = why {
        differ("why", why.as_str().to_owned(), decision.why.as_str().to_owned());
    }
    if let Some(effects) = effects {
        let words =
            |kinds: &[EffectKind]| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        differ("effects", format!("[{}]", words(effects)), format!("[{}]", words(&decision.effect_kinds())));
    }
    if let Some(withheld) = withheld {
        differ("withheld", format!("[{}]", withheld.join(", ")), format!("[{}]", actions().join(", ")));
    }
    if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
}
