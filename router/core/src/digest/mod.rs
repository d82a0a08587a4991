//! The digest: editions, each a row per incident, said as one page when its time has come.
//!
//! ```text
//! digest             which edition is written, and when it is closed: read by whoever adds a line, seldom changed
//! digest-line/7/...  a line of edition 7: changed by what is decided about its incident, and by nothing else
//! digest-edition/7   that edition 7 is closed, and when it is said
//! digest-days        how many incidents each family had on the last days
//! ```
//!
//! So what goes to the digest is decided side by side, however much it is. Closing an edition changes the one record
//! that everyone who adds a line has read: whoever has not committed by then decides again, for the next edition.
//! Nothing is written into one that is closed, and it is read at leisure.

mod contents;
mod days;
mod line;
mod page;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::IncidentKey;

pub use contents::Contents;
pub use days::DigestDays;
pub use line::DigestLine;
pub use page::Edition;

/// More families than this are counted together, see [`OTHER`].
pub const MOST_FAMILIES: usize = 200;
/// What families beyond the most are counted under: no rule's family has a space in it.
pub const OTHER: &str = "other families";

/// Which edition it is, counted from the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EditionNumber(pub u64);

impl EditionNumber {
    /// The edition after it.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for EditionNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The edition that is written now.
///
/// The first version of Watchfire kept all lines and counts in this record. What it has left there is said with
/// the edition, and nothing is added to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DigestRecord {
    /// Which.
    pub edition: EditionNumber,
    /// Since when it is written.
    pub from: Timestamp,
    /// When it is to be closed; none as long as nothing is in it, or nobody is to get it.
    pub due_at: Option<Timestamp>,
    /// Of the first version: an incident each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<IncidentKey, DigestLine>,
    /// Of the first version: incidents beyond these.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: u64,
    /// Of the first version: incidents by family.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub families: BTreeMap<String, u64>,
    /// Of the first version: the same by day, sent or not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub days: BTreeMap<Date, BTreeMap<String, u64>>,
    /// Of the first version: the first day that was ever counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_from: Option<Date>,
}

/// An edition that is closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditionRecord {
    /// The record as it was while the edition was written.
    pub closed: DigestRecord,
    /// When it is to be said; none once it was.
    pub due_at: Option<Timestamp>,
}

impl DigestRecord {
    /// The first edition, which says nothing yet.
    pub fn new(now: Timestamp) -> Self {
        Self { from: now, ..Self::default() }
    }

    /// The edition after this one.
    pub fn next(&self, now: Timestamp) -> Self {
        Self { edition: self.edition.next(), ..Self::new(now) }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One more of a family, or so many.
fn count(families: &mut BTreeMap<String, u64>, family: &str, more: u64) {
    let is_full = families.len() >= MOST_FAMILIES && !families.contains_key(family);
    let name = if is_full { OTHER } else { family };
    *families.entry(name.to_owned()).or_default() += more;
}
