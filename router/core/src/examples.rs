//! The examples that rules carry: each is decided as the first event ever, and compared.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::context::Context;
use crate::decide::decide;
use crate::decision::Decision;
use crate::event::{Event, messages};
use crate::policy::Policy;
use crate::rules::{Example, Expect, Expectation, Rule, RuleTrace};
use crate::state::State;
use crate::verdict::EffectKind;
use crate::yaml::{Diagnostic, Mistake, expected, wrong};

/// What came of all examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExamplesReport {
    /// How many were as expected.
    pub passed: usize,
    /// Those that were not, each at its line, its path the rule and the event file.
    pub failures: Vec<Diagnostic>,
    /// Rules that carry no example, by name.
    pub without: Vec<String>,
}

/// Runs every example of every rule. `read` gives the text of an event file by the name that stands in
/// the rule file, or says why it cannot.
pub fn run_examples(
    policy: &Policy,
    mut read: impl FnMut(&Rule, &str) -> Result<String, Mistake>,
) -> ExamplesReport {
    let mut report = ExamplesReport::default();
    // A rule whose condition is neither true nor false for an example, be it another rule's, is told once.
    let mut told = BTreeSet::new();
    for (index, rule) in policy.rules.rules().iter().enumerate() {
        if rule.examples.is_empty() {
            report.without.push(rule.name.to_string());
        }
        for example in &rule.examples {
            let event = &example.event;
            let neither = &mut |rule: &Rule, mistake: Mistake| {
                if told.insert((rule.name.clone(), mistake.to_string())) {
                    report.failures.push(failure(rule, rule.line, event, mistake));
                }
            };
            match read(rule, event).and_then(|text| run(policy, index, example, &text, neither)) {
                Ok(()) => report.passed += 1,
                Err(mistake) => report.failures.push(failure(rule, example.line, event, mistake)),
            }
        }
    }
    report
}

fn failure(rule: &Rule, line: u64, event: &str, mistake: Mistake) -> Diagnostic {
    Diagnostic::on(&rule.file, Some(line), format!("{}: {event}", rule.name), mistake)
}

fn run(
    policy: &Policy,
    index: usize,
    example: &Example,
    text: &str,
    neither: &mut dyn FnMut(&Rule, Mistake),
) -> Result<(), Mistake> {
    let texts = messages(text).map_err(|unreadable| wrong(unreadable.to_string()))?;
    let [text] = texts.as_slice() else { return Err(expected("one event").found(texts.len().to_string())) };
    let event = Event::read(text).map_err(|unreadable| wrong(unreadable.to_string()))?;
    let tried = policy.rules.tried(&event, &Context::none());
    for (rule, trace) in &tried {
        if matches!(trace, RuleTrace::ConditionNeither { .. }) {
            neither(&policy.rules.rules()[*rule], wrong(trace.to_string()));
        }
    }
    let is_match = tried.iter().any(|(rule, trace)| *rule == index && trace.is_match());
    let first = tried.iter().find(|(_, trace)| trace.is_match()).map(|(rule, _)| *rule);
    match &example.expect {
        Expect::NoMatch if is_match => Err(expected("no match").found("that the rule matches")),
        Expect::NoMatch => Ok(()),
        // Why not is worth the work only where it is told.
        Expect::Decision(_) if !is_match => {
            let explained = policy.rules.explain(&event, &Context::none());
            Err(expected("a match").found(explained.rules[index].1.to_string()))
        }
        Expect::Decision(_) if first != Some(index) => {
            let first = first.map_or_else(String::new, |first| policy.rules.rules()[first].name.to_string());
            Err(expected("to be the first match").found(format!("that `{first}` is")))
        }
        Expect::Decision(wanted) => {
            let now = event.time.unwrap_or(Timestamp::UNIX_EPOCH);
            let decided = decide(&event, policy, &State::whole(), &Context::none(), now);
            compare(wanted, &decided.expect("a whole state has been read"))
        }
    }
}

/// What is as it should be is not told.
fn compare(wanted: &Expectation, decision: &Decision) -> Result<(), Mistake> {
    let Expectation { priority, verdict, why, effects, withheld } = wanted;
    let words = |kinds: &[EffectKind]| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    let actions =
        || decision.withheld.iter().map(|withheld| withheld.action.as_str()).collect::<Vec<_>>().join(", ");
    let parts = [
        priority.map(|it| ("priority", it.to_string(), decision.priority.to_string())),
        verdict.map(|it| ("verdict", it.as_str().to_owned(), decision.verdict.as_str().to_owned())),
        why.map(|it| ("why", it.as_str().to_owned(), decision.why.as_str().to_owned())),
        effects.as_ref().map(|it| {
            ("effects", format!("[{}]", words(it)), format!("[{}]", words(&decision.effect_kinds())))
        }),
        withheld.as_ref().map(|it| ("withheld", format!("[{}]", it.join(", ")), format!("[{}]", actions()))),
    ];
    let parts = parts.into_iter().flatten().filter(|(_, wanted, decided)| wanted != decided);
    let parts =
        parts.map(|(what, wanted, decided)| (format!("{what} {wanted}"), format!("{what} {decided}")));
    let (wanted, decided): (Vec<_>, Vec<_>) = parts.unzip();
    match wanted.is_empty() {
        true => Ok(()),
        false => Err(expected(wanted.join(" and ")).found(decided.join(" and "))),
    }
}
