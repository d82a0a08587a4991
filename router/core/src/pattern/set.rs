//! Many patterns against one event: it is walked once, and only the patterns are looked at that it wakes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::json::Json;

use super::Pattern;
use super::compile::{Alternative, Field};
use super::evaluation::Evaluation;
use super::flatten::Leaves;
use super::index::Index;
use super::notes::Notes;
use super::paths::Paths;
use super::walk::walk;

/// Patterns in their order, compiled together.
#[derive(Clone, Debug)]
pub struct PatternSet {
    pub(super) paths: Paths,
    pub(super) conditions: Vec<Condition>,
    /// The conditions of one alternative after the other, each in their order of evaluation.
    conditions_of: Vec<u32>,
    /// Where the conditions of each alternative begin, and where the last one's end.
    alternatives: Vec<u32>,
    /// Where the alternatives of each pattern begin, and where the last one's end.
    patterns: Vec<u32>,
    /// Of each alternative, its pattern.
    pub(super) pattern_of: Vec<u32>,
    pub(super) index: Index,
}

/// One field as any number of patterns ask for it.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) slot: usize,
    pub(super) field: Arc<Field>,
    pub(super) may_be_absent: bool,
    /// Whether it holds only where the index says so.
    pub(super) is_indexed: bool,
}

impl PatternSet {
    /// Compiles the patterns; a pattern's index is its place in the list.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        Self::compile(patterns.iter().map(|pattern| &pattern.compiled.alternatives[..]))
    }

    /// The first pattern that matches the event and that `accept` takes, which is asked in order, and only
    /// about patterns that match.
    pub fn first_matching(&self, event: &Json<'_>, mut accept: impl FnMut(usize) -> bool) -> Option<usize> {
        self.matching(event).find(|index| accept(*index))
    }

    /// The patterns that match the event, ascending, each found when it is asked for.
    pub fn matching<'a>(&'a self, event: &'a Json<'_>) -> impl Iterator<Item = usize> + 'a {
        Matching { evaluation: self.evaluation(event), next: 0, last: None }
    }

    /// The patterns that match the event of that text, ascending: those that [`PatternSet::matching`] gives for
    /// [`Json::read`] of it. What no pattern asks for is passed unread, so that faults in it are not seen.
    pub fn matching_text<'n>(&self, text: &str, notes: &'n mut Notes) -> &'n [usize] {
        let room = std::mem::take(&mut notes.leaves);
        let mut leaves = Leaves::within(room, self.paths.slots());
        match walk(text, &self.paths, &mut leaves) {
            Some(()) => self.find(leaves, notes),
            None => {
                let (event, _) = Json::read(text);
                if matches!(event, Json::Object(_)) {
                    self.find(Leaves::of(&event, &self.paths), notes);
                } else {
                    notes.begin(0, 0);
                }
            }
        }
        &notes.found
    }

    fn find(&self, leaves: Leaves<'_>, notes: &mut Notes) {
        let evaluation = Evaluation::of(self, leaves, std::mem::take(notes));
        let mut matching = Matching { evaluation, next: 0, last: None };
        let mut found = std::mem::take(&mut matching.evaluation.notes.found);
        found.extend(&mut matching);
        let Evaluation { notes: noted, leaves, .. } = matching.evaluation;
        *notes = noted;
        notes.found = found;
        notes.leaves = leaves.room();
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.patterns.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The alternatives of a pattern.
    pub(super) fn alternatives(&self, pattern: usize) -> Range<u32> {
        self.patterns[pattern]..self.patterns[pattern + 1]
    }

    /// The conditions of an alternative.
    #[inline]
    pub(super) fn conditions_of(&self, alternative: u32) -> &[u32] {
        let [from, to] = [alternative, alternative + 1].map(|at| self.alternatives[at as usize] as usize);
        &self.conditions_of[from..to]
    }

    /// What is not an object matches nothing.
    pub(super) fn evaluation<'a>(&'a self, event: &'a Json<'_>) -> Evaluation<'a> {
        match event {
            Json::Object(_) => Evaluation::of(self, Leaves::of(event, &self.paths), Notes::default()),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Evaluation::of_nothing(self)
            }
        }
    }

    pub(super) fn compile<'p>(patterns: impl Iterator<Item = &'p [Alternative]>) -> Self {
        let mut set = PatternSet {
            paths: Paths::new(),
            conditions: Vec::new(),
            conditions_of: Vec::new(),
            alternatives: vec![0],
            patterns: vec![0],
            pattern_of: Vec::new(),
            index: Index::default(),
        };
        let mut known: BTreeMap<(usize, &str), u32> = BTreeMap::new();
        for (pattern, alternatives) in (0..).zip(patterns) {
            for alternative in alternatives {
                for field in alternative {
                    let slot = set.paths.intern(&field.path);
                    let condition = *known.entry((slot, &field.text)).or_insert_with(|| {
                        let may_be_absent = field.may_be_absent();
                        let field = Arc::clone(field);
                        set.conditions.push(Condition { slot, field, may_be_absent, is_indexed: false });
                        set.conditions.len() as u32 - 1
                    });
                    set.conditions_of.push(condition);
                }
                set.alternatives.push(set.conditions_of.len() as u32);
                set.pattern_of.push(pattern);
            }
            set.patterns.push(set.pattern_of.len() as u32);
        }
        set.file();
        set
    }

    fn file(&mut self) {
        let alternatives: Vec<&[u32]> =
            (0..self.pattern_of.len() as u32).map(|alternative| self.conditions_of(alternative)).collect();
        let (index, is_indexed) = Index::new(&self.conditions, &alternatives, self.paths.slots());
        self.index = index;
        for (condition, is_indexed) in self.conditions.iter_mut().zip(is_indexed) {
            condition.is_indexed = is_indexed;
        }
    }
}

/// The patterns that match, each found when it is asked for.
struct Matching<'a> {
    evaluation: Evaluation<'a>,
    /// The next candidate.
    next: usize,
    last: Option<u32>,
}

impl Iterator for Matching<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let alternative = *self.evaluation.notes.candidates.get(self.next)?;
            self.next += 1;
            let pattern = self.evaluation.set.pattern_of[alternative as usize];
            if self.last != Some(pattern) && self.evaluation.holds(alternative) {
                self.last = Some(pattern);
                return Some(pattern as usize);
            }
        }
    }
}
