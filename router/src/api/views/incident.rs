//! Incidents, as `/v1/incidents` says them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::annotation::Labels;
use watchfire_core::ids::{BundleKey, ChannelName, IncidentKey, RouteName};
use watchfire_core::incident::IncidentRecord;
use watchfire_core::notice::ByWhom;
use watchfire_core::priority::Priority;
use watchfire_core::verdict::Why;
use watchfire_core::word;

/// A list of incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentList {
    /// The newest first; at most 500, the most urgent.
    pub incidents: Vec<Incident>,
    /// How many more there are.
    pub more: usize,
    /// How many of each priority there are, listed or not, whichever priority is asked for.
    #[serde(default)]
    pub by_priority: BTreeMap<Priority, usize>,
    /// Who is on call, in a clause; none where that is not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<String>,
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Its key.
    pub key: IncidentKey,
    /// The shortest beginning, of at least eight characters, that stands for it alone; only where it is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<String>,
    /// What has become of it.
    pub state: IncidentState,
    /// The highest of this episode.
    pub priority: Priority,
    /// What it is, in a line.
    pub title: String,
    /// What it is about, in a line.
    pub subject: String,
    /// The rule's family.
    pub family: String,
    /// 1 for the first.
    pub episode: u32,
    /// When the episode began.
    pub opened_at: Timestamp,
    /// When it was last said; none if nobody was told.
    pub said_at: Option<Timestamp>,
    /// When its last event came.
    pub last_at: Option<Timestamp>,
    /// How many events it has had in this episode.
    pub events: u64,
    /// The time to respond is over then.
    pub respond_by: Option<Timestamp>,
    /// Whether it is, and nobody has acknowledged it.
    pub overdue: bool,
    /// Who has it.
    pub acknowledged: Option<ByWhom>,
    /// Who is to have it, where someone said so.
    pub assigned: Option<String>,
    /// How many steps of the escalation chain were taken.
    pub escalation: u32,
    /// Why nobody was told of its news yet.
    pub held: Option<Suppressed>,
    /// The bundle that it waits in or was said in.
    pub bundle: Option<BundleKey>,
    /// The attack sequence that it belongs to.
    pub campaign: Option<IncidentKey>,
    /// Over which channels it was paged by itself.
    pub channels: BTreeSet<ChannelName>,
    /// Who or what ended it, unless its own findings did.
    pub ended: Option<ByWhom>,
    /// The routes that it last went by; none where there are no routes but the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteName>,
    /// What people sort it by.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// What has become of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Said, and nobody has it.
    Open,
    /// Somebody has it.
    Acked,
    /// Open, with news that nobody was told yet.
    Held,
    /// Over.
    Over,
}

impl IncidentState {
    /// What has become of it.
    pub(crate) fn of(record: &IncidentRecord) -> Self {
        match (record.open, record.untold().is_some(), record.acknowledged.is_some()) {
            (false, _, _) => IncidentState::Over,
            (true, true, _) => IncidentState::Held,
            (true, false, true) => IncidentState::Acked,
            (true, false, false) => IncidentState::Open,
        }
    }

    /// The word on screen.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

/// News that nobody was told yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suppressed {
    /// What would have been said.
    pub news: Why,
    /// Why it was not.
    pub by: Why,
    /// The same in a sentence.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl Incident {
    /// The least is the most urgent: by priority, then what is overdue, then what is due first; what somebody has comes
    /// after what nobody has, and what is over after all.
    pub(crate) fn urgency(&self) -> impl Ord + use<> {
        let due = self.respond_by.unwrap_or(Timestamp::MAX);
        (
            self.state == IncidentState::Over,
            self.priority,
            self.acknowledged.is_some(),
            !self.overdue,
            due,
            Reverse(self.opened_at),
        )
    }

    /// What it is about, without the cluster or account that it is in, which most have in common.
    pub(crate) fn place(&self) -> &str {
        place(&self.subject)
    }

    /// An incident as it is at `now`.
    pub(crate) fn of(key: IncidentKey, record: &IncidentRecord, now: Timestamp) -> Self {
        let held = record.untold().filter(|_| record.open);
        let state = IncidentState::of(record);
        let is_late = record.respond_by.is_some_and(|by| by <= now);
        let was_said = record.respond_by.is_some() || !record.paged.is_empty() || held.is_none();
        Self {
            key,
            short: None,
            state,
            priority: record.priority,
            title: record.title.clone(),
            subject: record.subject.clone(),
            family: record.family.clone(),
            episode: record.episode,
            opened_at: record.opened_at,
            said_at: was_said.then(|| record.last_said_at()),
            last_at: record.last_at,
            events: record.events,
            respond_by: record.respond_by,
            overdue: record.open && is_late && record.acknowledged.is_none(),
            acknowledged: record.acknowledged.clone(),
            assigned: record.assigned.clone(),
            escalation: record.escalation,
            held: held.map(|held| {
                let (news, by, reason, since) = (held.news, held.by, held.reason.clone(), held.since);
                Suppressed { news, by, reason, since }
            }),
            bundle: record.bundle.clone(),
            campaign: record.campaign.clone(),
            channels: record.paged.keys().cloned().collect(),
            ended: record.ended.clone(),
            routes: record.routes.clone(),
            labels: record.labels.clone(),
        }
    }
}

fn place(subject: &str) -> &str {
    // What is about no such part is a sentence, and has no cluster before it.
    let part =
        subject.split_once(' ').filter(|(_, part)| part.split(' ').next().is_some_and(|it| it.contains('/')));
    let place = part.map_or(subject, |(_, part)| part);
    place.strip_prefix("pods/").unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn where_it_is_loses_its_cluster_and_nothing_of_a_sentence() {
        let places =
            ["prod pods/shop/web-1", "111122223333 bucket/a b", "messages that cannot be read: mine", "prod"];
        assert_eq!(
            places.map(place),
            ["shop/web-1", "bucket/a b", "messages that cannot be read: mine", "prod"]
        );
    }
}
