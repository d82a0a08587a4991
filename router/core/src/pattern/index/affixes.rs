//! Beginnings of texts, sorted: all those that a text begins with are found by one search.

use super::{Posting, Postings};

/// Beginnings; or ends, where they and what is looked up are turned round.
#[derive(Clone, Debug, Default)]
pub(super) struct Affixes {
    /// Ascending.
    affixes: Vec<Affix>,
    longest: usize,
}

#[derive(Clone, Debug)]
struct Affix {
    text: Box<[u8]>,
    /// The longest other one that this one begins with.
    shorter: Option<u32>,
    postings: Postings,
}

impl Affixes {
    /// Each with what is posted under it.
    pub(super) fn new(entries: Vec<(Vec<u8>, Posting)>) -> Self {
        let mut affixes: Vec<Affix> = Vec::new();
        for (text, postings) in super::grouped(entries) {
            let mut shorter = affixes.len().checked_sub(1);
            while let Some(index) = shorter
                && !text.starts_with(&affixes[index].text)
            {
                shorter = affixes[index].shorter.map(|index| index as usize);
            }
            affixes.push(Affix { text: text.into(), shorter: shorter.map(|index| index as u32), postings });
        }
        let longest = affixes.iter().map(|affix| affix.text.len()).max().unwrap_or(0);
        Affixes { affixes, longest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.affixes.is_empty()
    }

    /// No more of a text than so many bytes is looked at.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// What is posted under each that the text begins with: they all lie on the way from the last that is not greater
    /// than the text to shorter ones.
    #[inline]
    pub(super) fn each(&self, text: &[u8], mut posted: impl FnMut(Posting)) {
        let behind = self.affixes.partition_point(|affix| *affix.text <= *text);
        let Some(last) = behind.checked_sub(1) else { return };
        let in_common =
            self.affixes[last].text.iter().zip(text).take_while(|(one, other)| one == other).count();
        let mut next = Some(last as u32);
        while let Some(index) = next {
            let affix = &self.affixes[index as usize];
            if affix.text.len() <= in_common {
                affix.postings.iter().for_each(|posting| posted(*posting));
            }
            next = affix.shorter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn exactly_the_beginnings_of_a_text_are_found(
            affixes in prop::collection::vec("[ab]{0,5}", 0..20), text in "[abc]{0,8}",
        ) {
            let posting = |index: usize| Posting { condition: index as u32, check: None };
            let entries = affixes.iter().enumerate();
            let compiled = Affixes::new(entries.map(|(index, text)| (text.clone().into_bytes(), posting(index))).collect());
            let mut found = Vec::new();
            compiled.each(text.as_bytes(), |posting| found.push(posting.condition as usize));
            found.sort_unstable();
            let expected: Vec<usize> = (0..affixes.len()).filter(|index| text.starts_with(&affixes[*index])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
