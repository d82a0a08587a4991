//! What was found out about one event, so that it is found out once.

use super::evaluation::Outcome;
use super::flatten::Leaves;

/// Room for what is found out about an event; the next one's uses it again, so that nothing is allocated for it.
#[derive(Debug, Default)]
pub struct Notes {
    /// Which event this is, so that what is noted of an earlier one counts as nothing.
    event: u32,
    /// Of each condition: the event and its outcome.
    outcomes: Vec<u32>,
    /// Alternatives that the event may match, ascending.
    pub(super) candidates: Vec<u32>,
    /// Of each literal: the number of the value in which it was seen last.
    pub(super) seen: Vec<u32>,
    values: u32,
    pub(super) room: Vec<u8>,
    /// The room of the values.
    pub(super) leaves: Leaves<'static>,
    /// The patterns that match.
    pub(super) found: Vec<usize>,
    pub(super) steps: u64,
}

const EVENTS: u32 = 1 << 30;

impl Notes {
    /// For another event, with so many conditions and literals.
    pub(super) fn begin(&mut self, conditions: usize, literals: usize) {
        self.event += 1;
        if self.event == EVENTS {
            self.event = 1;
            self.outcomes.clear();
        }
        self.outcomes.resize(conditions, 0);
        self.seen.resize(literals, 0);
        self.candidates.clear();
        self.found.clear();
        self.steps = 0;
    }

    /// How many values, candidates, conditions and elements of arrays were looked at for the last event.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    #[inline]
    pub(super) fn outcome(&self, condition: usize) -> Option<Outcome> {
        let noted = self.outcomes[condition];
        if noted >> 2 != self.event {
            return None;
        }
        match noted & 3 {
            1 => Some(Outcome::Fails),
            2 => Some(Outcome::Holds),
            _ => Some(Outcome::Depends),
        }
    }

    #[inline]
    pub(super) fn settle(&mut self, condition: usize, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Fails => 1,
            Outcome::Holds => 2,
            Outcome::Depends => 3,
        };
        self.outcomes[condition] = self.event << 2 | outcome;
    }

    /// A number for one more value.
    #[inline]
    pub(super) fn stamp(&mut self, seen: &mut [u32]) -> u32 {
        self.values = self.values.checked_add(1).unwrap_or_else(|| {
            seen.fill(0);
            1
        });
        self.values
    }
}
