//! A table of texts, each within a scope: what is asked for is found, or found missing, at one place.
//!
//! Whoever chooses what is asked for cannot crowd it: it is made of what patterns ask for, and never of an event.

/// Texts, each of a scope, and the number that stands for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    /// A power of two of them, at most half of them taken; or none.
    buckets: Vec<Bucket>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Some bits of the hash, so that nearly all others are told apart here.
    tag: u32,
    entry: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    scope: u32,
    number: u32,
    text: Box<[u8]>,
}

const EMPTY: Bucket = Bucket { tag: 0, entry: u32::MAX };

impl Texts {
    /// The number of a text.
    #[inline]
    pub(super) fn get(&self, scope: u32, text: &[u8]) -> Option<u32> {
        if self.buckets.is_empty() {
            return None;
        }
        let hash = hash(scope, text);
        let mut at = self.first(hash);
        loop {
            let Bucket { tag, entry } = self.buckets[at];
            if entry == EMPTY.entry {
                return None;
            }
            if tag == self::tag(hash) {
                let entry = &self.entries[entry as usize];
                if entry.scope == scope && *entry.text == *text {
                    return Some(entry.number);
                }
            }
            at = (at + 1) & (self.buckets.len() - 1);
        }
    }

    /// The number of a text, which is given that one if it has none.
    pub(super) fn intern(&mut self, scope: u32, text: &[u8], number: u32) -> u32 {
        if let Some(known) = self.get(scope, text) {
            return known;
        }
        self.entries.push(Entry { scope, number, text: text.into() });
        if self.entries.len() * 2 > self.buckets.len() {
            self.buckets = vec![EMPTY; (self.entries.len() * 4).next_power_of_two()];
            (0..self.entries.len()).for_each(|entry| self.place(entry));
        } else {
            self.place(self.entries.len() - 1);
        }
        number
    }

    fn place(&mut self, entry: usize) {
        let hash = hash(self.entries[entry].scope, &self.entries[entry].text);
        let mut at = self.first(hash);
        while self.buckets[at].entry != EMPTY.entry {
            at = (at + 1) & (self.buckets.len() - 1);
        }
        self.buckets[at] = Bucket { tag: tag(hash), entry: entry as u32 };
    }

    #[inline]
    fn first(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.buckets.len() - 1)
    }
}

#[inline]
fn tag(hash: u64) -> u32 {
    hash as u32
}

#[inline]
fn hash(scope: u32, text: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(ODD);
    let mut hash = mixed(u64::from(scope), text.len() as u64);
    if let Some(last) = text.last_chunk::<8>() {
        for word in text.as_chunks::<8>().0 {
            hash = mixed(hash, u64::from_le_bytes(*word));
        }
        hash = mixed(hash, u64::from_le_bytes(*last));
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        hash =
            mixed(hash, u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)));
    } else {
        hash = text.iter().fold(hash, |hash, byte| mixed(hash, u64::from(*byte)));
    }
    hash ^ hash >> 29
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_the_number_that_it_was_given_first() {
        let mut texts = Texts::default();
        let text = |index: u32| "x".repeat(index as usize % 40) + &index.to_string();
        assert_eq!(texts.get(0, b"x"), None);
        for index in 0..2_000 {
            assert_eq!(texts.intern(index % 3, text(index).as_bytes(), index), index);
            assert_eq!(texts.intern(index % 3, text(index).as_bytes(), 9_999), index);
        }
        for index in 0..2_000 {
            assert_eq!(texts.get(index % 3, text(index).as_bytes()), Some(index));
            assert_eq!(texts.get(index % 3 + 3, text(index).as_bytes()), None);
        }
        assert_eq!(texts.get(0, b""), None);
    }
}
