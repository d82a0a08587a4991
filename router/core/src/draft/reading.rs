//! Reads of what is being decided: its own edits first, then the state.

use super::Draft;
use crate::annotation::AnnotationsRecord;
use crate::budget::BudgetRecord;
use crate::containment::{ApprovalRecord, SwitchRecord, TargetKey, TargetRecord};
use crate::digest::{Contents, DigestDays, DigestLine, DigestRecord, EditionNumber};
use crate::ids::{ApprovalId, BundleKey, FindingKey, IncidentKey, InhibitionKey, LimitKey, TallyKey};
use crate::incident::{FindingRecord, IncidentRecord};
use crate::noise::{BundleRecord, InhibitionRecord, LimitRecord, PageDraft, StormRecord, TallyRecord};
use crate::silence::Silences;
use crate::state::{Key, State, Unread};

impl Draft<'_> {
    /// Where a record stands as it is by now.
    pub(super) fn of(&self, key: &Key) -> &State {
        if self.edits.has_read(key) { &self.edits } else { self.state }
    }

    pub(crate) fn has_read(&self, key: &Key) -> bool {
        self.of(key).has_read(key)
    }

    /// Asks for a record that may not have been read yet.
    pub(crate) fn need(&self, key: Key) -> Result<(), Unread> {
        self.need_all([key])
    }

    /// Asks for records that may not have been read yet.
    pub(crate) fn need_all(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), Unread> {
        self.state.need_all(keys.into_iter().filter(|key| !self.edits.has_read(key)))
    }

    /// Asks for what a line of each of these in the digest depends on.
    pub(crate) fn need_digest<'i>(
        &self,
        incidents: impl IntoIterator<Item = &'i IncidentKey>,
    ) -> Result<(), Unread> {
        self.need(Key::Digest)?;
        let edition = self.digest().map_or(EditionNumber::default(), |record| record.edition);
        self.need_all(incidents.into_iter().map(|incident| Key::DigestLine(edition, incident.clone())))
    }

    pub(crate) fn finding(&self, key: &FindingKey) -> Option<&FindingRecord> {
        self.of(&Key::Finding(key.clone())).finding(key)
    }

    pub(crate) fn incident(&self, key: &IncidentKey) -> Option<&IncidentRecord> {
        self.of(&Key::Incident(key.clone())).incident(key)
    }

    pub(crate) fn target(&self, key: &TargetKey) -> Option<&TargetRecord> {
        self.of(&Key::Target(key.clone())).target(key)
    }

    pub(crate) fn approval(&self, id: &ApprovalId) -> Option<&ApprovalRecord> {
        self.of(&Key::Approval(id.clone())).approval(id)
    }

    /// The budget; none if it was not read, empty if nothing was spent yet.
    pub(crate) fn budget(&self) -> Option<BudgetRecord> {
        self.of(&Key::Budget).budget()
    }

    /// The switch; none if it was not read, on if nobody has touched it.
    pub(crate) fn switch(&self) -> Option<SwitchRecord> {
        self.of(&Key::Switch).switch()
    }

    pub(crate) fn annotations(&self, key: &IncidentKey) -> Option<&AnnotationsRecord> {
        self.of(&Key::Annotations(key.clone())).annotations(key)
    }

    pub(crate) fn page_draft(&self, key: &IncidentKey) -> Option<&PageDraft> {
        self.of(&Key::PageDraft(key.clone())).page_draft(key)
    }

    pub(crate) fn silences(&self) -> Option<&Silences> {
        self.of(&Key::Silences).silences()
    }

    pub(crate) fn cover(&self, key: &InhibitionKey) -> Option<&InhibitionRecord> {
        self.of(&Key::Inhibition(key.clone())).cover(key)
    }

    pub(crate) fn bundle(&self, key: &BundleKey) -> Option<&BundleRecord> {
        self.of(&Key::Bundle(key.clone())).bundle(key)
    }

    pub(crate) fn limit(&self, key: &LimitKey) -> Option<&LimitRecord> {
        self.of(&Key::Limit(key.clone())).limit(key)
    }

    pub(crate) fn tally(&self, key: &TallyKey) -> Option<&TallyRecord> {
        self.of(&Key::Tally(key.clone())).tally(key)
    }

    pub(crate) fn storm(&self, key: &BundleKey) -> Option<&StormRecord> {
        self.of(&Key::Storm(key.clone())).storm(key)
    }

    pub(crate) fn digest(&self) -> Option<&DigestRecord> {
        self.of(&Key::Digest).digest()
    }

    pub(crate) fn digest_line(&self, edition: EditionNumber, incident: &IncidentKey) -> Option<&DigestLine> {
        self.of(&Key::DigestLine(edition, incident.clone())).digest_line(edition, incident)
    }

    pub(crate) fn digest_days(&self) -> Option<&DigestDays> {
        self.of(&Key::DigestDays).digest_days()
    }

    pub(crate) fn contents(&self, edition: EditionNumber) -> Option<&Contents> {
        self.of(&Key::DigestContents(edition)).contents(edition)
    }
}
