//! What is remembered between events: findings and incidents, each a versioned record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::containment::{ApprovalId, ApprovalRecord, BudgetRecord, SwitchRecord, TargetKey, TargetRecord};
use crate::event::{Band, Finding, FindingState};
use crate::ids::{ChannelName, EffectId, EventId, FindingKey, IncidentKey};
use crate::priority::Priority;

/// Where a record is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A finding's record.
    Finding(FindingKey),
    /// An incident's record.
    Incident(IncidentKey),
    /// What was done to a target.
    Target(TargetKey),
    /// A plan that waits for a human.
    Approval(ApprovalId),
    /// How much of the containment budget is spent.
    Budget,
    /// Whether mitigation is switched off.
    Switch,
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Finding(key) => write!(out, "finding/{key}"),
            Key::Incident(key) => write!(out, "incident/{key}"),
            Key::Target(key) => write!(out, "target/{key}"),
            Key::Approval(id) => write!(out, "approval/{id}"),
            Key::Budget => out.write_str("budget"),
            Key::Switch => out.write_str("switch"),
        }
    }
}

/// A record's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Under [`Key::Finding`].
    Finding(FindingRecord),
    /// Under [`Key::Incident`].
    Incident(IncidentRecord),
    /// Under [`Key::Target`].
    Target(TargetRecord),
    /// Under [`Key::Approval`].
    Approval(Box<ApprovalRecord>),
    /// Under [`Key::Budget`].
    Budget(BudgetRecord),
    /// Under [`Key::Switch`].
    Switch(SwitchRecord),
}

/// What is known of one finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// The incident it belongs to.
    pub incident: IncidentKey,
    /// As last reported.
    pub state: FindingState,
    /// The newest report's own time.
    pub updated_at: Option<Timestamp>,
    /// The highest count reported.
    pub count: u64,
    /// When the record last changed.
    pub seen_at: Timestamp,
}

/// One ongoing problem with one subject; after it is closed the next event opens the next episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// 1 for the first.
    pub episode: u32,
    /// Open, or closed and remembered.
    pub open: bool,
    /// The highest priority of this episode.
    pub priority: Priority,
    /// The highest severity band of this episode.
    pub band: Option<Band>,
    /// When this episode began.
    pub opened_at: Timestamp,
    /// When it was last paged or put in the digest.
    pub said_at: Timestamp,
    /// Events in this episode.
    pub events: u64,
    /// The findings that keep it open, at most [`IncidentRecord::MOST_FINDINGS`] of them by key.
    pub findings: BTreeSet<FindingKey>,
    /// How many more there are; such an incident is not closed by closing findings one by one.
    pub more_findings: u64,
    /// By which effects, and over which channel, this episode was paged.
    pub paged: BTreeMap<ChannelName, Vec<(EventId, EffectId)>>,
    /// What was done something to on its account, in this and earlier episodes.
    #[serde(default)]
    pub targets: BTreeSet<TargetKey>,
}

impl IncidentRecord {
    /// More findings than this are counted, not listed.
    pub const MOST_FINDINGS: usize = 256;
    /// More pages per channel than this are forgotten, oldest first.
    pub const MOST_PAGES: usize = 8;

    /// The episode after the previous one, in which nothing has been seen yet.
    pub(crate) fn begun(
        previous: Option<&IncidentRecord>,
        priority: Priority,
        band: Option<Band>,
        now: Timestamp,
    ) -> Self {
        Self {
            episode: previous.map_or(1, |previous| previous.episode + 1),
            open: true,
            priority,
            band,
            opened_at: now,
            said_at: now,
            events: 0,
            findings: BTreeSet::new(),
            more_findings: 0,
            paged: BTreeMap::new(),
            targets: previous.map(|previous| previous.targets.clone()).unwrap_or_default(),
        }
    }

    /// One more event; priority and severity only rise, and an open finding keeps the incident open.
    pub(crate) fn seen(&mut self, priority: Priority, band: Option<Band>, finding: Option<&Finding>) {
        self.events += 1;
        self.priority = self.priority.min(priority);
        self.band = self.band.max(band);
        let Some(finding) = finding else { return };
        if self.findings.len() < Self::MOST_FINDINGS {
            self.findings.insert(finding.key.clone());
        } else if !self.findings.contains(&finding.key) {
            self.more_findings += 1;
        }
    }

    /// Remembers by which effect a channel was told.
    pub(crate) fn was_paged(&mut self, channel: &ChannelName, event: &EventId, effect: &EffectId) {
        let pages = self.paged.entry(channel.clone()).or_default();
        if pages.len() == Self::MOST_PAGES {
            pages.remove(0);
        }
        pages.push((event.clone(), effect.clone()));
    }
}

/// The records that a decision may read, each at the version it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    records: BTreeMap<Key, (u64, Option<Record>)>,
}

impl State {
    /// Puts a record as it was read; version 0 and `None` where there was none.
    pub fn insert(&mut self, key: Key, version: u64, record: Option<Record>) {
        self.records.insert(key, (version, record));
    }

    /// Whether the record was asked for.
    pub fn has_read(&self, key: &Key) -> bool {
        self.records.contains_key(key)
    }

    /// Every key that was read, with its version: what a commit must find unchanged.
    pub fn versions(&self) -> impl Iterator<Item = (&Key, u64)> {
        self.records.iter().map(|(key, (version, _))| (key, *version))
    }

    /// The finding's record, if it was read and there is one.
    pub fn finding(&self, key: &FindingKey) -> Option<&FindingRecord> {
        let Record::Finding(record) = self.record(&Key::Finding(key.clone()))? else { return None };
        Some(record)
    }

    /// The incident's record, if it was read and there is one.
    pub fn incident(&self, key: &IncidentKey) -> Option<&IncidentRecord> {
        let Record::Incident(record) = self.record(&Key::Incident(key.clone()))? else { return None };
        Some(record)
    }

    /// The target's record, if it was read and there is one.
    pub fn target(&self, key: &TargetKey) -> Option<&TargetRecord> {
        let Record::Target(record) = self.record(&Key::Target(key.clone()))? else { return None };
        Some(record)
    }

    /// The plan, if it was read and there is one.
    pub fn approval(&self, id: &ApprovalId) -> Option<&ApprovalRecord> {
        let Record::Approval(record) = self.record(&Key::Approval(id.clone()))? else { return None };
        Some(record)
    }

    /// The budget; none if it was not read, empty if nothing was spent yet.
    pub fn budget(&self) -> Option<BudgetRecord> {
        let (_, record) = self.records.get(&Key::Budget)?;
        let Some(record) = record else { return Some(BudgetRecord::default()) };
        let Record::Budget(record) = record else { return None };
        Some(record.clone())
    }

    /// The switch; none if it was not read, on if nobody has touched it.
    pub fn switch(&self) -> Option<SwitchRecord> {
        let (_, record) = self.records.get(&Key::Switch)?;
        let Some(record) = record else { return Some(SwitchRecord::default()) };
        let Record::Switch(record) = record else { return None };
        Some(record.clone())
    }

    fn record(&self, key: &Key) -> Option<&Record> {
        self.records.get(key)?.1.as_ref()
    }
}
