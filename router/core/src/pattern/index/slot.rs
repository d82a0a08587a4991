//! What is looked up under one path.

use std::net::IpAddr;

use super::affixes::Affixes;
use super::entries::{Entries, Kind, number, octets, scope};
use super::literals::Literals;
use super::ranges::Ranges;
use super::{Index, Posting, Postings};
use crate::pattern::cidr;
use crate::pattern::operator::Scalar;

/// What is looked up under a path, compiled.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    number: u32,
    /// Alternatives that are filed under this path being there at all.
    present: Box<[u32]>,
    texts: Option<Box<Texts>>,
    numbers: Option<Box<Numbers>>,
    words: Option<Box<Words>>,
}

#[derive(Clone, Debug)]
struct Texts {
    /// The shortest and the longest of those that are looked up whole.
    whole: Lengths,
    folded: Lengths,
    has_addresses: bool,
    prefixes: Affixes,
    folded_prefixes: Affixes,
    suffixes: Affixes,
    folded_suffixes: Affixes,
    v4: Ranges<u128>,
    v6: Ranges<u128>,
    literals: Option<Literals>,
    /// The place of the first literal among those of all paths.
    first_literal: usize,
}

#[derive(Clone, Copy, Debug)]
struct Lengths {
    least: usize,
    most: usize,
}

impl Lengths {
    fn holds(self, text: &[u8]) -> bool {
        (self.least..=self.most).contains(&text.len())
    }
}

#[derive(Clone, Debug)]
struct Numbers {
    ranges: Ranges<f64>,
}

#[derive(Clone, Debug)]
struct Words {
    null: Postings,
    truth: [Postings; 2],
}

/// Where what is looked for within texts notes that it was seen, the number of this value, and room to write in.
type Room<'r> = (&'r mut [u32], u32, &'r mut Vec<u8>);

impl Slot {
    pub(super) fn new(number: u32, mut entries: Entries, present: Vec<u32>, index: &mut Index) -> Self {
        entries.wildcards();
        let mut whole = Lengths { least: usize::MAX, most: 0 };
        let mut folded = whole;
        let (mut has_addresses, mut has_numbers, mut has_texts) = (false, false, false);
        let mut exact = std::collections::BTreeMap::<(u32, Vec<u8>), Vec<Posting>>::new();
        for (kind, text, posting) in entries.exact {
            let lengths = Lengths { least: text.len(), most: text.len() };
            let wider = |other: Lengths| Lengths {
                least: other.least.min(lengths.least),
                most: other.most.max(lengths.most),
            };
            match kind {
                Kind::Text => (has_texts, whole) = (true, wider(whole)),
                Kind::Folded => (has_texts, folded) = (true, wider(folded)),
                Kind::Address => (has_texts, has_addresses) = (true, true),
                Kind::Number | Kind::Spelling => has_numbers = true,
            }
            exact.entry((scope(number, kind), text)).or_default().push(posting);
        }
        for ((scope, text), postings) in exact {
            index.exact.intern(scope, &text, index.postings.len() as u32);
            index.postings.push(postings.into());
        }
        let first_literal = index.literals;
        let literals = Literals::new(entries.literals);
        index.literals += literals.as_ref().map_or(0, Literals::len);
        let texts = Texts {
            whole,
            folded,
            has_addresses,
            prefixes: Affixes::new(entries.prefixes),
            folded_prefixes: Affixes::new(entries.folded_prefixes),
            suffixes: Affixes::new(entries.suffixes),
            folded_suffixes: Affixes::new(entries.folded_suffixes),
            v4: Ranges::new(entries.v4),
            v6: Ranges::new(entries.v6),
            literals,
            first_literal,
        };
        let has_texts = has_texts || texts.asks();
        let numbers = Numbers { ranges: Ranges::new(entries.numbers) };
        let has_numbers = has_numbers || !numbers.ranges.is_empty();
        let words = Words { null: entries.null.into(), truth: entries.truth.map(Vec::into_boxed_slice) };
        let has_words = !words.null.is_empty() || words.truth.iter().any(|truth| !truth.is_empty());
        Slot {
            number,
            present: present.into(),
            texts: has_texts.then(|| Box::new(texts)),
            numbers: has_numbers.then(|| Box::new(numbers)),
            words: has_words.then(|| Box::new(words)),
        }
    }

    /// The alternatives that are filed under this path being there at all.
    #[inline]
    pub(super) fn present(&self) -> &[u32] {
        &self.present
    }

    /// Whether anything else is looked up.
    #[inline]
    pub(super) fn asks(&self) -> bool {
        self.texts.is_some() || self.numbers.is_some() || self.words.is_some()
    }

    /// What is posted under a value.
    #[inline]
    pub(super) fn each(
        &self,
        index: &Index,
        value: &Scalar<'_>,
        room: Room<'_>,
        posted: &mut impl FnMut(Posting),
    ) {
        match (value, &self.texts, &self.numbers, &self.words) {
            (Scalar::Text(text), Some(texts), _, _) => texts.each(index, self.number, text, room, posted),
            (Scalar::Number(text, value), _, Some(numbers), _) => {
                match value {
                    Some(value) => {
                        index.exactly(self.number, Kind::Number, &number(*value), posted);
                        numbers.ranges.each(*value, posted);
                    }
                    None => index.exactly(self.number, Kind::Spelling, text.as_bytes(), posted),
                };
            }
            (Scalar::Null, _, _, Some(words)) => words.null.iter().for_each(|posting| posted(*posting)),
            (Scalar::Bool(truth), _, _, Some(words)) => {
                words.truth[usize::from(*truth)].iter().for_each(|posting| posted(*posting));
            }
            (Scalar::Text(_) | Scalar::Number(..) | Scalar::Null | Scalar::Bool(_), ..) => {}
        }
    }
}

impl Texts {
    fn asks(&self) -> bool {
        let affixes = [&self.prefixes, &self.folded_prefixes, &self.suffixes, &self.folded_suffixes];
        let has_affixes = affixes.into_iter().any(|affixes| !affixes.is_empty());
        has_affixes || self.literals.is_some() || !self.v4.is_empty() || !self.v6.is_empty()
    }

    fn each(&self, index: &Index, slot: u32, text: &str, room: Room<'_>, posted: &mut impl FnMut(Posting)) {
        let (seen, stamp, room) = room;
        let bytes = text.as_bytes();
        if self.whole.holds(bytes) {
            index.exactly(slot, Kind::Text, bytes, posted);
        }
        if !self.prefixes.is_empty() {
            self.prefixes.each(bytes, &mut *posted);
        }
        if let Some(literals) = &self.literals {
            let seen = &mut seen[self.first_literal..][..literals.len()];
            literals.each(text, seen, stamp, posted);
        }
        self.ends(bytes, room, posted);
        if self.folded.holds(bytes) || !self.folded_prefixes.is_empty() {
            let most = self.folded.most.max(self.folded_prefixes.longest());
            room.clear();
            room.extend_from_slice(&bytes[..bytes.len().min(most)]);
            room.make_ascii_lowercase();
            if self.folded.holds(bytes) {
                index.exactly(slot, Kind::Folded, room, posted);
            }
            self.folded_prefixes.each(room, &mut *posted);
        }
        if self.has_addresses || !self.v4.is_empty() || !self.v6.is_empty() {
            let Some(address) = cidr::address(text) else { return };
            match address {
                IpAddr::V4(address) => self.v4.each(address.to_bits().into(), posted),
                IpAddr::V6(address) => self.v6.each(address.to_bits(), posted),
            }
            if self.has_addresses {
                index.exactly(slot, Kind::Address, &octets(address), posted);
            }
        }
    }

    fn ends(&self, bytes: &[u8], room: &mut Vec<u8>, posted: &mut impl FnMut(Posting)) {
        if self.suffixes.is_empty() && self.folded_suffixes.is_empty() {
            return;
        }
        let most = self.suffixes.longest().max(self.folded_suffixes.longest());
        room.clear();
        room.extend(bytes.iter().rev().take(most));
        self.suffixes.each(room, &mut *posted);
        room.make_ascii_lowercase();
        self.folded_suffixes.each(room, &mut *posted);
    }
}

impl Index {
    #[inline]
    fn exactly(&self, slot: u32, kind: Kind, text: &[u8], posted: &mut impl FnMut(Posting)) {
        if let Some(postings) = self.exact.get(scope(slot, kind), text) {
            self.postings[postings as usize].iter().for_each(|posting| posted(*posting));
        }
    }
}
