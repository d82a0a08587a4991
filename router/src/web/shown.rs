//! Silences and incidents as `/v1/silences` and `/v1/incidents` say them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use watchfire_core::ids::{BundleKey, ChannelName, IncidentKey, SilenceId};
use watchfire_core::incident::IncidentRecord;
use watchfire_core::notice::ByWhom;
use watchfire_core::priority::Priority;
use watchfire_core::silence::Silence;
use watchfire_core::verdict::Why;

/// A silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SilenceShown {
    /// Its id.
    pub id: SilenceId,
    /// In force, to come or over.
    pub state: SilenceState,
    /// What it matches: an event pattern, as text.
    pub matches: String,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when, exclusive.
    pub ends_at: Timestamp,
    /// Who made it.
    pub by: String,
    /// Why.
    pub comment: String,
    /// The ticket or change it belongs to.
    pub ticket: Option<String>,
    /// Whether P0 is silenced, too.
    pub covers_p0: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who ended it before its time.
    pub expired_by: Option<String>,
    /// How many incidents it holds: they are said when it ends.
    pub holds: u64,
}

/// Where a silence is in its life; `amtool`'s words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceState {
    /// In force.
    Active,
    /// To come.
    Pending,
    /// Over; listed for a week.
    Expired,
}

impl SilenceState {
    /// The word on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            SilenceState::Active => "active",
            SilenceState::Pending => "pending",
            SilenceState::Expired => "expired",
        }
    }
}

impl SilenceShown {
    /// A silence as it is at `now`, with how many incidents it holds.
    pub(crate) fn of(silence: Silence, holds: u64, now: Timestamp) -> Self {
        let state = match (silence.starts_at <= now, now < silence.ends_at) {
            (_, false) => SilenceState::Expired,
            (true, true) => SilenceState::Active,
            (false, true) => SilenceState::Pending,
        };
        let Silence { id, matches, starts_at, ends_at, by, comment, ticket, covers_p0, made_at, expired_by } =
            silence;
        Self {
            id,
            state,
            matches,
            starts_at,
            ends_at,
            by,
            comment,
            ticket,
            covers_p0,
            made_at,
            expired_by,
            holds,
        }
    }
}

/// A list of incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentsShown {
    /// The newest first; at most 500, the most urgent.
    pub incidents: Vec<IncidentShown>,
    /// How many more there are.
    pub more: usize,
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentShown {
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
    pub held: Option<HeldShown>,
    /// The bundle that it waits in or was said in.
    pub bundle: Option<BundleKey>,
    /// The attack sequence that it belongs to.
    pub campaign: Option<IncidentKey>,
    /// Over which channels it was paged by itself.
    pub channels: BTreeSet<ChannelName>,
    /// Who or what ended it, unless its own findings did.
    pub ended: Option<ByWhom>,
}

/// What has become of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The word on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            IncidentState::Open => "open",
            IncidentState::Acked => "acked",
            IncidentState::Held => "held",
            IncidentState::Over => "over",
        }
    }
}

/// News that nobody was told yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldShown {
    /// What would have been said.
    pub news: Why,
    /// Why it was not.
    pub by: Why,
    /// The same in a sentence.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl IncidentShown {
    /// An incident as it is at `now`.
    pub(crate) fn of(key: IncidentKey, record: &IncidentRecord, now: Timestamp) -> Self {
        let held = record.held.as_ref().filter(|_| record.open);
        let state = match (record.open, held.is_some(), record.acknowledged.is_some()) {
            (false, _, _) => IncidentState::Over,
            (true, true, _) => IncidentState::Held,
            (true, false, true) => IncidentState::Acked,
            (true, false, false) => IncidentState::Open,
        };
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
            said_at: was_said.then_some(record.said_at),
            last_at: record.last_at,
            events: record.events,
            respond_by: record.respond_by,
            overdue: record.open && is_late && record.acknowledged.is_none(),
            acknowledged: record.acknowledged.clone(),
            assigned: record.assigned.clone(),
            escalation: record.escalation,
            held: held.map(|held| {
                let (news, by, reason, since) = (held.news, held.by, held.reason.clone(), held.since);
                HeldShown { news, by, reason, since }
            }),
            bundle: record.bundle.clone(),
            campaign: record.campaign.clone(),
            channels: record.paged.keys().cloned().collect(),
            ended: record.ended.clone(),
        }
    }
}
