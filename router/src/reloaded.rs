//! That the configuration was read again: why, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What has a configuration read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A SIGHUP.
    Hangup,
    /// One of its files is another than it was.
    FileChanged,
    /// `POST /v1/reload`.
    Asked,
}

impl Cause {
    /// The words in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Hangup => "SIGHUP",
            Cause::FileChanged => "a file has changed",
            Cause::Asked => "an operator asked",
        }
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Reloaded {
    /// It is in force.
    Taken {
        /// The parts that are different now.
        changed: Vec<String>,
        /// What is different in the file, and stays as it was until the next start.
        needs_restart: Vec<String>,
        /// How many rules there are.
        rules: usize,
        /// How many channels there are.
        channels: usize,
    },
    /// Nothing is different.
    Unchanged,
    /// It is wrong, and what was in force stays.
    Refused {
        /// Every mistake.
        mistakes: Vec<String>,
    },
}
