//! What the proxy knows and counts, behind one lock.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::counts::{Consumed, Counts};
use super::faults::Faults;
use super::item::{ItemKey, size, write_units};
use super::refusal::Full;
use super::table::Table;
use super::throttle::Buckets;
use super::write::{Action, Image, Write};
use crate::storm::random::Random;

pub(super) struct State {
    pub(super) faults: Faults,
    dice: Random,
    pub(super) tables: HashMap<String, Table>,
    pub(super) buckets: Buckets,
    pub(super) counts: Counts,
    pub(super) tokens: Tokens,
}

/// The tokens of transactions.
#[derive(Default)]
pub(super) struct Tokens {
    pub(super) doing: HashSet<String>,
    pub(super) done: HashSet<String>,
}

impl State {
    pub(super) fn new(faults: Faults) -> Self {
        let dice = Random::new(faults.seed);
        let (tables, buckets, counts, tokens) = Default::default();
        Self { faults, dice, tables, buckets, counts, tokens }
    }

    pub(super) fn switch(&mut self, faults: Faults) {
        self.dice = Random::new(faults.seed);
        self.buckets = Buckets::default();
        self.faults = faults;
    }

    /// Any time between these.
    pub(super) fn between(&mut self, [least, most]: [Duration; 2]) -> Duration {
        let micros = most.saturating_sub(least).as_micros() as u64;
        least + Duration::from_micros(self.dice.below(micros + 1))
    }

    /// So many times in a hundred.
    pub(super) fn falls(&mut self, percent: u64) -> bool {
        percent > 0 && self.dice.below(100) < percent
    }

    /// The items that the writes are about; none where one is in no table that is known, or has no key.
    pub(super) fn keys(&self, writes: &[Write]) -> Option<Vec<ItemKey>> {
        writes.iter().map(|write| self.tables.get(&write.table)?.key(write.about()?)).collect()
    }

    pub(super) fn images(&self, writes: &[Write], keys: &[ItemKey]) -> Vec<Image> {
        let before = |key: &ItemKey| self.tables.get(&key.table)?.item(key).cloned();
        writes.iter().zip(keys).map(|(write, key)| write.image(key.clone(), before(key))).collect()
    }

    /// For each whether there is no room for it, in the table or in an index that it changes.
    pub(super) fn no_room(&mut self, images: &[Image]) -> Vec<Option<Full>> {
        let Some(rate) = self.faults.partition.map(|rate| rate.written) else {
            return vec![None; images.len()];
        };
        let Self { tables, buckets, .. } = self;
        let full = images.iter().map(|Image { key, before, after, .. }| {
            let table = tables.get(&key.table)?;
            if !buckets.has_room(&table.arn, &key.partition, rate) {
                let reason = "TableWriteKeyRangeThroughputExceeded";
                return Some(Full { reason, arn: table.arn.clone() });
            }
            let mut changes = table.index_changes(before.as_ref(), after.as_ref()).into_iter();
            let change = changes.find(|change| !buckets.has_room(&change.arn, &change.partition, rate))?;
            Some(Full { reason: "IndexWriteKeyRangeThroughputExceeded", arn: change.arn })
        });
        full.collect()
    }

    /// What was written is there from now on, and paid for.
    pub(super) fn written(&mut self, writes: &[Write], images: Vec<Image>, factor: f64) {
        for (write, image) in writes.iter().zip(images) {
            self.pay(&image, factor);
            let lag = self.faults.index_lag;
            let shown_at = Instant::now() + self.between([Duration::ZERO, lag]);
            let Image { key, after, .. } = image;
            if write.action != Action::Check
                && let Some(table) = self.tables.get_mut(&key.table)
            {
                table.put(&key, after, shown_at);
            }
        }
    }

    /// What was refused for a condition is paid for as well.
    pub(super) fn refused(&mut self, images: Vec<Image>, factor: f64) {
        for Image { key, before, .. } in images {
            let after = before.clone();
            self.pay(&Image { key, before, after, is_sure: true }, factor);
        }
    }

    fn pay(&mut self, Image { key, before, after, .. }: &Image, factor: f64) {
        let Some(table) = self.tables.get(&key.table) else { return };
        let largest = [before, after].into_iter().flatten().map(size).max().unwrap_or_default();
        let units = factor * write_units(largest);
        let changes = table.index_changes(before.as_ref(), after.as_ref());
        let indexes = changes.iter().map(|change| change.units).sum();
        self.counts.units.add(&Consumed { read: 0.0, table: units, indexes });
        self.counts.wrote(None, &key.partition, units);
        for change in &changes {
            self.counts.wrote(change.arn.rsplit('/').next(), &change.partition, change.units);
        }
        if let Some(rate) = self.faults.partition.map(|rate| rate.written) {
            self.buckets.takes(&table.arn, &key.partition, (units, rate));
            for change in changes {
                self.buckets.takes(&change.arn, &change.partition, (change.units, rate));
            }
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("State")
            .field("faults", &self.faults)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
