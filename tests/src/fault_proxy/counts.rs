//! What has passed: how often, what was refused, and what it takes of the table's capacity.

use std::collections::BTreeMap;

/// What was asked and answered so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Requests by operation, whatever became of them.
    pub requests: BTreeMap<String, u64>,
    /// Refused requests by the error's name; cancelled transactions by the codes of their reasons, each code once a
    /// transaction.
    pub refusals: BTreeMap<String, u64>,
    /// Answers that were lost.
    pub lost: u64,
    /// What was taken.
    pub units: Consumed,
    /// The write units of it, by the partition that wrote them: `E#3` of the table, `due D#3` of an index.
    pub partitions: BTreeMap<String, f64>,
}

/// Capacity by AWS's rules: write units of a kilobyte, twice in a transaction, and read units of four, halves where it
/// need not be the latest. What a condition refuses is paid for by the item that is there, what meets a transaction
/// is not paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Consumed {
    /// Read units.
    pub read: f64,
    /// Write units of the table.
    pub table: f64,
    /// Write units of its indexes.
    pub indexes: f64,
}

impl Counts {
    /// How many requests of that operation there were.
    pub fn requests(&self, operation: &str) -> u64 {
        self.requests.get(operation).copied().unwrap_or_default()
    }

    /// How often that was the reason.
    pub fn refusals(&self, code: &str) -> u64 {
        self.refusals.get(code).copied().unwrap_or_default()
    }

    pub(super) fn asked(&mut self, operation: &str) {
        *self.requests.entry(operation.to_owned()).or_default() += 1;
    }

    /// A partition of the table, or of that index, has written so much; the partition as a request names it.
    pub(super) fn wrote(&mut self, index: Option<&str>, partition: &str, units: f64) {
        let key: BTreeMap<String, String> = serde_json::from_str(partition).unwrap_or_default();
        let key = key.into_values().next().unwrap_or_else(|| partition.to_owned());
        let name = index.map_or(key.clone(), |index| format!("{index} {key}"));
        *self.partitions.entry(name).or_default() += units;
    }

    pub(super) fn refused(&mut self, code: &str) {
        *self.refusals.entry(code.to_owned()).or_default() += 1;
    }
}

impl Consumed {
    /// All write units.
    pub fn written(&self) -> f64 {
        self.table + self.indexes
    }

    /// What was taken since.
    pub fn since(&self, before: &Self) -> Self {
        let Self { read, table, indexes } = *self;
        Self { read: read - before.read, table: table - before.table, indexes: indexes - before.indexes }
    }

    pub(super) fn add(&mut self, more: &Self) {
        let Self { read, table, indexes } = *more;
        self.read += read;
        self.table += table;
        self.indexes += indexes;
    }
}
