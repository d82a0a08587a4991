//! What is in a store, by kind: how many rows, and a sum over them in which their order does not count.
//!
//! A file and a table that hold the same have the same, wherever each keeps it.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

/// The rows of each kind, as a file calls it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums(BTreeMap<&'static str, Sum>);

/// The rows of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    /// Of each row's SHA-256 all together, bit by bit.
    sum: [u8; 32],
}

impl Sums {
    /// What is counted by nothing else: the file's own numbers, and its queue, which a table has not.
    const NOT_COUNTED: [&str; 3] = ["meta", "spool", "express"];

    pub(super) fn add(&mut self, kind: &'static str, key: &[u8], value: &[u8]) {
        if Self::NOT_COUNTED.contains(&kind) {
            return;
        }
        let mut digest = Context::new(&SHA256);
        digest.update(&(key.len() as u64).to_le_bytes());
        digest.update(key);
        digest.update(value);
        let Sum { rows, sum } = self.0.entry(kind).or_default();
        *rows += 1;
        sum.iter_mut().zip(digest.finish().as_ref()).for_each(|(sum, of_row)| *sum ^= of_row);
    }

    /// Each kind by its name.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&'static str, Sum)> {
        self.0.iter().map(|(kind, sum)| (*kind, *sum))
    }

    /// All rows.
    pub(crate) fn rows(&self) -> u64 {
        self.0.values().map(|sum| sum.rows).sum()
    }

    /// The kinds that another has otherwise.
    pub(crate) fn different(&self, other: &Sums) -> Vec<&'static str> {
        let all: std::collections::BTreeSet<_> = self.0.keys().chain(other.0.keys()).copied().collect();
        all.into_iter().filter(|kind| self.0.get(kind) != other.0.get(kind)).collect()
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sum.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(rows: &[(&'static str, &str, &str)]) -> Sums {
        let mut sums = Sums::default();
        rows.iter().for_each(|(kind, key, value)| sums.add(kind, key.as_bytes(), value.as_bytes()));
        sums
    }

    #[test]
    fn the_same_rows_have_the_same_sum_in_any_order_and_no_others() {
        let [a, b] = [("records", "a", "1"), ("records", "b", "2")];
        assert_eq!(sums(&[a, b]), sums(&[b, a]));
        for other in [&[a][..], &[a, a], &[a, ("records", "b", "3")], &[a, ("records", "b2", "")]] {
            assert_eq!(sums(&[a, b]).different(&sums(other)), ["records"], "{other:?}");
        }
        assert_eq!(sums(&[a, ("open", "a", "")]).different(&sums(&[a])), ["open"]);
        assert_eq!(sums(&[a, ("meta", "schema", "5"), ("spool", "1", "x")]), sums(&[a]));
    }
}
