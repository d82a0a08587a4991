//! From rule files to a rule set: every mistake at once, each with its place.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;

use super::condition::Condition;
use super::file::{RuleText, Unknown};
use super::{Rule, RuleSet};
use crate::ids::RuleName;
use crate::pattern::{Pattern, PatternSet};
use crate::priority::Priority;
use crate::yaml::{Misfit, Node, Value};

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
    /// Every mistake found, in the order of the files: what is not YAML or not a rule, a pattern or
    /// condition that does not compile, a name used twice, no catch-all that pages at the end.
    pub fn load(files: &[RuleFile]) -> Result<RuleSet, Vec<RuleError>> {
        let mut mistakes = Vec::new();
        let mut rules = Vec::new();
        let mut names = Vec::new();
        for RuleFile { name, text } in files {
            let mut reading = Reading { file: name, mistakes: &mut mistakes, names: &mut names };
            rules.extend(reading.file(text));
        }
        check_names(names, &mut mistakes);
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

/// Where a rule is named: known of a rule that is wrong, too.
struct Named {
    name: String,
    file: String,
    line: u64,
    path: String,
}

/// One file while it is read, and what is wrong in all so far.
struct Reading<'a> {
    file: &'a str,
    mistakes: &'a mut Vec<RuleError>,
    names: &'a mut Vec<Named>,
}

impl Reading<'_> {
    fn mistake(&mut self, line: Option<u64>, path: impl Into<String>, message: impl Into<String>) {
        let (file, path, message) = (self.file.to_owned(), path.into(), message.into());
        self.mistakes.push(RuleError { file, line, path, message });
    }

    fn file(&mut self, text: &str) -> Vec<Rule> {
        let already = self.mistakes.len();
        let rules = self.rules(text);
        self.mistakes[already..].sort_by_key(|mistake| mistake.line);
        rules
    }

    fn rules(&mut self, text: &str) -> Vec<Rule> {
        let root = match Node::parse(text) {
            Ok(root) => root,
            Err(error) => {
                self.mistake(error.line, "", error.message);
                return Vec::new();
            }
        };
        let Value::Mapping(members) = &root.value else {
            self.mistake(Some(root.line), "", "expected a mapping with `rules`");
            return Vec::new();
        };
        for (name, node) in members.iter().filter(|(name, _)| name != "rules") {
            self.mistake(Some(node.line), name, "unknown name, expected `rules`");
        }
        match root.get("rules").map(|rules| (rules, &rules.value)) {
            Some((_, Value::List(rules))) => {
                let rules = rules.iter().enumerate();
                rules.filter_map(|(index, rule)| self.rule(&format!("rules[{index}]"), rule)).collect()
            }
            // A file may be left with its head alone.
            Some((rules, _)) if rules.is_null() => Vec::new(),
            Some((rules, Value::Scalar(_) | Value::Mapping(_))) => {
                self.mistake(Some(rules.line), "rules", "expected a list of rules");
                Vec::new()
            }
            None => {
                self.mistake(None, "rules", "expected a list of rules, found none");
                Vec::new()
            }
        }
    }

    /// Each member is checked by itself, so that none of its mistakes hides another's.
    fn rule(&mut self, path: &str, node: &Node) -> Option<Rule> {
        let text = node.read::<RuleText>().map_err(|misfits| {
            for Misfit { line, path: inside, message } in misfits {
                let dot = if inside.is_empty() { "" } else { "." };
                self.mistake(Some(line), format!("{path}{dot}{inside}"), message);
            }
        });
        if matches!(node.value, Value::Mapping(_)) {
            self.members(path, node);
        }
        let pattern = node.get("match").and_then(|pattern| self.pattern(path, pattern));
        let condition = node.get("when").and_then(|when| match Condition::compile(when.as_str()?) {
            Ok(condition) => Some(condition),
            Err(message) => {
                self.mistake(Some(when.line), format!("{path}.when"), message);
                None
            }
        });
        let RuleText {
            name,
            family,
            pattern: _,
            when: _,
            unknown,
            priority,
            actions,
            stage,
            runbook,
            repeat_after_minutes,
            mut examples,
        } = text.ok()?;
        self.unknown(path, node, condition.as_ref(), unknown);
        let (name, family, priority) = (name?, family?, priority?);
        for (index, example) in examples.iter_mut().enumerate() {
            example.line = node.line_at(&format!("examples[{index}].event"));
        }
        Some(Rule {
            line: node.line_at("name"),
            name: RuleName::new(name),
            family,
            priority,
            actions,
            stage,
            runbook,
            repeat_after: repeat_after_minutes.map(|minutes| SignedDuration::from_mins(minutes.into())),
            file: self.file.to_owned(),
            pattern,
            condition,
            unknown: unknown.unwrap_or(Unknown::NoMatch),
            examples,
        })
    }

    /// What is unknown is neither true nor false: a rule that asks the cluster says what it then is.
    fn unknown(&mut self, path: &str, node: &Node, condition: Option<&Condition>, unknown: Option<Unknown>) {
        let asks = condition.and_then(Condition::asks_the_cluster);
        match (asks, unknown) {
            (Some(name), None) => {
                let message = format!(
                    "expected `unknown: page` or `unknown: no-match`, because `when` asks for `{name}`, which \
                     may not be known"
                );
                self.mistake(Some(node.line_at("when")), format!("{path}.unknown"), message);
            }
            (None, Some(_)) => {
                let message = "expected none: nothing in `when` asks the cluster";
                self.mistake(Some(node.line_at("unknown")), format!("{path}.unknown"), message);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn members(&mut self, path: &str, node: &Node) {
        for member in ["name", "family", "priority"] {
            if node.get(member).is_none_or(Node::is_null) {
                self.mistake(
                    Some(node.line_at(member)),
                    format!("{path}.{member}"),
                    "expected one, found none",
                );
            }
        }
        let word = |member| node.get(member).and_then(|node| Some((node.line, node.as_str()?)));
        for member in ["name", "family"] {
            if let Some((line, word)) = word(member).filter(|(_, word)| !is_kebab_case(word)) {
                let message = format!(
                    "expected lower-case words joined by hyphens, at most 64 characters, found `{word}`"
                );
                self.mistake(Some(line), format!("{path}.{member}"), message);
            }
        }
        if let Some((line, name)) = word("name") {
            let (name, file) = (name.to_owned(), self.file.to_owned());
            self.names.push(Named { name, file, line, path: format!("{path}.name") });
        }
        if let Some((line, runbook)) = word("runbook").filter(|(_, runbook)| !runbook.starts_with("https://"))
        {
            let message = format!("expected an https:// address, found `{runbook}`");
            self.mistake(Some(line), format!("{path}.runbook"), message);
        }
    }

    fn pattern(&mut self, path: &str, pattern: &Node) -> Option<Pattern> {
        match Pattern::from_json(&pattern.json()) {
            Ok(compiled) => Some(compiled),
            Err(error) => {
                let dot = if error.path.is_empty() { "" } else { "." };
                let message = format!("expected {}, found {}", error.expected, error.found);
                let line = pattern.line_at(&error.path);
                self.mistake(Some(line), format!("{path}.match{dot}{}", error.path), message);
                None
            }
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

fn check_names(names: Vec<Named>, mistakes: &mut Vec<RuleError>) {
    let mut seen: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for Named { name, file, line, path } in names {
        if let Some((first, at)) = seen.get(&name) {
            let message = format!("`{name}` is already the name of {first}:{at}");
            mistakes.push(RuleError { file, line: Some(line), path, message });
        } else {
            seen.insert(name, (file, line));
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
