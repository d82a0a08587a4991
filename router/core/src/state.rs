//! The records that decisions read and change, each under its key and at its version.

mod merge;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::budget::BudgetRecord;
use crate::containment::{ApprovalRecord, SwitchRecord, TargetKey, TargetRecord};
use crate::digest::{Contents, DigestDays, DigestLine, DigestRecord, EditionNumber, EditionRecord};
use crate::ids::{ApprovalId, BundleKey, FindingKey, IncidentKey, InhibitionKey, LimitKey};
use crate::incident::{FindingRecord, IncidentRecord};
use crate::noise::{BundleRecord, InhibitionRecord, LimitRecord, PageDraft, StormRecord};
use crate::silence::Silences;

pub use merge::Merge;

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
    /// What an incident's page says, for whoever pages it later.
    PageDraft(IncidentKey),
    /// All silences.
    Silences,
    /// Which open incidents cover others that have something in common with them.
    Inhibition(InhibitionKey),
    /// Incidents that are said as one.
    Bundle(BundleKey),
    /// How much room a limit has.
    Limit(LimitKey),
    /// When the latest came of what may become a storm.
    Storm(BundleKey),
    /// Which edition of the digest is written.
    Digest,
    /// What an edition of the digest says about an incident.
    DigestLine(EditionNumber, IncidentKey),
    /// That an edition of the digest is closed.
    DigestEdition(EditionNumber),
    /// How many incidents each family had on the last days.
    DigestDays,
    /// What the lines of a closed edition come to. Nothing is kept under it: it is gathered when it is read, and
    /// stays as it is, because nothing is written into an edition that is closed.
    DigestContents(EditionNumber),
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
            Key::PageDraft(key) => write!(out, "sayable/{key}"),
            Key::Silences => out.write_str("silences"),
            Key::Inhibition(key) => write!(out, "cover/{key}"),
            Key::Bundle(key) => write!(out, "bundle/{key}"),
            Key::Limit(key) => write!(out, "limit/{key}"),
            Key::Storm(key) => write!(out, "storm/{key}"),
            Key::Digest => out.write_str("digest"),
            Key::DigestLine(edition, incident) => write!(out, "{}{incident}", Key::digest_lines(*edition)),
            Key::DigestEdition(edition) => write!(out, "digest-edition/{edition}"),
            Key::DigestDays => out.write_str("digest-days"),
            Key::DigestContents(edition) => write!(out, "digest-contents/{edition}"),
        }
    }
}

impl Key {
    /// The key that is written so; none if there is no such key.
    pub fn parse(text: &str) -> Option<Key> {
        match text {
            "budget" => return Some(Key::Budget),
            "switch" => return Some(Key::Switch),
            "silences" => return Some(Key::Silences),
            "digest" => return Some(Key::Digest),
            "digest-days" => return Some(Key::DigestDays),
            _ => {}
        }
        let (kind, key) = text.split_once('/')?;
        Some(match kind {
            "finding" => Key::Finding(FindingKey::new(key)),
            "incident" => Key::Incident(IncidentKey::new(key)),
            "sayable" => Key::PageDraft(IncidentKey::new(key)),
            "cover" => Key::Inhibition(InhibitionKey::new(key)),
            "bundle" => Key::Bundle(BundleKey::new(key)),
            "limit" => Key::Limit(LimitKey::new(key)),
            "storm" => Key::Storm(BundleKey::new(key)),
            "approval" => Key::Approval(ApprovalId::new(key)),
            "target" => Key::Target(TargetKey::parse(key)?),
            "digest-line" => {
                let (edition, incident) = key.split_once('/')?;
                Key::DigestLine(EditionNumber(edition.parse().ok()?), IncidentKey::new(incident))
            }
            "digest-edition" => Key::DigestEdition(EditionNumber(key.parse().ok()?)),
            _ => return None,
        })
    }

    /// How the keys of all lines of an edition begin; the rest is the incident's.
    pub fn digest_lines(edition: EditionNumber) -> String {
        format!("digest-line/{edition}/")
    }
}

/// A record's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "the largest, an incident's, is the one that nearly every decision has"
)]
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
    /// Under [`Key::PageDraft`].
    #[serde(rename = "sayable")]
    PageDraft(Box<PageDraft>),
    /// Under [`Key::Silences`].
    Silences(Silences),
    /// Under [`Key::Inhibition`].
    #[serde(rename = "cover")]
    Inhibition(InhibitionRecord),
    /// Under [`Key::Bundle`].
    Bundle(Box<BundleRecord>),
    /// Under [`Key::Limit`].
    Limit(LimitRecord),
    /// Under [`Key::Storm`].
    Storm(StormRecord),
    /// Under [`Key::Digest`].
    Digest(Box<DigestRecord>),
    /// Under [`Key::DigestLine`].
    DigestLine(Box<DigestLine>),
    /// Under [`Key::DigestEdition`].
    DigestEdition(Box<EditionRecord>),
    /// Under [`Key::DigestDays`].
    DigestDays(DigestDays),
    /// Under [`Key::DigestContents`]; never written.
    #[serde(skip)]
    DigestContents(Box<Contents>),
}

impl Record {
    /// When something is due about it without any event: a tick then decides what.
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Record::Incident(record) => record.wake_at(),
            Record::Bundle(record) => record.due_at,
            Record::Digest(record) => record.due_at,
            Record::DigestEdition(record) => record.due_at,
            Record::Finding(_)
            | Record::Target(_)
            | Record::Approval(_)
            | Record::Budget(_)
            | Record::Switch(_)
            | Record::PageDraft(_)
            | Record::Silences(_)
            | Record::Inhibition(_)
            | Record::Limit(_)
            | Record::Storm(_)
            | Record::DigestLine(_)
            | Record::DigestDays(_)
            | Record::DigestContents(_) => None,
        }
    }
}

impl Record {
    /// Whether somebody may still have to do with it: an incident that is open, what was done and can be undone, a
    /// plan that nobody has answered. Stores find these without looking at all the others.
    pub fn is_open(&self) -> bool {
        match self {
            Record::Incident(incident) => incident.open,
            Record::Target(target) => !target.undo().is_empty(),
            Record::Approval(approval) => approval.answer.is_none(),
            Record::Finding(_)
            | Record::Budget(_)
            | Record::Switch(_)
            | Record::PageDraft(_)
            | Record::Silences(_)
            | Record::Inhibition(_)
            | Record::Bundle(_)
            | Record::Limit(_)
            | Record::Storm(_)
            | Record::Digest(_)
            | Record::DigestLine(_)
            | Record::DigestEdition(_)
            | Record::DigestDays(_)
            | Record::DigestContents(_) => false,
        }
    }
}

/// Records that have to be read before it can be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread(pub Vec<Key>);

/// The records that a decision may read, each at the version it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    records: BTreeMap<Key, Read>,
    /// What is not in it does not exist, rather than has not been read.
    is_whole: bool,
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    version: u64,
    /// When it was changed last; none where that is not known, and then it was not later than now.
    changed_at: Option<Timestamp>,
    record: Option<Record>,
}

impl State {
    /// One in which everything has been read, and nothing is there yet.
    pub fn whole() -> Self {
        Self { records: BTreeMap::new(), is_whole: true }
    }

    /// Puts a record as it was read; version 0 and `None` where there was none.
    pub fn insert(&mut self, key: Key, version: u64, record: Option<Record>) {
        self.records.insert(key, Read { version, changed_at: None, record });
    }

    /// The same of a record that a decision of that time changed last. What is decided about it looks at it as
    /// it is at its own time, however far ahead the clock was.
    pub fn insert_changed(&mut self, key: Key, version: u64, changed_at: Timestamp, record: Record) {
        let changed_at = Some(changed_at);
        self.records.insert(key, Read { version, changed_at, record: Some(record) });
    }

    /// The records that were changed later than that.
    pub(crate) fn changed_after(&self, now: Timestamp) -> impl Iterator<Item = &Key> {
        let changed = self.records.iter().filter(move |(_, read)| read.changed_at.is_some_and(|at| at > now));
        changed.map(|(key, _)| key)
    }

    /// Takes a record out, to put it back as it is to be.
    pub(crate) fn take(&mut self, key: &Key) -> Option<Record> {
        self.records.get_mut(key)?.record.take()
    }

    /// Puts back what was taken out.
    pub(crate) fn put_back(&mut self, key: &Key, record: Record) {
        if let Some(read) = self.records.get_mut(key) {
            read.record = Some(record);
        }
    }

    /// All records, to be changed in place.
    pub(crate) fn records_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.records.values_mut().filter_map(|read| read.record.as_mut())
    }

    /// All records that there are.
    pub(crate) fn into_records(self) -> BTreeMap<Key, Record> {
        self.records.into_iter().filter_map(|(key, read)| Some((key, read.record?))).collect()
    }

    /// Whether the record was asked for.
    pub fn has_read(&self, key: &Key) -> bool {
        self.is_whole || self.records.contains_key(key)
    }

    /// Every key that was read, with its version.
    pub fn versions(&self) -> impl Iterator<Item = (&Key, u64)> {
        let kept = self.records.iter().filter(|(key, _)| !matches!(key, Key::DigestContents(_)));
        kept.map(|(key, read)| (key, read.version))
    }

    /// The version at which a record was read; 0 where there is none.
    pub fn version(&self, key: &Key) -> u64 {
        self.records.get(key).map_or(0, |read| read.version)
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
        match self.record(&Key::Budget) {
            Some(Record::Budget(record)) => Some(record.clone()),
            Some(_) => None,
            None => self.has_read(&Key::Budget).then(BudgetRecord::default),
        }
    }

    /// The switch; none if it was not read, on if nobody has touched it.
    pub fn switch(&self) -> Option<SwitchRecord> {
        match self.record(&Key::Switch) {
            Some(Record::Switch(record)) => Some(record.clone()),
            Some(_) => None,
            None => self.has_read(&Key::Switch).then(SwitchRecord::default),
        }
    }

    /// What an incident's page says.
    pub fn page_draft(&self, key: &IncidentKey) -> Option<&PageDraft> {
        let Record::PageDraft(record) = self.record(&Key::PageDraft(key.clone()))? else { return None };
        Some(record)
    }

    /// All silences.
    pub fn silences(&self) -> Option<&Silences> {
        let Record::Silences(record) = self.record(&Key::Silences)? else { return None };
        Some(record)
    }

    /// Which open incidents cover others.
    pub fn cover(&self, key: &InhibitionKey) -> Option<&InhibitionRecord> {
        let Record::Inhibition(record) = self.record(&Key::Inhibition(key.clone()))? else { return None };
        Some(record)
    }

    /// Incidents that are said as one.
    pub fn bundle(&self, key: &BundleKey) -> Option<&BundleRecord> {
        let Record::Bundle(record) = self.record(&Key::Bundle(key.clone()))? else { return None };
        Some(record)
    }

    /// How much room a limit has.
    pub fn limit(&self, key: &LimitKey) -> Option<&LimitRecord> {
        let Record::Limit(record) = self.record(&Key::Limit(key.clone()))? else { return None };
        Some(record)
    }

    /// When the latest came of what may become a storm.
    pub fn storm(&self, key: &BundleKey) -> Option<&StormRecord> {
        let Record::Storm(record) = self.record(&Key::Storm(key.clone()))? else { return None };
        Some(record)
    }

    /// Which edition of the digest is written.
    pub fn digest(&self) -> Option<&DigestRecord> {
        let Record::Digest(record) = self.record(&Key::Digest)? else { return None };
        Some(record)
    }

    /// What an edition of the digest says about an incident.
    pub fn digest_line(&self, edition: EditionNumber, incident: &IncidentKey) -> Option<&DigestLine> {
        let key = Key::DigestLine(edition, incident.clone());
        let Record::DigestLine(record) = self.record(&key)? else { return None };
        Some(record)
    }

    /// An edition of the digest that is closed.
    pub fn edition(&self, edition: EditionNumber) -> Option<&EditionRecord> {
        let Record::DigestEdition(record) = self.record(&Key::DigestEdition(edition))? else { return None };
        Some(record)
    }

    /// How many incidents each family had on the last days.
    pub fn digest_days(&self) -> Option<&DigestDays> {
        let Record::DigestDays(record) = self.record(&Key::DigestDays)? else { return None };
        Some(record)
    }

    /// What the lines of a closed edition come to.
    pub fn contents(&self, edition: EditionNumber) -> Option<&Contents> {
        let Record::DigestContents(record) = self.record(&Key::DigestContents(edition))? else { return None };
        Some(record)
    }

    /// Asks for a record that may not have been read yet.
    pub(crate) fn need(&self, key: Key) -> Result<(), Unread> {
        if self.has_read(&key) { Ok(()) } else { Err(Unread(vec![key])) }
    }

    /// Asks for records that may not have been read yet.
    pub(crate) fn need_all(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), Unread> {
        let missing: Vec<_> = keys.into_iter().filter(|key| !self.has_read(key)).collect();
        if missing.is_empty() { Ok(()) } else { Err(Unread(missing)) }
    }

    /// The record, if it was read and there is one.
    pub fn record(&self, key: &Key) -> Option<&Record> {
        self.records.get(key)?.record.as_ref()
    }
}
