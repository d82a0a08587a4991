//! How well something is, in a colour.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::survey::Level;
use crate::word;

/// How well something is, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "HealthColour")]
pub enum Colour {
    /// There is none of it, or nobody to ask: nothing can be amiss with it.
    #[default]
    Unasked,
    /// As it should be.
    Green,
    /// Somebody should look at it today; or it may not be looked at.
    Yellow,
    /// Somebody should look at it now.
    Red,
}

impl Colour {
    /// The word in the report.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

impl From<Level> for Colour {
    fn from(level: Level) -> Self {
        match level {
            Level::Critical => Colour::Red,
            Level::Warning | Level::Info => Colour::Yellow,
        }
    }
}
