//! Who has news that nobody was told yet, told from the decisions alone: the memory under test has no say in it.

use std::collections::BTreeMap;

use watchfire_core::decision::Decision;
use watchfire_core::ids::{BundleKey, IncidentKey};
use watchfire_core::incident::IncidentRecord;
use watchfire_core::next_steps::page_of;
use watchfire_core::replay::Replay;
use watchfire_core::state::{Key, Record};
use watchfire_core::verdict::{Verdict, Why};

/// The incidents that were held and not told since, each with the bundle it waits in.
#[derive(Default)]
pub(crate) struct Untold(BTreeMap<IncidentKey, Option<BundleKey>>);

impl Untold {
    /// What a decision says, ends or holds.
    pub(crate) fn learn(&mut self, decision: &Decision) {
        // One tick may move it to another bundle, and say that.
        for (key, record) in &decision.changes {
            if let (Key::Incident(key), Record::Incident(record)) = (key, record)
                && let (Some(bundle), Some(held)) = (self.0.get_mut(key), &record.held)
            {
                *bundle = held.bundle.clone();
            }
        }
        let Some(incident) = &decision.incident else { return };
        match decision.why {
            Why::Silenced | Why::Inhibited | Why::Flapping | Why::Stormed | Why::Grouped | Why::Limited => {
                // What is said of several together is held as they are.
                let is_event = decision.face.is_some();
                if is_event {
                    self.0.entry(incident.clone()).or_default();
                }
                return;
            }
            _ => {}
        }
        let ended = matches!(decision.why, Why::Closed | Why::WentQuiet)
            || (decision.why == Why::Commanded && decision.kind == "Command:resolve");
        if ended || decision.verdict != Verdict::Quiet {
            self.0.remove(incident);
            // The page of a bundle, or its lines in the digest, tell of all that waits in it.
            self.0.retain(|_, bundle| bundle.as_ref().is_none_or(|bundle| page_of(bundle) != *incident));
        }
    }

    /// Where each of them waits now. Whoever the memory says was told, was told.
    pub(crate) fn follow(
        &mut self,
        replay: &Replay<'_>,
        as_said: impl Fn(&IncidentRecord) -> IncidentRecord,
    ) {
        for (key, bundle) in &mut self.0 {
            let Some(Record::Incident(record)) = replay.record(&Key::Incident(key.clone())) else {
                panic!("{key} was held and is forgotten")
            };
            assert!(record.open, "{key} was held, and is over without a word: {record:#?}");
            let Some(held) = as_said(record).held else {
                panic!("{key} counts as told, and was not: {record:#?}")
            };
            *bundle = held.bundle;
        }
    }

    pub(crate) fn is_empty(&self) {
        assert!(self.0.is_empty(), "held, and never told: {:#?}", self.0);
    }
}
