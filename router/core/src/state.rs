//! The records that decisions read and change, each under its key and at its version.

mod key;
mod merge;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::annotation::AnnotationsRecord;
use crate::audit::{AuditHead, AuditRecord};
use crate::budget::BudgetRecord;
use crate::containment::{ApprovalRecord, SwitchRecord, TargetKey, TargetRecord};
use crate::digest::{Contents, DigestDays, DigestLine, DigestRecord, EditionNumber, EditionRecord};
use crate::ids::{ApprovalId, BundleKey, FindingKey, IncidentKey, InhibitionKey, LimitKey, TallyKey};
use crate::incident::{FindingRecord, IncidentRecord};
use crate::noise::{BundleRecord, InhibitionRecord, LimitRecord, PageDraft, StormRecord, TallyRecord};
use crate::silence::Silences;
use crate::triage::{SpentRecord, TriageRecord};

pub use key::Key;
pub use merge::Merge;

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
    /// Under [`Key::Annotations`].
    Annotations(Box<AnnotationsRecord>),
    /// Under [`Key::Triage`].
    Triage(Box<TriageRecord>),
    /// Under [`Key::TriageSpent`].
    TriageSpent(Box<SpentRecord>),
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
    /// Under [`Key::Tally`].
    Tally(Box<TallyRecord>),
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
    /// Under [`Key::Audit`].
    Audit(Box<AuditRecord>),
    /// Under [`Key::AuditHead`].
    AuditHead(AuditHead),
}

impl Record {
    /// When something is due about it without any event: a tick then decides what. Stores keep this beside the record, and
    /// change it with the record only: where the same record comes to say another time, they have to be made anew.
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Record::Incident(record) => record.wake_at(),
            Record::Finding(record) => record.wake_at(),
            Record::Bundle(record) => record.due_at,
            Record::Digest(record) => record.due_at,
            Record::DigestEdition(record) => record.due_at,
            Record::Annotations(_)
            | Record::Triage(_)
            | Record::TriageSpent(_)
            | Record::Target(_)
            | Record::Approval(_)
            | Record::Budget(_)
            | Record::Switch(_)
            | Record::PageDraft(_)
            | Record::Silences(_)
            | Record::Inhibition(_)
            | Record::Limit(_)
            | Record::Tally(_)
            | Record::Storm(_)
            | Record::DigestLine(_)
            | Record::DigestDays(_)
            | Record::DigestContents(_)
            | Record::Audit(_)
            | Record::AuditHead(_) => None,
        }
    }

    /// Whether somebody may still have to do with it: an incident that is open, what was done and can be undone, a
    /// plan that nobody has answered. Stores find these without looking at all the others, and keep it as [`Record::wake_at`].
    pub fn is_open(&self) -> bool {
        match self {
            Record::Incident(incident) => incident.open,
            Record::Target(target) => !target.undo().is_empty(),
            Record::Approval(approval) => approval.answer.is_none(),
            Record::Finding(_)
            | Record::Annotations(_)
            | Record::Triage(_)
            | Record::TriageSpent(_)
            | Record::Budget(_)
            | Record::Switch(_)
            | Record::PageDraft(_)
            | Record::Silences(_)
            | Record::Inhibition(_)
            | Record::Bundle(_)
            | Record::Limit(_)
            | Record::Tally(_)
            | Record::Storm(_)
            | Record::Digest(_)
            | Record::DigestLine(_)
            | Record::DigestEdition(_)
            | Record::DigestDays(_)
            | Record::DigestContents(_)
            | Record::Audit(_)
            | Record::AuditHead(_) => false,
        }
    }
}

/// What the lines of an edition come to, gathered from those of these records that are its lines.
pub fn contents<'r>(
    edition: EditionNumber,
    records: impl IntoIterator<Item = (&'r Key, &'r Record)>,
) -> Record {
    let mut contents = Contents::default();
    for (key, record) in records {
        if let (Key::DigestLine(of, incident), Record::DigestLine(line)) = (key, record)
            && *of == edition
        {
            contents.add(incident.clone(), (**line).clone());
        }
    }
    Record::DigestContents(Box::new(contents))
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

    /// What models wrote about an incident, if that was read and there is any.
    pub fn triage(&self, key: &IncidentKey) -> Option<&TriageRecord> {
        let Record::Triage(record) = self.record(&Key::Triage(key.clone()))? else { return None };
        Some(record)
    }

    /// What models have used on the latest day.
    pub fn triage_spent(&self) -> Option<&SpentRecord> {
        let Record::TriageSpent(record) = self.record(&Key::TriageSpent)? else { return None };
        Some(record)
    }

    /// What people added to an incident, if it was read and there is something.
    pub fn annotations(&self, key: &IncidentKey) -> Option<&AnnotationsRecord> {
        let Record::Annotations(record) = self.record(&Key::Annotations(key.clone()))? else { return None };
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

    /// What a rule counts before anybody hears of it.
    pub fn tally(&self, key: &TallyKey) -> Option<&TallyRecord> {
        let Record::Tally(record) = self.record(&Key::Tally(key.clone()))? else { return None };
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

    /// The newest entry of the audit trail, as far as it was read.
    pub fn audit_head(&self) -> AuditHead {
        match self.record(&Key::AuditHead) {
            Some(Record::AuditHead(head)) => head.clone(),
            Some(_) | None => AuditHead::default(),
        }
    }

    /// The text of an entry of the audit trail, if it was read and there is one.
    pub fn audit(&self, number: u64) -> Option<&str> {
        let Record::Audit(record) = self.record(&Key::Audit(number))? else { return None };
        Some(&record.line)
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
