//! Which patterns an event may match, found from the event: what it has is looked up, and no pattern is asked in turn.
//!
//! Each alternative of a pattern is filed under one of its conditions, the one that is likely to hold least often. Where
//! that holds, the alternative is a candidate, and its other conditions are looked at. Conditions that any value may
//! satisfy (`exists`, `anything-but`) are filed under their path being there at all; an alternative that asks only for
//! what is absent is always a candidate.

mod affixes;
mod entries;
mod keys;
mod literals;
mod ranges;
mod slot;

use std::collections::BTreeMap;

use super::evaluation::Outcome;
use super::flatten::Leaves;
use super::notes::Notes;
use super::operator::Scalar;
use super::set::Condition;
use super::texts::Texts;
use entries::Entries;
use keys::Key;
use slot::Slot;

/// What is to be done where a value is found: that condition holds, if the one of its operators does that it names.
#[derive(Clone, Copy, Debug)]
struct Posting {
    condition: u32,
    check: Option<u32>,
}

type Postings = Box<[Posting]>;

/// All that is looked up.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    slots: Vec<Slot>,
    /// By slot and kind; the numbers are places in `postings`.
    exact: Texts,
    postings: Vec<Postings>,
    /// Of each condition: the alternatives that are filed under it.
    filed: Vec<Box<[u32]>>,
    /// Alternatives that are filed under nothing.
    always: Box<[u32]>,
    /// How many literals the automata look for.
    literals: usize,
}

/// With fewer alternatives each is asked.
const FEW: usize = 8;

impl Index {
    /// Files alternatives, each a list of conditions, and says of each condition whether it is looked up: then it holds
    /// where [`Index::wake`] says so, and nowhere else.
    pub(super) fn new(conditions: &[Condition], alternatives: &[&[u32]], slots: usize) -> (Self, Vec<bool>) {
        let mut is_indexed = vec![false; conditions.len()];
        if alternatives.len() < FEW {
            let always = (0..alternatives.len() as u32).collect();
            return (Index { always, ..Index::default() }, is_indexed);
        }
        let mut filed: Vec<Vec<u32>> = vec![Vec::new(); conditions.len()];
        let mut present: Vec<Vec<u32>> = vec![Vec::new(); slots];
        let mut always = Vec::new();
        for (alternative, key) in (0..).zip(keys::keys(conditions, alternatives)) {
            match key {
                Key::Condition(condition) => filed[condition as usize].push(alternative),
                Key::Present(slot) => present[slot].push(alternative),
                Key::None => always.push(alternative),
            }
        }
        let mut entries: Vec<Entries> = (0..slots).map(|_| Entries::default()).collect();
        for (number, condition) in conditions.iter().enumerate() {
            is_indexed[number] =
                keys::is_looked_up(condition) && (!filed[number].is_empty() || keys::is_long(condition));
            if is_indexed[number] {
                entries[condition.slot].post(number as u32, &condition.field.operators);
            }
        }
        let mut index = Index { always: always.into(), ..Index::default() };
        index.filed = filed.into_iter().map(Vec::into_boxed_slice).collect();
        for (slot, (entries, present)) in entries.into_iter().zip(present).enumerate() {
            let slot = Slot::new(slot as u32, entries, present, &mut index);
            index.slots.push(slot);
        }
        (index, is_indexed)
    }

    /// How many literals the automata look for.
    pub(super) fn literals(&self) -> usize {
        self.literals
    }

    /// Looks up each value: notes which conditions hold, and the candidates, ascending.
    pub(super) fn wake(&self, conditions: &[Condition], leaves: &Leaves<'_>, notes: &mut Notes) {
        notes.candidates.extend_from_slice(&self.always);
        if !self.slots.is_empty() {
            let (mut seen, mut room) = (std::mem::take(&mut notes.seen), std::mem::take(&mut notes.room));
            for (number, leaf) in leaves.all().iter().enumerate() {
                let slot = &self.slots[leaf.slot as usize];
                if leaves.is_first(number, leaf.slot) {
                    notes.candidates.extend_from_slice(slot.present());
                }
                if slot.asks() {
                    let (value, place) = (leaves.value(leaf), leaf.place);
                    let stamp = notes.stamp(&mut seen);
                    let posted = &mut |posting| self.posted(conditions, notes, posting, (&value, place));
                    slot.each(self, &value, (&mut seen, stamp, &mut room), posted);
                }
            }
            (notes.seen, notes.room) = (seen, room);
        }
        notes.steps += leaves.all().len() as u64 + notes.candidates.len() as u64;
        notes.candidates.sort_unstable();
    }

    #[inline]
    fn posted(
        &self,
        conditions: &[Condition],
        notes: &mut Notes,
        posting: Posting,
        (value, place): (&Scalar<'_>, u32),
    ) {
        notes.steps += 1;
        let Posting { condition, check } = posting;
        let number = condition as usize;
        let known = notes.outcome(number);
        if known == Some(Outcome::Holds) || known.is_some() && place != 0 {
            return;
        }
        if let Some(check) = check
            && !conditions[number].field.operators[check as usize].accepts(value)
        {
            return;
        }
        notes.settle(number, if place == 0 { Outcome::Holds } else { Outcome::Depends });
        if known.is_none() {
            notes.candidates.extend_from_slice(&self.filed[number]);
        }
    }
}

/// The entries of one text together, by text.
fn grouped(entries: Vec<(Vec<u8>, Posting)>) -> impl Iterator<Item = (Vec<u8>, Postings)> {
    let mut grouped: BTreeMap<Vec<u8>, Vec<Posting>> = BTreeMap::new();
    for (text, posting) in entries {
        grouped.entry(text).or_default().push(posting);
    }
    grouped.into_iter().map(|(text, postings)| (text, postings.into()))
}
