//! Who may be looked at again within one tick: what does not move on is left for the next.

use std::collections::BTreeMap;

use crate::state::Key;

/// The records that were looked at in one tick.
///
/// A tick decides one record after the other, and what one decision brings due is due in the same tick. That it
/// comes to an end does not depend on every decision moving its record on.
#[derive(Clone, Debug, Default)]
pub struct Turns(BTreeMap<Key, u32>);

impl Turns {
    /// More often than anything is due about one record at one time.
    const MOST: u32 = 16;

    /// Whether a record is left for the next tick.
    pub fn leaves(&self, key: &Key) -> bool {
        self.0.get(key).is_some_and(|turns| *turns >= Self::MOST)
    }

    /// How many are.
    pub fn left(&self) -> usize {
        self.0.values().filter(|turns| **turns >= Self::MOST).count()
    }

    /// Something was decided about it.
    pub fn took(&mut self, key: Key) {
        *self.0.entry(key).or_default() += 1;
    }

    /// Nothing came of looking at it.
    pub fn leave(&mut self, key: Key) {
        self.0.insert(key, Self::MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_its_turns_in_a_tick_and_is_then_left() {
        let mut turns = Turns::default();
        for _ in 0..Turns::MOST {
            assert!(!turns.leaves(&Key::Digest));
            turns.took(Key::Digest);
        }
        turns.leave(Key::Silences);
        assert!(turns.leaves(&Key::Digest) && turns.leaves(&Key::Silences) && !turns.leaves(&Key::Budget));
        assert_eq!(turns.left(), 2);
    }
}
