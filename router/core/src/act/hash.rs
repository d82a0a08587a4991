//! A plan's hash: an approval is for exactly this and nothing else.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Step, Target};
use crate::hash::sha256;

/// SHA-256 over a target and steps, hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PlanHash(String);

impl PlanHash {
    /// The hash of a plan. The times in it are part of it.
    pub fn of(target: &Target, steps: &[Step]) -> Self {
        let text = serde_json::to_string(&(target, steps)).expect("texts, numbers and maps with text keys");
        Self(sha256(&text))
    }

    /// The first 12 digits, which is what a human sees.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
