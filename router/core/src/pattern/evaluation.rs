//! One event against a set of patterns; what was found out is kept.

use super::consistency::{self, Contender};
use super::flatten::{Leaf, Leaves, Place};
use super::notes::Notes;
use super::operator::{Operator, Scalar};
use super::set::{Condition, PatternSet};

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
    pub(super) set: &'a PatternSet,
    pub(super) leaves: Leaves<'a>,
    pub(super) notes: Notes,
}

impl<'a> Evaluation<'a> {
    /// The values of an object.
    pub(super) fn of(set: &'a PatternSet, leaves: Leaves<'a>, mut notes: Notes) -> Self {
        notes.begin(set.conditions.len(), set.index.literals());
        set.index.wake(&set.conditions, &leaves, &mut notes);
        Evaluation { set, leaves, notes }
    }

    /// What is not an object.
    pub(super) fn of_nothing(set: &'a PatternSet) -> Self {
        let mut notes = Notes::default();
        notes.begin(set.conditions.len(), set.index.literals());
        Evaluation { set, leaves: Leaves::within(Leaves::default(), set.paths.slots()), notes }
    }

    /// Whether a pattern matches.
    pub(super) fn matches(&mut self, pattern: usize) -> bool {
        let alternatives = self.set.alternatives(pattern);
        let first = self.notes.candidates.partition_point(|candidate| *candidate < alternatives.start);
        for next in first.. {
            match self.notes.candidates.get(next) {
                Some(alternative) if *alternative < alternatives.end => {
                    if self.holds(*alternative) {
                        return true;
                    }
                }
                Some(_) | None => break,
            }
        }
        false
    }

    /// Whether all conditions of an alternative hold together.
    pub(super) fn holds(&mut self, alternative: u32) -> bool {
        let set = self.set;
        self.hold(set.conditions_of(alternative))
    }

    /// Of one alternative of a pattern: the fields, each with what it says by itself.
    pub(super) fn outcomes(&mut self, pattern: usize, alternative: usize) -> Vec<Outcome> {
        self.conditions(pattern, alternative).iter().map(|condition| self.outcome(*condition)).collect()
    }

    /// How many fields of one alternative, from its first, hold together.
    pub(super) fn hold_together(&mut self, pattern: usize, alternative: usize) -> usize {
        let conditions = self.conditions(pattern, alternative);
        (0..conditions.len()).find(|last| !self.hold(&conditions[..=*last])).unwrap_or(conditions.len())
    }

    /// The values under a field's path.
    pub(super) fn found(
        &self,
        pattern: usize,
        alternative: usize,
        field: usize,
    ) -> impl Iterator<Item = Scalar<'_>> {
        let condition = self.conditions(pattern, alternative)[field] as usize;
        self.leaves.under(self.set.conditions[condition].slot).map(|leaf| self.leaves.value(leaf))
    }

    fn conditions(&self, pattern: usize, alternative: usize) -> &'a [u32] {
        self.set.conditions_of(self.set.alternatives(pattern).start + alternative as u32)
    }

    fn hold(&mut self, conditions: &[u32]) -> bool {
        let mut depending = 0;
        for condition in conditions {
            self.notes.steps += 1;
            match self.outcome(*condition) {
                Outcome::Fails => return false,
                Outcome::Holds => {}
                Outcome::Depends => depending += 1,
            }
        }
        depending == 0 || self.consistent(conditions, depending)
    }

    fn consistent(&mut self, conditions: &[u32], depending: usize) -> bool {
        let depends = |condition: &&u32| self.notes.outcome(**condition as usize) == Some(Outcome::Depends);
        let may_be_absent = |condition: &u32| self.set.conditions[*condition as usize].may_be_absent;
        let contenders: Vec<Contender> = if conditions.iter().filter(depends).any(may_be_absent) {
            // What is absent depends on what all the others choose.
            conditions.iter().map(|condition| self.contender(*condition)).collect()
        } else if depending == 1 {
            return true;
        } else {
            conditions.iter().filter(depends).map(|condition| self.contender(*condition)).collect()
        };
        self.notes.steps += contenders.iter().map(|contender| contender.present.len() as u64).sum::<u64>();
        consistency::consistent(&self.leaves, &contenders, &mut self.notes.steps)
    }

    fn outcome(&mut self, index: u32) -> Outcome {
        let index = index as usize;
        if let Some(known) = self.notes.outcome(index) {
            return known;
        }
        let Condition { slot, field, may_be_absent, is_indexed } = &self.set.conditions[index];
        if *is_indexed {
            return Outcome::Fails;
        }
        let (mut present, mut outside, mut wanted) = (false, false, false);
        let mut outcome = None;
        for leaf in self.leaves.under(*slot) {
            self.notes.steps += 1;
            let outermost = leaf.place == 0;
            present = true;
            outside |= outermost;
            if (outermost || !wanted) && self.accepts(&field.operators, leaf) {
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
        self.notes.settle(index, outcome);
        outcome
    }

    fn contender(&self, index: u32) -> Contender {
        let Condition { slot, field, may_be_absent, is_indexed: _ } = &self.set.conditions[index as usize];
        let mut contender = Contender { may_be_absent: *may_be_absent, ..Contender::default() };
        for leaf in self.leaves.under(*slot) {
            contender.present.push(leaf.place);
            if self.accepts(&field.operators, leaf) {
                contender.wanted.push(leaf.place);
            }
        }
        ascending(&mut contender.present);
        ascending(&mut contender.wanted);
        contender
    }

    fn accepts(&self, operators: &[Operator], leaf: &Leaf<'_>) -> bool {
        let value = self.leaves.value(leaf);
        operators.iter().any(|operator| operator.accepts(&value))
    }
}

fn ascending(places: &mut Vec<Place>) {
    places.sort_unstable();
    places.dedup();
}
