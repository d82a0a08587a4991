//! Mistakes of a whole set of rules: names that come twice, rules that are never reached, no catch-all at the end.

use std::collections::BTreeMap;

use super::{Rule, RuleFile, Stage, Unknown};
use crate::pattern::Pattern;
use crate::priority::Priority;
use crate::yaml::{Diagnostic, Mistake, Place, expected, wrong};

/// Where a rule is named: known of a rule that is wrong, too.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) place: Place,
    pub(super) path: String,
}

pub(super) fn check_names(files: &[RuleFile], names: Vec<Named>, mistakes: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for Named { name, file, place, path } in names {
        if let Some((first, at)) = seen.get(&name) {
            let mistake = wrong(format!("`{name}` is already the name of {first}:{at}"));
            mistakes.push(Diagnostic::at(&file, text(files, &file), place, path, mistake));
        } else {
            seen.insert(name, (file, place.line));
        }
    }
}

/// Checks rules in their order. None is one that is wrong by itself: nothing is said on the strength of it.
pub(super) fn check(files: &[RuleFile], rules: &[Option<Rule>], mistakes: &mut Vec<Diagnostic>) {
    check_catch_all(files, rules, mistakes);
    check_reached(files, rules, mistakes);
}

fn text<'f>(files: &'f [RuleFile], name: &str) -> &'f str {
    files.iter().find(|file| file.name == name).map_or("", |file| &file.text)
}

fn mistake(files: &[RuleFile], rule: &Rule, mistake: Mistake) -> Diagnostic {
    Diagnostic::at(&rule.file, text(files, &rule.file), rule.place, rule.name.as_str(), mistake)
}

fn catches_all(rule: &Rule) -> bool {
    rule.pattern.is_none() && rule.condition.is_none()
}

fn check_catch_all(files: &[RuleFile], rules: &[Option<Rule>], mistakes: &mut Vec<Diagnostic>) {
    let wanted = || {
        expected("the last rule to be a catch-all that pages")
            .hint("no `match`, no `when`, priority P0, P1 or P2, stage live")
    };
    match rules.last() {
        Some(Some(last)) => {
            let pages = last.priority != Priority::P3 && last.stage == Stage::Live;
            if !(catches_all(last) && pages) {
                mistakes.push(mistake(files, last, wanted()));
            }
        }
        Some(None) => {}
        None => {
            let last_file = files.last().map_or("(no rule files)", |file| &file.name);
            mistakes.push(Diagnostic::on(last_file, None, "", wanted()));
        }
    }
    for rule in rules.iter().take(rules.len().saturating_sub(1)).flatten() {
        if catches_all(rule) {
            let every = wrong(
                "matches every event, so that no rule after it is ever reached; only the last rule may",
            );
            mistakes.push(mistake(files, rule, every));
        }
    }
}

/// Rules that can never match, because earlier ones take all their events. Only what is proven is told; and a
/// rule in its shadow stage is there for a while only, so that nothing is said of what comes after it.
fn check_reached(files: &[RuleFile], rules: &[Option<Rule>], mistakes: &mut Vec<Diagnostic>) {
    for (index, rule) in rules.iter().enumerate() {
        let Some((rule, pattern)) = rule.as_ref().and_then(|rule| Some((rule, rule.pattern.as_ref()?)))
        else {
            continue;
        };
        let before = rules[..index].iter().flatten().filter(|earlier| takes_all(earlier, rule));
        let before: Vec<(&Rule, &Pattern)> =
            before.filter_map(|earlier| Some((earlier, earlier.pattern.as_ref()?))).collect();
        if !Pattern::cover(before.iter().map(|(_, pattern)| *pattern), pattern) {
            continue;
        }
        let alone = before.iter().find(|(_, earlier)| Pattern::cover(std::iter::once(*earlier), pattern));
        let never = wrong("can never match");
        let never = match alone {
            Some((Rule { name, file, line, .. }, _)) => never.hint(format!(
                "`{name}` ({file}:{line}) takes all its events; put it before that rule, or remove it"
            )),
            None => never.hint("the rules before it take all its events; put it before them, or remove it"),
        };
        mistakes.push(mistake(files, rule, never));
    }
}

/// Whether a rule takes every event that its pattern matches, or at least those that the later rule would take.
fn takes_all(earlier: &Rule, later: &Rule) -> bool {
    let condition = match (&earlier.condition, &later.condition) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(earlier_condition), Some(condition)) => {
            let same = earlier_condition.text() == condition.text();
            same && (earlier.unknown == Unknown::Page || earlier.unknown == later.unknown)
        }
    };
    earlier.stage == Stage::Live && condition
}
