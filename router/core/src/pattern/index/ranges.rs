//! Ranges of numbers, sorted: those around a number are found without asking the others.

use super::Posting;

/// Ranges that include both of their ends; a posting's check tells more.
#[derive(Clone, Debug)]
pub(super) struct Ranges<N> {
    /// By their least number.
    ranges: Vec<Range<N>>,
}

#[derive(Clone, Copy, Debug)]
struct Range<N> {
    least: N,
    most: N,
    /// The greatest `most` in the part of the list of which this one is the middle.
    most_around: N,
    posting: Posting,
}

impl<N: Copy + PartialOrd> Ranges<N> {
    /// Least, greatest, and what is posted under it. No number is incomparable.
    pub(super) fn new(entries: Vec<(N, N, Posting)>) -> Self {
        let range = |(least, most, posting)| Range { least, most, most_around: most, posting };
        let mut ranges: Vec<Range<N>> = entries.into_iter().map(range).collect();
        ranges.sort_by(|one, other| one.least.partial_cmp(&other.least).unwrap_or(std::cmp::Ordering::Equal));
        around(&mut ranges);
        Ranges { ranges }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What is posted under each range around the number.
    pub(super) fn each(&self, number: N, posted: &mut impl FnMut(Posting)) {
        search(&self.ranges, number, posted);
    }
}

fn middle<N>(ranges: &[Range<N>]) -> usize {
    ranges.len() / 2
}

fn around<N: Copy + PartialOrd>(ranges: &mut [Range<N>]) -> Option<N> {
    let (before, rest) = ranges.split_at_mut(middle(ranges));
    let (range, behind) = rest.split_first_mut()?;
    for most in [around(before), around(behind)].into_iter().flatten() {
        if most > range.most_around {
            range.most_around = most;
        }
    }
    Some(range.most_around)
}

fn search<N: Copy + PartialOrd>(ranges: &[Range<N>], number: N, posted: &mut impl FnMut(Posting)) {
    let (before, rest) = ranges.split_at(middle(ranges));
    let Some((range, behind)) = rest.split_first() else { return };
    if range.most_around < number {
        return;
    }
    search(before, number, posted);
    if range.least <= number {
        if number <= range.most {
            posted(range.posting);
        }
        search(behind, number, posted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn exactly_the_ranges_around_a_number_are_found(
            ranges in prop::collection::vec((0_u8..20, 0_u8..20), 0..20), number in 0_u8..20,
        ) {
            let posting = |index: usize| Posting { condition: index as u32, check: None };
            let entries = ranges.iter().enumerate().map(|(index, (one, other))| (*one.min(other), *one.max(other), posting(index)));
            let mut found = Vec::new();
            Ranges::new(entries.collect()).each(number, &mut |posting| found.push(posting.condition as usize));
            found.sort_unstable();
            let around = |index: &usize| {
                let (one, other) = ranges[*index];
                (one.min(other)..=one.max(other)).contains(&number)
            };
            prop_assert_eq!(found, (0..ranges.len()).filter(around).collect::<Vec<_>>());
        }
    }
}
