//! Many patterns against one event: the event is walked once, equal fields are compared once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::Json;

use super::Pattern;
use super::compile::{Alternative, Field};
use super::consistency::{self, Contender};
use super::flatten::{Leaf, Leaves, Place};
use super::operator::{Operator, Scalar};
use super::paths::Paths;

/// Patterns in their order, compiled together.
#[derive(Clone, Debug)]
pub struct PatternSet {
    paths: Paths,
    conditions: Vec<Condition>,
    /// Of each pattern, of each of its alternatives: its conditions in their order of evaluation.
    patterns: Vec<Vec<Vec<usize>>>,
}

/// One field as any number of patterns ask for it.
#[derive(Clone, Debug)]
struct Condition {
    slot: usize,
    field: Arc<Field>,
    may_be_absent: bool,
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
        self.matching_among(0..self.patterns.len(), event)
    }

    /// Those of these patterns that match the event, in the order in which they are given, each found when it is
    /// asked for; the others are not looked at.
    pub fn matching_among<'a>(
        &'a self,
        indices: impl Iterator<Item = usize> + 'a,
        event: &'a Json<'_>,
    ) -> impl Iterator<Item = usize> + 'a {
        let mut evaluation = Evaluation::of(self, event);
        indices.filter(move |index| evaluation.matches(*index))
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub(super) fn compile<'p>(patterns: impl Iterator<Item = &'p [Alternative]>) -> Self {
        let mut set = PatternSet { paths: Paths::new(), conditions: Vec::new(), patterns: Vec::new() };
        let mut known: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for alternatives in patterns {
            let mut compiled = Vec::with_capacity(alternatives.len());
            for alternative in alternatives {
                let conditions = alternative.iter().map(|field| {
                    let slot = set.paths.intern(&field.path);
                    *known.entry((slot, &field.text)).or_insert_with(|| {
                        let may_be_absent = field.may_be_absent();
                        set.conditions.push(Condition { slot, field: Arc::clone(field), may_be_absent });
                        set.conditions.len() - 1
                    })
                });
                compiled.push(conditions.collect());
            }
            set.patterns.push(compiled);
        }
        set
    }
}

/// What a field says by itself, other fields aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It does not hold.
    Fails,
    /// It holds, whatever elements of arrays the other fields choose.
    Holds,
    /// It holds by a value inside an array, or by the absence of one there.
    Depends,
}

/// One event against a set; what was found out is kept.
pub(super) struct Evaluation<'a> {
    set: &'a PatternSet,
    leaves: Leaves<'a>,
    outcomes: Vec<Option<Outcome>>,
    is_object: bool,
}

impl<'a> Evaluation<'a> {
    pub(super) fn of(set: &'a PatternSet, event: &'a Json<'_>) -> Self {
        Evaluation {
            set,
            leaves: Leaves::of(event, &set.paths),
            outcomes: vec![None; set.conditions.len()],
            is_object: matches!(event, Json::Object(_)),
        }
    }

    pub(super) fn matches(&mut self, pattern: usize) -> bool {
        let set = self.set;
        self.is_object && set.patterns[pattern].iter().any(|conditions| self.hold(conditions))
    }

    /// Of one alternative: the fields, each with what it says by itself.
    pub(super) fn outcomes(&mut self, pattern: usize, alternative: usize) -> Vec<Outcome> {
        let set = self.set;
        set.patterns[pattern][alternative].iter().map(|condition| self.outcome(*condition)).collect()
    }

    /// How many fields of one alternative, from its first, hold together.
    pub(super) fn hold_together(&mut self, pattern: usize, alternative: usize) -> usize {
        let conditions = &self.set.patterns[pattern][alternative];
        (0..conditions.len()).find(|last| !self.hold(&conditions[..=*last])).unwrap_or(conditions.len())
    }

    /// The values under a field's path.
    pub(super) fn found(
        &self,
        pattern: usize,
        alternative: usize,
        field: usize,
    ) -> impl Iterator<Item = &Scalar<'a>> {
        let condition = self.set.patterns[pattern][alternative][field];
        self.leaves.under(self.set.conditions[condition].slot).map(|leaf| &leaf.value)
    }

    fn hold(&mut self, conditions: &[usize]) -> bool {
        let mut depending = 0;
        for condition in conditions {
            match self.outcome(*condition) {
                Outcome::Fails => return false,
                Outcome::Holds => {}
                Outcome::Depends => depending += 1,
            }
        }
        depending == 0 || self.consistent(conditions, depending)
    }

    fn consistent(&self, conditions: &[usize], depending: usize) -> bool {
        let depends = |condition: &&usize| self.outcomes[**condition] == Some(Outcome::Depends);
        let may_be_absent = |condition: &usize| self.set.conditions[*condition].may_be_absent;
        let contenders: Vec<Contender> = if conditions.iter().filter(depends).any(may_be_absent) {
            // What is absent depends on what all the others choose.
            conditions.iter().map(|condition| self.contender(*condition)).collect()
        } else if depending == 1 {
            return true;
        } else {
            conditions.iter().filter(depends).map(|condition| self.contender(*condition)).collect()
        };
        consistency::consistent(&self.leaves, &contenders)
    }

    fn outcome(&mut self, index: usize) -> Outcome {
        if let Some(known) = self.outcomes[index] {
            return known;
        }
        let Condition { slot, field, may_be_absent } = &self.set.conditions[index];
        let (mut present, mut outside, mut wanted) = (false, false, false);
        let mut outcome = None;
        for leaf in self.leaves.under(*slot) {
            let outermost = leaf.place == 0;
            present = true;
            outside |= outermost;
            if (outermost || !wanted) && accepts(&field.operators, leaf) {
                wanted = true;
                if outermost {
                    outcome = Some(Outcome::Holds);
                    break;
                }
            }
        }
        let outcome = outcome.unwrap_or(match (present, *may_be_absent) {
            (false, true) => Outcome::Holds,
            (false, false) => Outcome::Fails,
            (true, _) if wanted => Outcome::Depends,
            (true, true) if !outside => Outcome::Depends,
            (true, _) => Outcome::Fails,
        });
        self.outcomes[index] = Some(outcome);
        outcome
    }

    fn contender(&self, index: usize) -> Contender {
        let Condition { slot, field, may_be_absent } = &self.set.conditions[index];
        let mut contender = Contender { may_be_absent: *may_be_absent, ..Contender::default() };
        for leaf in self.leaves.under(*slot) {
            contender.present.push(leaf.place);
            if accepts(&field.operators, leaf) {
                contender.wanted.push(leaf.place);
            }
        }
        ascending(&mut contender.present);
        ascending(&mut contender.wanted);
        contender
    }
}

fn accepts(operators: &[Operator], leaf: &Leaf<'_>) -> bool {
    operators.iter().any(|operator| operator.accepts(&leaf.value))
}

fn ascending(places: &mut Vec<Place>) {
    places.sort_unstable();
    places.dedup();
}
