//! Pages fail open: what is done about an event when the store does not answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::event::Event;
use watchfire_core::state::{Key, Record, State, Unread};
use watchfire_core::verdict::Verdict;

use super::Router;
use crate::failure::Nack;
use crate::store;

/// So many records are remembered; then all are forgotten and it begins anew.
const MOST: usize = 4_096;

/// The records as this process last saw them: so that without a store an incident that is open keeps its
/// dedup key, and what was said is not said again with every redelivery.
#[derive(Default)]
pub(super) struct Remembered(Mutex<BTreeMap<Key, (Timestamp, Record)>>);

impl Remembered {
    /// Learns what an urgent page asks for: of incidents and findings those that are urgent, or were when they were learnt.
    pub(super) fn learn(&self, decision: &Decision) {
        let mut records = self.records();
        let is_asked = |key: &Key| match about(key) {
            About::Everyone => true,
            About::Incident => decision.priority.is_urgent() || records.contains_key(key),
            About::Nobody => false,
        };
        let found = |key: &Key| records.get(key).map(|(_, record)| record.clone());
        // What has no room is decided anew, and learnt then.
        let changes = decision.comes_to_of(is_asked, found).unwrap_or_default();
        if records.len() + changes.len() > MOST {
            records.clear();
        }
        records.extend(changes.into_iter().map(|(key, record)| (key, (decision.at, record))));
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

    fn records(&self) -> MutexGuard<'_, BTreeMap<Key, (Timestamp, Record)>> {
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

/// Whose pages a record is asked for.
enum About {
    /// Those of its incident.
    Incident,
    /// Those of every incident.
    Everyone,
    /// It is never asked for when a page is decided, or an empty one says as much.
    Nobody,
}

fn about(key: &Key) -> About {
    match key {
        Key::Finding(_)
        | Key::Incident(_)
        | Key::Annotations(_)
        | Key::PageDraft(_)
        | Key::Target(_)
        | Key::Approval(_)
        | Key::Tally(_) => About::Incident,
        Key::Silences
        | Key::Inhibition(_)
        | Key::Bundle(_)
        | Key::Limit(_)
        | Key::Storm(_)
        | Key::Budget
        | Key::Switch => About::Everyone,
        Key::Triage(_)
        | Key::TriageSpent
        | Key::Digest
        | Key::DigestLine(..)
        | Key::DigestEdition(_)
        | Key::DigestDays
        | Key::DigestContents(_)
        | Key::Audit(_)
        | Key::AuditHead => About::Nobody,
    }
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
