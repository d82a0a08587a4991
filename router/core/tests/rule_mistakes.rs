//! Every kind of mistake in a rule file, with all that is said of it: `rule_mistakes.txt`.
//!
//! A case is its promise after `=== `, a rule file, `>>>`, and what is said. A rule file that does not end in a
//! catch-all of its own gets one. With `WRITE_TABLE=1` what is said now is written into the table: look at the difference.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use watchfire_core::rules::{RuleFile, RuleSet};

const CASES: &str = include_str!("rule_mistakes.txt");
const REST: &str = "  - {name: rest, family: unclassified, priority: P2}\n";

struct Case<'c> {
    promise: &'c str,
    file: &'c str,
    said: &'c str,
}

fn cases() -> Vec<Case<'static>> {
    let parts = CASES.split("=== ").skip(1);
    let case = |part: &'static str| {
        let (promise, rest) = part.split_once('\n').unwrap();
        let (file, said) = rest.split_once(">>>\n").unwrap();
        Case { promise, file, said: said.trim_end() }
    };
    parts.map(case).collect()
}

fn said(text: &str) -> String {
    let rest = if text.contains("name: rest") || !text.starts_with("rules:\n") { "" } else { REST };
    let file = RuleFile { name: "r.yaml".to_owned(), text: format!("{text}{rest}") };
    match RuleSet::load(&[file]) {
        Ok(rules) => format!("{} rules, no mistakes", rules.rules().len()),
        Err(mistakes) => mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn every_kind_of_mistake_is_told_in_our_words_with_its_place() {
    let mut wrong = String::new();
    let mut table = CASES.split("=== ").next().unwrap().to_owned();
    for Case { promise, file, said: expected } in cases() {
        let said = said(file);
        table += &format!("=== {promise}\n{file}>>>\n{said}\n\n");
        if said != expected {
            wrong += &format!("=== {promise}\n{file}>>>\n{said}\n\n");
        }
    }
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rule_mistakes.txt"), table).unwrap();
    }
    assert!(wrong.is_empty(), "what is said now:\n{wrong}");
}

#[test]
fn there_are_at_least_sixty_kinds() {
    let cases = cases();
    let promises: BTreeSet<_> = cases.iter().map(|case| case.promise).collect();
    assert_eq!(promises.len(), cases.len());
    assert!(promises.len() >= 60, "{}", promises.len());
}
