//! Rule files into a rule set, or everything that is wrong with them.

use super::order::{self, Named};
use super::reading::Reading;
use super::{Playbooks, Rule, RuleSet};
use crate::pattern::{Pattern, PatternSet};
use crate::yaml::{Diagnostic, Node};

/// A rule file's name, as errors show it, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its path as the user knows it.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl RuleSet {
    /// Reads the files in the order given (by name, where they come from a folder).
    ///
    /// # Errors
    /// Every mistake found, in the order of the files: what is not YAML or not a rule; a pattern or condition
    /// that does not compile, or asks for what no event has; a name used twice; a rule that is never reached;
    /// no catch-all that pages at the end.
    pub fn load(files: &[RuleFile]) -> Result<RuleSet, Vec<Diagnostic>> {
        Self::read(files, |reading| reading.file())
    }

    /// Reads the rules that another file brings: the list at that node of it.
    ///
    /// # Errors
    /// As for a file of rules.
    pub(crate) fn of_list(file: RuleFile, list: &Node) -> Result<RuleSet, Vec<Diagnostic>> {
        Self::read(&[file], |reading| reading.list(list))
    }

    fn read(
        files: &[RuleFile],
        read: impl Fn(&mut Reading<'_>) -> Vec<Option<Rule>>,
    ) -> Result<RuleSet, Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        let mut rules = Vec::new();
        let mut names: Vec<Named> = Vec::new();
        for RuleFile { name, text } in files {
            let already = mistakes.len();
            let mut reading = Reading { file: name, text, mistakes: &mut mistakes, names: &mut names };
            rules.extend(read(&mut reading));
            mistakes[already..].sort_by_key(|mistake| (mistake.line, mistake.column));
        }
        order::check_names(files, names, &mut mistakes);
        order::check(files, &rules, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let rules: Vec<_> = rules.into_iter().flatten().collect();
        // A rule without a pattern is one that matches every event.
        let patterns = rules.iter().map(|rule| rule.pattern.clone().unwrap_or_else(Pattern::any));
        let patterns = PatternSet::new(patterns.collect());
        Ok(RuleSet { rules, patterns, playbooks: Playbooks::default() })
    }
}
