//! Pages fail open: what is done about an event when the store does not answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::event::Event;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record, State, Unread};
use watchfire_core::verdict::Verdict;

use super::Router;
use crate::failure::Nack;
use crate::store;

/// So many records are remembered; then all are forgotten and it begins anew.
const MOST: usize = 4_096;
/// So many of them are about what nobody is called for, as most events are; then these are forgotten, and no others.
const MOST_QUIET: usize = 1_024;

/// The records as this process last saw them: so that without a store an incident that is open keeps its
/// dedup key, and what was said is not said again with every redelivery.
#[derive(Default)]
pub(super) struct Remembered(Mutex<Records>);

#[derive(Default)]
struct Records {
    loud: BTreeMap<Key, (Timestamp, Record)>,
    /// What was only ever seen in a P3.
    quiet: BTreeMap<Key, (Timestamp, Record)>,
}

impl Records {
    fn get(&self, key: &Key) -> Option<&(Timestamp, Record)> {
        self.loud.get(key).or_else(|| self.quiet.get(key))
    }

    fn forget(&mut self, key: &Key) {
        self.loud.remove(key);
        self.quiet.remove(key);
    }

    fn put(&mut self, key: Key, at: Timestamp, record: Record, is_quiet: bool) {
        if is_quiet && !self.loud.contains_key(&key) {
            if self.quiet.len() >= MOST_QUIET && !self.quiet.contains_key(&key) {
                self.quiet.clear();
            }
            self.quiet.insert(key, (at, record));
            return;
        }
        self.quiet.remove(&key);
        if self.loud.len() >= MOST && !self.loud.contains_key(&key) {
            *self = Self::default();
        }
        self.loud.insert(key, (at, record));
    }
}

impl Remembered {
    /// Learns what a page may ask for.
    pub(super) fn learn(&self, decision: &Decision) {
        let mut records = self.records();
        let (at, is_p3) = (decision.at, decision.priority == Priority::P3);
        let is_asked = |records: &Records, key: &Key| match asked_for(key) {
            Asked::Always => true,
            Asked::Loud => !is_p3 || records.loud.contains_key(key),
            Asked::Never => false,
        };
        for (key, record) in &decision.changes {
            if is_asked(&records, key) {
                records.put(key.clone(), at, record.clone(), is_p3 && is_of_an_incident(key));
            }
        }
        let mut unknown = BTreeSet::new();
        for (key, merge) in &decision.merges {
            if !is_asked(&records, key) || unknown.contains(key) {
                continue;
            }
            match merge.on(records.get(key).map(|(_, record)| record), at) {
                Some(record) => records.put(key.clone(), at, record, is_p3 && is_of_an_incident(key)),
                // What it was made on is not what is remembered: what it is now is not known.
                None => {
                    records.forget(key);
                    unknown.insert(key);
                }
            }
        }
    }

    pub(super) fn decide(&self, case: &Case<'_>, now: Timestamp) -> Decision {
        let records = self.records();
        let mut state = State::default();
        loop {
            match case.decide(&state, now) {
                Ok(decision) => return decision,
                Err(Unread(missing)) => {
                    for key in missing {
                        match records.get(&key).cloned() {
                            Some((at, record)) => state.insert_changed(key, 0, at, record),
                            None => state.insert(key, 0, None),
                        }
                    }
                }
            }
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Router {
    /// An urgent page goes out unrecorded. The message stays, so that the decision is recorded once the
    /// store is back; that repeats the page, with the same dedup key as long as this process remembers the
    /// incident or the incident is new.
    pub(super) async fn page_without_store(&self, event: &Event<'_>, error: &store::Error) -> Nack {
        self.store_failed(error);
        let context = self.at_hand(event);
        let set = self.in_force();
        let case = Case::new(event, &set.policy, &context);
        let mut decision = self.remembered.decide(&case, self.clock.now());
        decision.effects.iter_mut().for_each(|effect| effect.notice.unrecorded());
        let is_urgent_page = decision.verdict == Verdict::Page && decision.priority.is_urgent();
        if is_urgent_page && self.perform_unrecorded(&decision).await.is_told() {
            // What was planned is not done: it is not to be taken for done.
            decision.changes.retain(|key, _| is_about_telling(key));
            self.remembered.learn(&decision);
        }
        Nack { reason: format!("the store failed: {error}"), retry_after: None }
    }
}

/// When the decision about a page asks for a record.
enum Asked {
    Always,
    /// For what is more than a P3.
    Loud,
    /// An empty one says as much.
    Never,
}

fn asked_for(key: &Key) -> Asked {
    match key {
        Key::Finding(_)
        | Key::Incident(_)
        | Key::Annotations(_)
        | Key::Target(_)
        | Key::Approval(_)
        | Key::Silences
        | Key::Inhibition(_)
        | Key::Bundle(_)
        | Key::Limit(_)
        | Key::Storm(_)
        | Key::Budget
        | Key::Switch => Asked::Always,
        Key::PageDraft(_) | Key::Tally(_) => Asked::Loud,
        Key::Triage(_)
        | Key::TriageSpent
        | Key::Digest
        | Key::DigestLine(..)
        | Key::DigestEdition(_)
        | Key::DigestDays
        | Key::DigestContents(_)
        | Key::Audit(_)
        | Key::AuditHead => Asked::Never,
    }
}

/// Of these there are as many as there are incidents and findings.
fn is_of_an_incident(key: &Key) -> bool {
    matches!(key, Key::Finding(_) | Key::Incident(_))
}

fn is_about_telling(key: &Key) -> bool {
    match key {
        Key::Target(_) | Key::Approval(_) | Key::Budget | Key::Switch => false,
        Key::Finding(_)
        | Key::Incident(_)
        | Key::Annotations(_)
        | Key::Triage(_)
        | Key::TriageSpent
        | Key::PageDraft(_)
        | Key::Silences
        | Key::Inhibition(_)
        | Key::Bundle(_)
        | Key::Limit(_)
        | Key::Tally(_)
        | Key::Storm(_)
        | Key::Digest
        | Key::DigestLine(..)
        | Key::DigestEdition(_)
        | Key::DigestDays
        | Key::DigestContents(_)
        | Key::Audit(_)
        | Key::AuditHead => true,
    }
}

#[cfg(test)]
mod tests {
    use watchfire_core::builders::{decision, finding_record};
    use watchfire_core::ids::{BundleKey, FindingKey, IncidentKey};
    use watchfire_core::state::Merge;

    use super::*;

    /// One that reports a finding for the first time.
    fn reported(finding: &str, priority: Priority) -> Decision {
        let record = Record::Finding(finding_record(IncidentKey::new("incident-1")));
        let changes = BTreeMap::from([(Key::Finding(FindingKey::new(finding)), record)]);
        Decision { priority, changes, ..decision(finding) }
    }

    fn knows(remembered: &Remembered, finding: &str) -> bool {
        remembered.records().get(&Key::Finding(FindingKey::new(finding))).is_some()
    }

    #[test]
    fn however_many_call_nobody_what_called_somebody_is_remembered() {
        let remembered = Remembered::default();
        remembered.learn(&reported("urgent", Priority::P1));
        remembered.learn(&reported("early", Priority::P3));
        assert!(knows(&remembered, "early"));
        for number in 0..=MOST_QUIET {
            remembered.learn(&reported(&format!("quiet-{number}"), Priority::P3));
        }
        let known = (knows(&remembered, "urgent"), knows(&remembered, "early"));
        assert_eq!((known, remembered.records().quiet.len()), ((true, false), 2));
    }

    #[test]
    fn what_is_merged_into_something_unknown_costs_nothing_else_of_a_decision() {
        let remembered = Remembered::default();
        let over = Merge::Over { incident: IncidentKey::new("incident-1"), is_last: true };
        let bundle = Key::Bundle(BundleKey::new("bundle-1"));
        let merges = vec![(bundle.clone(), over)];
        remembered.learn(&Decision { merges, ..reported("closed", Priority::P1) });
        let is_bundle_known = remembered.records().get(&bundle).is_some();
        assert_eq!((knows(&remembered, "closed"), is_bundle_known), (true, false));
    }
}
