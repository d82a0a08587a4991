//! Playbook files into playbooks, or everything that is wrong with them.

use std::collections::BTreeMap;

use super::{Playbook, Playbooks, reading};
use crate::near::near;
use crate::rules::{RuleFile, RuleSet};
use crate::yaml::{Diagnostic, Mistake, Place, expected, wrong};

/// A playbook, and where each of the names that it is for stands.
pub(super) struct Read {
    pub(super) playbook: Playbook,
    pub(super) named: Vec<Named>,
}

/// What a playbook is for, where it stands.
pub(super) struct Named {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) path: String,
}

/// What a playbook can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A rule.
    Rule,
    /// An alert.
    Alert,
    /// A family of rules.
    Family,
}

impl Kind {
    /// The list in a file's head.
    pub(super) fn member(self) -> &'static str {
        match self {
            Kind::Rule => "rules",
            Kind::Alert => "alerts",
            Kind::Family => "families",
        }
    }
}

impl Playbooks {
    /// Reads those that are shipped, and one's own, which may be for nothing that those rules do not have. One of the
    /// same name as a shipped one is instead of it.
    ///
    /// # Errors
    /// Every mistake found, in the order of the files.
    pub fn load(own: &[RuleFile], shipped: &[RuleFile], rules: &RuleSet) -> Result<Self, Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        let of_shipped = read(shipped, &mut mistakes);
        let of_own = read(own, &mut mistakes);
        of_own.iter().for_each(|(file, read)| unknown(file, read, rules, &mut mistakes));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let own: Vec<_> = of_own.into_iter().map(|(_, read)| read.playbook).collect();
        let shipped = of_shipped.into_iter().map(|(_, read)| read.playbook);
        let shipped = shipped.filter(|it| own.iter().all(|known| known.name != it.name));
        Ok(Self { shipped: shipped.collect(), own })
    }
}

/// Those that can be read; each is for something that no other of them is for.
fn read<'f>(files: &'f [RuleFile], mistakes: &mut Vec<Diagnostic>) -> Vec<(&'f RuleFile, Read)> {
    let mut all: Vec<(&RuleFile, Read)> = Vec::new();
    let mut known: BTreeMap<(Kind, String), String> = BTreeMap::new();
    for file in files {
        let RuleFile { name, text } = file;
        let read = match reading::read(name, text) {
            Ok(read) => read,
            Err(wrong) => {
                mistakes.extend(wrong);
                continue;
            }
        };
        for Named { kind, name, place, path } in &read.named {
            match known.get(&(*kind, name.clone())) {
                Some(other) => {
                    let mistake = wrong(format!("`{name}` has a playbook already, in {other}"));
                    mistakes.push(Diagnostic::at(&file.name, text, *place, path, mistake));
                }
                None => {
                    known.insert((*kind, name.clone()), file.name.clone());
                }
            }
        }
        all.push((file, read));
    }
    all
}

/// What one is for that there is none of. Which alerts there are, is not known here.
fn unknown(file: &RuleFile, read: &Read, rules: &RuleSet, mistakes: &mut Vec<Diagnostic>) {
    let rules = rules.rules();
    for Named { kind, name, place, path } in &read.named {
        let known = rules.iter().map(|rule| match kind {
            Kind::Rule => rule.name.as_str(),
            Kind::Family | Kind::Alert => rule.family.as_str(),
        });
        if *kind == Kind::Alert || known.clone().any(|known| known == name) {
            continue;
        }
        let what = if *kind == Kind::Rule { "a rule" } else { "the family of a rule" };
        let mistake: Mistake = expected(what).found(format!("`{name}`")).hint(near(name, known));
        mistakes.push(Diagnostic::at(&file.name, &file.text, *place, path, mistake));
    }
}
