//! Until when EKS supports which version of Kubernetes: a table of its date, with its source.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use super::Version;

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// Of which day it is.
    pub as_of: Date,
    /// Until when it is taken to know all versions.
    pub good_until: Date,
    /// Where it is from.
    pub source: String,
    /// When and beside what its rows were verified.
    pub verified: String,
    kubernetes: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    version: String,
    standard_until: Date,
    extended_until: Date,
}

/// How far a version is supported on a day. The days are AWS's, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supported {
    /// Until that day begins.
    Standard(Date),
    /// Until that day begins, at a price.
    Extended(Date),
    /// Not since that day: the control plane is updated by AWS, whenever that suits.
    No(Date),
    /// It is newer than the table.
    Newer,
    /// It is older than the table.
    Older,
}

static TABLE: LazyLock<Support> =
    LazyLock::new(|| serde_json::from_str(include_str!("support.json")).expect("a test reads it"));

impl Support {
    /// The table of this binary.
    pub fn table() -> &'static Self {
        &TABLE
    }

    pub(super) fn of(&self, version: Version, day: Date) -> Supported {
        let row = self.kubernetes.iter().find(|row| Version::of(&row.version) == Some(version));
        match row {
            // On its last day it is over already: that day begins with the price of the extended support.
            Some(row) if day < row.standard_until => Supported::Standard(row.standard_until),
            Some(row) if day < row.extended_until => Supported::Extended(row.extended_until),
            Some(row) => Supported::No(row.extended_until),
            None => {
                let newest = self.kubernetes.iter().filter_map(|row| Version::of(&row.version)).max();
                if newest.is_some_and(|newest| version > newest) {
                    Supported::Newer
                } else {
                    Supported::Older
                }
            }
        }
    }
}
