//! One rule file, read with everything that is wrong in it.

use jiff::SignedDuration;

use super::Rule;
use super::condition::{Condition, Wrong};
use super::file::{RuleText, Unknown};
use super::matches::{self, Vain};
use super::order::Named;
use super::threshold::{AfterText, Threshold};
use crate::ids::RuleName;
use crate::pattern::Pattern;
use crate::priority::Priority;
use crate::yaml::{Diagnostic, Mistake, Node, Place, Value, expected, inside};

/// One file while it is read, and what is wrong in all so far.
pub(super) struct Reading<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) mistakes: &'a mut Vec<Diagnostic>,
    pub(super) names: &'a mut Vec<Named>,
}

/// A part of a rule that was read wrongly: its mistakes are told, and there is no such rule.
struct Told;

impl Reading<'_> {
    fn mistake(&mut self, place: Place, path: impl Into<String>, mistake: Mistake) {
        self.mistakes.push(Diagnostic::at(self.file, self.text, place, path, mistake));
    }

    /// Its rules; none for each that is told to be wrong.
    pub(super) fn file(&mut self) -> Vec<Option<Rule>> {
        let root = match Node::parse(self.text) {
            Ok(root) => root,
            Err(error) => {
                self.mistakes.push(error.mistake(self.file, self.text));
                return vec![None];
            }
        };
        let Value::Mapping(members) = &root.value else {
            self.mistake(root.place(), "", expected("a mapping with `rules`"));
            return vec![None];
        };
        for (name, node) in members.iter().filter(|(name, _)| name != "rules") {
            self.mistake(node.name_place(), name, expected("`rules`").found(format!("`{name}`")));
        }
        match root.get("rules") {
            // A file may be left with its head alone.
            Some(rules) if rules.is_null() => Vec::new(),
            Some(rules) => self.list(rules),
            None => {
                let mistake = expected("a list of rules").found("none");
                self.mistakes.push(Diagnostic::on(self.file, None, "rules", mistake));
                vec![None]
            }
        }
    }

    /// The rules of a list; none for each that is told to be wrong.
    pub(super) fn list(&mut self, rules: &Node) -> Vec<Option<Rule>> {
        let Value::List(rules) = &rules.value else {
            self.mistake(rules.place(), "rules", expected("a list of rules"));
            return vec![None];
        };
        let rules = rules.iter().enumerate();
        rules.map(|(index, rule)| self.rule(&format!("rules[{index}]"), rule).ok()).collect()
    }

    /// Each member is checked by itself, so that none of its mistakes hides another's.
    fn rule(&mut self, path: &str, node: &Node) -> Result<Rule, Told> {
        let text = node.read::<RuleText>().map_err(|misfits| {
            for misfit in misfits {
                let (place, path, mistake) = misfit.under(path);
                self.mistake(place, path, mistake);
            }
            Told
        });
        if matches!(node.value, Value::Mapping(_)) {
            self.members(path, node);
        }
        let pattern = node.get("match").map(|pattern| self.pattern(path, pattern)).transpose();
        let condition = node.get("when").map(|when| self.condition(path, when)).transpose();
        let RuleText {
            name,
            family,
            pattern: _,
            when: _,
            unknown,
            priority,
            actions,
            after,
            stage,
            runbook,
            repeat_after_minutes,
            mut examples,
        } = text?;
        let condition = condition?;
        self.unknown(path, node, condition.as_ref(), unknown);
        let (Some(name), Some(family), Some(priority)) = (name, family, priority) else { return Err(Told) };
        self.after(path, node, priority, after.as_ref());
        for (index, example) in examples.iter_mut().enumerate() {
            example.line = node.line_at(&format!("examples[{index}].event"));
        }
        Ok(Rule {
            place: node.at("name").place(),
            line: node.line_at("name"),
            name: RuleName::new(name),
            family,
            priority,
            actions,
            after: after.map(Threshold::from),
            stage,
            runbook,
            repeat_after: repeat_after_minutes.map(|minutes| SignedDuration::from_mins(minutes.into())),
            file: self.file.to_owned(),
            pattern: pattern?,
            condition,
            unknown: unknown.unwrap_or(Unknown::NoMatch),
            examples,
        })
    }

    /// A P0 is never kept quiet, whatever there is of it.
    fn after(&mut self, path: &str, node: &Node, priority: Priority, after: Option<&AfterText>) {
        let Some(after) = after else { return };
        let path = format!("{path}.after");
        if priority == Priority::P0 {
            let mistake =
                expected("none").hint("a P0 is told at once; give the rule P1 to have it counted first");
            self.mistake(node.at("after").name_place(), path.clone(), mistake);
        }
        for (member, mistake) in after.mistakes() {
            self.mistake(node.at(&format!("after.{member}")).place(), inside(&path, &member), mistake);
        }
    }

    /// What is unknown is neither true nor false: a rule that asks the cluster says what it then is.
    fn unknown(&mut self, path: &str, node: &Node, condition: Option<&Condition>, unknown: Option<Unknown>) {
        let asks = condition.and_then(Condition::asks_the_cluster);
        match (asks, unknown) {
            (Some(name), None) => {
                let mistake = expected("`unknown: page` or `unknown: no-match`");
                let mistake = mistake.hint(format!("`when` asks for `{name}`, which may not be known"));
                self.mistake(node.at("when").name_place(), format!("{path}.unknown"), mistake);
            }
            (None, Some(_)) => {
                let mistake = expected("none").hint("nothing in `when` asks the cluster");
                self.mistake(node.at("unknown").name_place(), format!("{path}.unknown"), mistake);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn members(&mut self, path: &str, node: &Node) {
        for member in ["name", "family", "priority"] {
            if node.get(member).is_none_or(Node::is_null) {
                let place = node.at(member).name_place();
                self.mistake(place, format!("{path}.{member}"), expected("one").found("none"));
            }
        }
        let word = |member| node.get(member).and_then(|node| Some((node, node.as_str()?)));
        for member in ["name", "family"] {
            if let Some((node, word)) = word(member).filter(|(_, word)| !is_kebab_case(word)) {
                let mistake = expected("lower-case words joined by hyphens, at most 64 characters");
                let mistake = mistake.found(format!("`{word}`"));
                self.mistake(node.place(), format!("{path}.{member}"), mistake);
            }
        }
        if let Some((node, name)) = word("name") {
            let (name, file, place) = (name.to_owned(), self.file.to_owned(), node.place());
            self.names.push(Named { name, file, place, path: format!("{path}.name") });
        }
        if let Some((node, runbook)) = word("runbook").filter(|(_, runbook)| !runbook.starts_with("https://"))
        {
            let mistake = expected("an https:// address").found(format!("`{runbook}`"));
            self.mistake(node.place(), format!("{path}.runbook"), mistake);
        }
    }

    fn pattern(&mut self, path: &str, node: &Node) -> Result<Pattern, Told> {
        let pattern = Pattern::read(&node.json());
        let path = format!("{path}.match");
        for error in pattern.as_ref().err().into_iter().flatten() {
            let mistake = expected(&error.expected).found(&error.found);
            self.mistake(node.at(&error.path).place(), inside(&path, &error.path), mistake);
        }
        let vain = matches::vain(node);
        let is_vain = !vain.is_empty();
        for Vain { place, path: part, mistake } in vain {
            self.mistake(place, inside(&path, &part), mistake);
        }
        pattern.ok().filter(|_| !is_vain).ok_or(Told)
    }

    fn condition(&mut self, path: &str, node: &Node) -> Result<Condition, Told> {
        let path = format!("{path}.when");
        if node.is_null() {
            // What begins with `!` is a tag to YAML, and what it tags is gone: the rule would match everything.
            let mistake = expected("an expression").found("none");
            self.mistake(node.place(), path, mistake.hint("one that begins with `!` stands in quotes"));
            return Err(Told);
        }
        // What is no text has been told.
        let text = node.as_str().ok_or(Told)?;
        Condition::compile(text).map_err(|mistakes| {
            for Wrong { offset, mistake } in mistakes {
                self.mistake(node.place_in(self.text, offset), path.clone(), mistake);
            }
            Told
        })
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
