//! A post-mortem that was signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::audit::AuditHead;
use watchfire_core::ids::IncidentKey;

/// The sum of an incident's post-mortem, as it stands in the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedReport {
    /// Whose.
    pub incident: IncidentKey,
    /// Which of its episodes.
    pub episode: u32,
    /// The SHA-256 of its facts, as the report itself has it at its end.
    pub sha256: String,
    /// The entry of the trail that says so, and that entry's sum.
    pub entry: AuditHead,
}
