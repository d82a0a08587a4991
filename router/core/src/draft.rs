//! What is being decided: every record is read and changed through it, and only it becomes a decision.
//!
//! It answers reads from its own edits first, then from the state as of now. Each edit says why it is made.

mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::act::Act;
use crate::attributes::Attributes;
use crate::decision::{Because, Cause, Decision, Edit, Effect, Withheld};
use crate::ids::{BundleKey, EventId, FindingKey, IncidentKey, LimitKey, RouteName, RuleName};
use crate::incident::IncidentRecord;
use crate::noise::{BundleRecord, PageDraft, Quota};
use crate::notice::Notice;
use crate::priority::Priority;
use crate::state::{Key, Merge, Record, State};
use crate::text::clean;
use crate::verdict::{Verdict, Why};

/// A decision in the making.
#[derive(Debug)]
pub struct Draft<'s> {
    state: &'s State,
    /// As they are by now.
    edits: State,
    decision: Decision,
}

/// What a decision is about.
#[derive(Clone, Debug)]
pub(crate) struct Matter {
    pub(crate) event: EventId,
    pub(crate) cause: Cause,
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) finding: Option<FindingKey>,
    pub(crate) subject: String,
    pub(crate) rule: RuleName,
    pub(crate) family: String,
    pub(crate) priority: Priority,
    pub(crate) incident: Option<IncidentKey>,
    pub(crate) face: Option<Attributes>,
}

impl<'s> Draft<'s> {
    /// How every draft begins: nobody hears of it, nothing is done, nothing is remembered.
    pub(crate) fn quiet(state: &'s State, matter: Matter, why: Why, now: Timestamp) -> Self {
        Self { state, edits: State::default(), decision: quiet(matter, why, now) }
    }

    /// The decision, with the last of each edit.
    pub(crate) fn build(self) -> Decision {
        let mut changes = self.edits.into_records();
        changes.retain(|key, _| self.decision.merges.iter().all(|(merged, _)| merged != key));
        Decision { changes, ..self.decision }
    }
}

/// Edits: each is seen by every later read.
impl Draft<'_> {
    pub(crate) fn put(&mut self, key: Key, record: Record, because: Because) {
        let called = called(&record);
        // What was merged into it is in the record.
        self.decision.merges.retain(|(merged, _)| *merged != key);
        self.edit(Edit { key, because, called }, record);
    }

    /// Changes what many change, whoever else does so.
    pub(crate) fn merge(&mut self, key: Key, merge: Merge, because: Because) {
        self.merged(key, merge, because, None);
    }

    /// Room in the limit of that is spent.
    pub(crate) fn spend(&mut self, limit: LimitKey, quota: Quota, of: &str) {
        self.merged(Key::Limit(limit), Merge::Spend(quota), Because::Spent, Some(clean(of, 100)));
    }

    fn merged(&mut self, key: Key, merge: Merge, because: Because, name: Option<String>) {
        let known = self.of(&key).record(&key);
        // None only where it would not have been decided so.
        let Some(record) = merge.on(known, self.now()) else { return };
        let changes = known != Some(&record);
        let is_merged = self.decision.merges.iter().any(|(merged, _)| *merged == key);
        if self.edits.has_read(&key) && !is_merged {
            return self.put(key, record, because);
        }
        // One that changes nothing by now may come to something else by the time it is committed.
        self.decision.merges.push((key.clone(), merge));
        if changes {
            let called = name.or_else(|| called(&record));
            self.edit(Edit { key, because, called }, record);
        }
    }

    pub(crate) fn put_incident(&mut self, key: &IncidentKey, record: IncidentRecord, because: Because) {
        self.put(Key::Incident(key.clone()), Record::Incident(record), because);
    }

    pub(crate) fn put_bundle(&mut self, key: &BundleKey, record: BundleRecord, because: Because) {
        self.put(Key::Bundle(key.clone()), Record::Bundle(Box::new(record)), because);
    }

    pub(crate) fn put_page_draft(&mut self, key: &IncidentKey, record: PageDraft) {
        self.put(Key::PageDraft(key.clone()), Record::PageDraft(Box::new(record)), Because::Composed);
    }

    fn edit(&mut self, edit: Edit, record: Record) {
        self.edits.insert(edit.key.clone(), 0, Some(record));
        let logged = &mut self.decision.edits;
        if logged.len() < Edit::MOST && !logged.contains(&edit) {
            logged.push(edit);
        }
    }
}

/// What is decided, apart from records.
impl Draft<'_> {
    pub(crate) fn now(&self) -> Timestamp {
        self.decision.at
    }

    pub(crate) fn verdict(&mut self, verdict: Verdict) {
        self.decision.verdict = verdict;
    }

    pub(crate) fn why(&mut self, why: Why) {
        self.decision.why = why;
    }

    pub(crate) fn priority(&mut self, priority: Priority) {
        self.decision.priority = priority;
    }

    pub(crate) fn belongs_to(&mut self, incident: &IncidentKey) {
        self.decision.incident = Some(incident.clone());
    }

    pub(crate) fn tell(&mut self, effects: impl IntoIterator<Item = Effect>) {
        self.decision.effects.extend(effects);
    }

    /// A page, if anybody is told; quiet otherwise.
    pub(crate) fn page(&mut self, effects: impl IntoIterator<Item = Effect>) {
        self.tell(effects);
        self.decision.verdict = if self.decision.effects.is_empty() { Verdict::Quiet } else { Verdict::Page };
    }

    pub(crate) fn act(&mut self, acts: impl IntoIterator<Item = Act>) {
        self.decision.acts.extend(acts);
    }

    /// What it does, and on whose account.
    pub(crate) fn acts(&self) -> &[Act] {
        &self.decision.acts
    }

    pub(crate) fn withhold(&mut self, withheld: impl IntoIterator<Item = Withheld>) {
        self.decision.withheld.extend(withheld);
    }

    /// Its pages, or its line in the digest, go by these routes.
    pub(crate) fn goes_by(&mut self, routes: &[RouteName]) {
        self.decision.routes = routes.to_vec();
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.decision.verdict == Verdict::Quiet
    }

    pub(crate) fn withheld(&self) -> &[Withheld] {
        &self.decision.withheld
    }

    /// The incident that it belongs to.
    pub(crate) fn own_incident(&self) -> Option<&IncidentKey> {
        self.decision.incident.as_ref()
    }

    /// Every notice that is told now, or from whose words a later one is made.
    pub(crate) fn notices(&mut self) -> impl Iterator<Item = &mut Notice> {
        let kept = self.edits.records_mut().filter_map(|record| match record {
            Record::PageDraft(page_draft) => Some(&mut page_draft.notice),
            Record::Approval(approval) => Some(&mut approval.notice),
            _ => None,
        });
        self.decision.effects.iter_mut().map(|effect| &mut effect.notice).chain(kept)
    }
}

/// What people call it, where its key is a hash or a UID.
fn called(record: &Record) -> Option<String> {
    match record {
        Record::Bundle(bundle) => Some(bundle.title.clone()),
        Record::Target(target) => Some(target.target.named()),
        Record::Triage(triage) => triage.texts.last().map(|text| clean(&text.clause(), 200)),
        Record::Finding(_)
        | Record::Incident(_)
        | Record::Annotations(_)
        | Record::TriageSpent(_)
        | Record::Approval(_)
        | Record::Budget(_)
        | Record::Switch(_)
        | Record::PageDraft(_)
        | Record::Silences(_)
        | Record::Inhibition(_)
        | Record::Limit(_)
        | Record::Tally(_)
        | Record::Storm(_)
        | Record::Digest(_)
        | Record::DigestLine(_)
        | Record::DigestEdition(_)
        | Record::DigestDays(_)
        | Record::DigestContents(_)
        | Record::Audit(_)
        | Record::AuditHead(_) => None,
    }
}

fn quiet(matter: Matter, why: Why, at: Timestamp) -> Decision {
    let Matter { event, cause, source, kind, finding, subject, rule, family, priority, incident, face } =
        matter;
    Decision {
        event,
        source,
        kind,
        finding,
        subject,
        at,
        rule,
        family,
        priority,
        verdict: Verdict::Quiet,
        why,
        incident,
        cause,
        routes: Vec::new(),
        effects: Vec::new(),
        acts: Vec::new(),
        withheld: Vec::new(),
        face,
        edits: Vec::new(),
        changes: BTreeMap::new(),
        merges: Vec::new(),
    }
}
