//! One event, as `/v1/event` says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::event::amiss;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::standing::Standing;

use super::Decision;

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// What was decided about it, and what became of that.
    pub decision: Decision,
    /// The envelope's source; empty where there is none.
    pub source: String,
    /// The incident that it belongs to; none where it belongs to none.
    pub incident: Option<IncidentKey>,
    /// Why its text is no event, or what of it could not be read as it stands, a line each. None where all was read.
    pub amiss: Vec<String>,
    /// The text as it was delivered.
    pub raw: String,
    /// SHA-256 of that text, hexadecimal.
    pub sha256: String,
    /// Other events whose senders call them the same, by their whole ids, the newest first; at most 20.
    pub others: Vec<EventId>,
}

impl Event {
    /// An event as the journal has it, and as its incident stands.
    pub(crate) fn of(entry: &Entry, standing: &Standing, others: Vec<EventId>) -> Self {
        Self {
            decision: Decision::of(entry, standing),
            source: entry.decision.source.clone(),
            incident: entry.decision.incident.clone(),
            amiss: amiss(&entry.raw),
            raw: entry.raw.clone(),
            sha256: entry.sha256.clone(),
            others,
        }
    }
}
