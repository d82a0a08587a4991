//! What a model wrote about an incident, never without what it is and what the page rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::triage::Text;
use watchfire_core::zone::Zone;

/// What a model wrote about an incident, unverified. It has decided nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MachineText {
    /// As people are shown it, a line each: that a machine wrote it, what the page rests on, and then what it says.
    pub shown: Vec<String>,
    /// What it is made of.
    pub of: Text,
}

impl MachineText {
    pub(super) fn of(text: &Text, zone: &Zone) -> Self {
        Self { shown: text.lines(zone), of: text.clone() }
    }
}
