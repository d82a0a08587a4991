//! What a silence would cover. Its matchers are names and whole values: nothing in them is a pattern.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::attributes::matchers;
use watchfire_core::command::CommandKind;
use watchfire_core::silence::{SilenceDraft, SilenceEffect};

use super::incidents::IncidentRow;
use crate::api::OperatorEndpoint;
use crate::api::params;
use crate::api::views::IncidentList;
use crate::mcp::desk::{Asking, Mode};
use crate::mcp::told::{Cursor, Page, Trouble, theirs};

/// The most matchers of one silence.
const MOST_MATCHERS: usize = 10;

/// What has to be equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::mcp) struct Matcher {
    /// What silences look at: `rule`, `family`, `namespace`, `pod`, `node`, `cluster`, …
    #[schemars(length(max = 64))]
    pub(in crate::mcp) name: String,
    /// The whole value: letters, digits and `._:/@-+`. No wildcards.
    #[schemars(length(max = 300), regex(pattern = "^[A-Za-z0-9._:/@+-]+$"))]
    pub(in crate::mcp) value: String,
}

/// As an event pattern; every matcher has to hold.
pub(in crate::mcp) fn pattern(all: &[Matcher]) -> Result<String, Trouble> {
    if all.is_empty() || all.len() > MOST_MATCHERS {
        return Err(Trouble::because(format!("expected 1 to {MOST_MATCHERS} matchers")));
    }
    let mut typed = Vec::new();
    for Matcher { name, value } in all {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/@-+".contains(&byte);
        if value.is_empty() || value.len() > 300 || !value.bytes().all(is_sign) {
            return Err(Trouble::because("expected a whole value of letters, digits and `._:/@-+`"));
        }
        if !matchers::names().contains(&name.as_str()) {
            let known = matchers::names().join(", ");
            return Err(Trouble::because(format!(
                "`{}` is nothing that silences look at: {known}",
                theirs(name)
            )));
        }
        typed.push(format!("{name}={value}"));
    }
    let pattern = matchers::pattern(&typed).map_err(|mistakes| Trouble::because(mistakes.join("; ")))?;
    Ok(pattern.to_string())
}

/// A silence that might be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::mcp) struct SilenceAsked {
    /// All of them have to hold.
    #[schemars(length(min = 1, max = 10))]
    matchers: Vec<Matcher>,
    /// Where to go on with the incidents, as the answer before said it.
    #[serde(default)]
    cursor: Cursor,
}

/// What it would cover.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::mcp) struct SilenceTold {
    /// The open incidents that it would match.
    incidents: Vec<IncidentRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The events of the last day, how many of them it would have silenced, and how many of those are P0; none where whoever
    /// asks may not silence that.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_day: Option<SilenceEffect>,
}

pub(in crate::mcp) async fn silence_preview(
    asking: Asking<'_>,
    SilenceAsked { matchers, cursor }: SilenceAsked,
) -> Result<SilenceTold, Trouble> {
    let matches = pattern(&matchers)?;
    let asked = params::Incidents { matches: Some(matches.clone()), ..params::Incidents::default() };
    let list: IncidentList = asking.look(OperatorEndpoint::Incidents, &asked).await?;
    let rows = list.incidents.iter().map(IncidentRow::of).collect();
    let Page { rows: incidents, next_cursor } = Page::of(rows, &cursor)?;
    let draft = SilenceDraft {
        matches,
        starts_at: None,
        ends_at: Timestamp::now() + SignedDuration::from_hours(1),
        ticket: None,
        yes_cover_p0: true,
    };
    // Whoever may not silence is told of incidents alone.
    let rehearsed = asking.tell(CommandKind::Silence(draft), None, "a preview", Mode::Rehearsed).await.ok();
    Ok(SilenceTold { incidents, next_cursor, last_day: rehearsed.and_then(|rehearsed| rehearsed.effect) })
}
