//! How soon a human has to respond.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::word;

/// The time a human has to respond; the smaller, the more urgent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, VariantArray,
)]
pub enum Priority {
    /// Within 15 minutes.
    P0,
    /// Within 1 hour.
    P1,
    /// Within 4 hours.
    P2,
    /// On the next business day.
    P3,
}

impl Priority {
    /// All four, the most urgent first.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// `P0`, `P1`, `P2` or `P3`.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }

    /// The time to respond, in words for a page.
    pub fn respond_within(self) -> &'static str {
        match self {
            Priority::P0 => "15 minutes",
            Priority::P1 => "1 hour",
            Priority::P2 => "4 hours",
            Priority::P3 => "next business day",
        }
    }

    /// Whether a page of this priority may wait for nothing and falls back when its channel fails.
    pub fn is_urgent(self) -> bool {
        self <= Priority::P1
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
