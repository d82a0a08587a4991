//! Who is on call, as `/v1/oncall` says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::oncall::Known;

/// Who is on call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OnCallAnswer")]
pub struct OnCall {
    /// Where it is read; none where it is not configured, and then nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
}
