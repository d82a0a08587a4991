//! Answers of a word or a sentence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pagerduty;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Error {
    /// What is wrong, and what was expected, in a sentence.
    pub error: String,
    /// Of a name that may stand for several things: each by a name that stands for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Vec<String>>,
}

impl Error {
    /// Refused for that reason.
    pub(crate) fn because(error: impl Into<String>) -> Self {
        Self { error: error.into(), candidates: None }
    }
}

/// Events that are on a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// How many; the same text twice counts twice.
    pub accepted: usize,
}

/// What came of what PagerDuty told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heard {
    /// In a word.
    pub heard: pagerduty::Heard,
}
