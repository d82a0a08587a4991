//! The tools that change nothing.

mod decisions;
mod health;
mod incidents;
mod reports;
mod rules;
mod silences;

pub(super) use decisions::{DecisionPage, SearchAsked, search_events, why};
pub(super) use health::{HealthAsked, HealthTold, health};
pub(super) use incidents::{
    ContextTold, IncidentPage, IncidentTold, ListAsked, cluster_context, get_incident, list_incidents,
};
pub(super) use reports::{Draft, DraftAsked, draft_postmortem};
pub(super) use rules::{EventAsked, RuleAsked, RuleTold, Simulated, explain_rule, simulate_event};
pub(super) use silences::{Matcher, SilenceAsked, SilenceTold, pattern, silence_preview};

use schemars::JsonSchema;
use serde::Deserialize;

use super::desk::Asking;
use super::told::{Cursor, Trouble};
use crate::api::OperatorEndpoint;
use crate::api::params;
use crate::api::views::IncidentDetail;

/// About what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    /// An incident's id, or as much of it as no other has, or an event's or finding's.
    #[schemars(length(max = 300))]
    pub(super) id: String,
}

/// The same, in pages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfInPages {
    /// An incident's id, or as much of it as no other has, or an event's or finding's.
    #[schemars(length(max = 300))]
    pub(super) id: String,
    /// Where to go on, as the answer before said it.
    #[serde(default)]
    pub(super) cursor: Cursor,
}

/// All that is known by a name.
pub(super) async fn story(asking: Asking<'_>, id: &str) -> Result<IncidentDetail, Trouble> {
    if id.trim().is_empty() || id.len() > 1_200 {
        return Err(Trouble::because("expected an id: an incident's, an event's or a finding's"));
    }
    asking.look(OperatorEndpoint::Story, &params::Of { of: id.to_owned() }).await
}
