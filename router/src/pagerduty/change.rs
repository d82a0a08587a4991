//! A change that somebody made in PagerDuty, and what comes of hearing it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::ids::{ChannelName, EventId, IncidentKey, Own};
use watchfire_core::text::clean;
use watchfire_core::word;

/// A change that somebody made to an alert of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// As a command.
    pub command: Command,
    /// The incident it is about.
    pub incident: IncidentKey,
    /// The episode that the alert stands for.
    pub episode: u32,
}

/// What came of something that PagerDuty told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "HeardWord")]
pub enum Heard {
    /// It was decided, and is in the journal.
    Decided,
    /// It was heard before: nothing was done.
    Repeat,
    /// A test of the connection.
    Ping,
    /// A kind of event that asks nothing of us.
    Unconcerned,
    /// About an incident that another made.
    NotOurs,
    /// About an incident like ours that is not in the store.
    Unknown,
    /// About an episode that is over, or not yet.
    OtherEpisode,
    /// What Watchfire told PagerDuty itself.
    Echo,
}

impl Heard {
    /// The word in metrics and answers.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

/// What a change is made of, told by a webhook or found by asking.
pub(super) struct Origin<'o> {
    /// What tells this change from all others, without `pagerduty:`.
    pub(super) id: &'o str,
    pub(super) by: &'o Value,
    pub(super) reason: String,
    pub(super) via: Option<&'o ChannelName>,
    pub(super) of: (&'o IncidentKey, u32),
}

impl Origin<'_> {
    pub(super) fn change(self, wish: CommandKind) -> Change {
        let Origin { id, by, reason, via, of: (incident, episode) } = self;
        let command = Command {
            id: EventId::own(Own::PagerDuty(id)),
            by: named([by]),
            reason: clean(&reason, 200),
            via: via.cloned(),
            episode: Some(episode),
            plan: None,
            caller: None,
            from: None,
            wish,
        };
        Change { command, incident: incident.clone(), episode }
    }
}

/// `pagerduty: Jane, Ken`; it cannot be mistaken for a name of our own, such as a channel's.
pub(super) fn named<'v>(references: impl IntoIterator<Item = &'v Value>) -> String {
    let names = references.into_iter().map(|reference| clean(text(reference, "/summary"), 80));
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    match names.is_empty() {
        true => "pagerduty".to_owned(),
        false => clean(&format!("pagerduty: {}", names.join(", ")), 100),
    }
}

/// Whether it came by the integration that we send events to, and not from a person or from PagerDuty's clock.
pub(super) fn is_integration(agent: &Value) -> bool {
    let kind = text(agent, "/type");
    kind == "service_reference" || kind.ends_with("inbound_integration_reference")
}

/// The text at that place, or nothing: PagerDuty leaves out, and adds, what it likes.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
