//! What operators are answered about who changed what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::audit::AuditHead;

/// Some of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditTrail {
    /// The newest entry there is.
    pub head: AuditHead,
    /// Entries, the oldest first.
    pub entries: Vec<AuditLine>,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditLine {
    /// Its number, from 1 on.
    pub number: u64,
    /// Its text, an `AuditEntry` as JSON, of which the next entry has the SHA-256; none where it is missing.
    pub line: Option<String>,
}
