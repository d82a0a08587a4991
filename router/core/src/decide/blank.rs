//! Decisions that leave no trace in the state.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Case;
use crate::decision::{Decision, Withheld};
use crate::event::Event;
use crate::face::Face;
use crate::verdict::{Verdict, Why};

impl Case<'_> {
    /// Whatever the rule wanted is withheld for one reason; no trace in the state.
    pub(super) fn withhold_all(&self, why: Why, now: Timestamp) -> Decision {
        let wanted = ["page"].into_iter().chain(self.rule.actions.iter().map(|action| action.as_str()));
        let withheld =
            |action: &str| Withheld { action: action.to_owned(), reason: why.sentence().to_owned() };
        Decision { withheld: wanted.map(withheld).collect(), ..self.blank(why, now) }
    }

    /// Quiet, and without a trace in the state.
    pub(super) fn blank(&self, why: Why, now: Timestamp) -> Decision {
        let Event { id, source, detail_type, finding, subject, .. } = self.event;
        Decision {
            event: id.clone(),
            source: source.clone(),
            kind: finding.as_ref().map_or(detail_type, |finding| &finding.kind).clone(),
            finding: finding.as_ref().map(|finding| finding.key.clone()),
            subject: subject.line(),
            at: now,
            rule: self.rule.name.clone(),
            family: self.rule.family.clone(),
            priority: self.rule.priority,
            verdict: Verdict::Quiet,
            why,
            incident: None,
            effects: Vec::new(),
            acts: Vec::new(),
            withheld: Vec::new(),
            face: Some(Face::of(self.event, self.rule, self.context)),
            changes: BTreeMap::new(),
        }
    }
}
