//! From rule files to a rule set: every mistake at once, each with its place.

use std::collections::BTreeMap;
use std::fmt;

use serde_saphyr::Spanned;

use super::condition::Condition;
use super::file::{File, RuleText};
use super::{Rule, RuleSet};
use crate::ids::RuleName;
use crate::json::Json;
use crate::pattern::{Pattern, PatternSet};
use crate::priority::Priority;

/// A rule file's name, as errors show it, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its path as the user knows it.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// A mistake in a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// The line, from 1; none for a mistake of the whole set.
    pub line: Option<u64>,
    /// Where in the file, such as `rules[3].match.detail.type`; may be empty.
    pub path: String,
    /// What was expected, and what was found.
    pub message: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(out, ": {}", self.path)?;
        }
        write!(out, ": {}", self.message)
    }
}

impl std::error::Error for RuleError {}

impl RuleSet {
    /// Reads the files in the order given (by name, where they come from a folder).
    ///
    /// # Errors
    /// Every mistake found, in the order of the files: what is not YAML or not a rule file, a pattern or
    /// condition that does not compile, a name used twice, no catch-all that pages at the end.
    pub fn load(files: &[RuleFile]) -> Result<RuleSet, Vec<RuleError>> {
        let mut mistakes = Vec::new();
        let mut rules = Vec::new();
        for file in files {
            read_file(file, &mut rules, &mut mistakes);
        }
        check_names(&rules, &mut mistakes);
        if mistakes.is_empty() {
            check_catch_all(files, &rules, &mut mistakes);
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        // A rule without a pattern is one that matches every event.
        let patterns = rules.iter().map(|rule| rule.pattern.clone().unwrap_or_else(Pattern::any));
        let patterns = PatternSet::new(patterns.collect());
        Ok(RuleSet { rules, patterns })
    }
}

fn read_file(file: &RuleFile, rules: &mut Vec<Rule>, mistakes: &mut Vec<RuleError>) {
    // A snippet of the file has its place in an editor, not in a one-line error.
    let options = serde_saphyr::options! { with_snippet: false };
    let parsed: File = match serde_saphyr::from_str_with_options(&file.text, options) {
        Ok(parsed) => parsed,
        Err(error) => {
            let line = error.location().map(|location| location.line());
            let message = error.to_string();
            mistakes.push(RuleError { file: file.name.clone(), line, path: String::new(), message });
            return;
        }
    };
    for (index, text) in parsed.rules.into_iter().enumerate() {
        let mut place = Place { file: &file.name, rule: index, mistakes };
        rules.push(read_rule(text, &mut place));
    }
}

struct Place<'a> {
    file: &'a str,
    rule: usize,
    mistakes: &'a mut Vec<RuleError>,
}

impl Place<'_> {
    fn mistake<T>(&mut self, at: &Spanned<T>, member: &str, message: String) {
        let (file, path) = (self.file.to_owned(), format!("rules[{}].{member}", self.rule));
        self.mistakes.push(RuleError { file, line: Some(at.referenced.line()), path, message });
    }
}

fn read_rule(text: RuleText, place: &mut Place<'_>) -> Rule {
    let RuleText { name, family, pattern, when, priority, actions, stage, runbook, examples } = text;
    for (member, word) in [("name", &name), ("family", &family)] {
        if !is_kebab_case(&word.value) {
            let message = format!(
                "expected lower-case words joined by hyphens, at most 64 characters, found `{}`",
                word.value
            );
            place.mistake(word, member, message);
        }
    }
    if let Some(runbook) = runbook.as_ref().filter(|runbook| !runbook.value.starts_with("https://")) {
        place.mistake(runbook, "runbook", format!("expected an https:// address, found `{}`", runbook.value));
    }
    let pattern = pattern.as_ref().and_then(|pattern| read_pattern(pattern, place));
    let condition = when.as_ref().and_then(|when| match Condition::compile(&when.value) {
        Ok(condition) => Some(condition),
        Err(message) => {
            place.mistake(when, "when", message);
            None
        }
    });
    Rule {
        line: name.referenced.line(),
        name: RuleName::new(name.value),
        family: family.value,
        priority,
        actions,
        stage,
        runbook: runbook.map(|runbook| runbook.value),
        file: place.file.to_owned(),
        pattern,
        condition,
        examples,
    }
}

fn read_pattern(pattern: &Spanned<Json<'static>>, place: &mut Place<'_>) -> Option<Pattern> {
    match Pattern::from_json(&pattern.value) {
        Ok(compiled) => Some(compiled),
        Err(error) => {
            let member =
                if error.path.is_empty() { "match".to_owned() } else { format!("match.{}", error.path) };
            place.mistake(pattern, &member, format!("expected {}, found {}", error.expected, error.found));
            None
        }
    }
}

fn is_kebab_case(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !word.is_empty()
        && word.len() <= 64
        && word.chars().all(fits)
        && !word.starts_with('-')
        && !word.ends_with('-')
}

fn check_names(rules: &[Rule], mistakes: &mut Vec<RuleError>) {
    let mut seen: BTreeMap<&RuleName, &Rule> = BTreeMap::new();
    for rule in rules {
        if let Some(first) = seen.get(&rule.name) {
            mistakes.push(RuleError {
                file: rule.file.clone(),
                line: Some(rule.line),
                path: "name".to_owned(),
                message: format!("`{}` is already the name of {}:{}", rule.name, first.file, first.line),
            });
        } else {
            seen.insert(&rule.name, rule);
        }
    }
}

fn check_catch_all(files: &[RuleFile], rules: &[Rule], mistakes: &mut Vec<RuleError>) {
    let catches_all = |rule: &Rule| rule.pattern.is_none() && rule.condition.is_none();
    let mut set_mistake = |rule: Option<&Rule>, message: &str| {
        let last_file = files.last().map_or("(no rule files)", |file| &file.name);
        mistakes.push(RuleError {
            file: rule.map_or(last_file, |rule| &rule.file).to_owned(),
            line: rule.map(|rule| rule.line),
            path: rule.map_or(String::new(), |rule| rule.name.to_string()),
            message: message.to_owned(),
        });
    };
    let wanted = "expected the last rule to be a catch-all that pages: no `match`, no `when`, priority P0, P1 or P2, stage live";
    match rules.last() {
        Some(last) if !catches_all(last) => set_mistake(Some(last), wanted),
        Some(last) if last.priority == Priority::P3 || last.stage == super::Stage::Shadow => {
            set_mistake(Some(last), wanted);
        }
        Some(_) => {}
        None => set_mistake(None, wanted),
    }
    for rule in rules.iter().take(rules.len().saturating_sub(1)) {
        if catches_all(rule) {
            set_mistake(
                Some(rule),
                "matches every event, so that no rule after it is ever reached; only the last rule may",
            );
        }
    }
}
