//! How every draft about an event begins, and decisions that leave no trace in the state.

use jiff::Timestamp;

use super::Case;
use crate::attributes::Attributes;
use crate::decision::{Cause, Reason, Wanted, Withheld};
use crate::draft::{Draft, Matter};
use crate::event::Event;
use crate::state::State;
use crate::verdict::Why;

impl Case<'_> {
    /// Whatever the rule wanted is withheld for one reason; no trace in the state.
    pub(super) fn withhold_all<'s>(&self, state: &'s State, why: Why, now: Timestamp) -> Draft<'s> {
        let wanted = self.rule.actions.iter().copied().map(Wanted::Action);
        let withheld = |action| Withheld { action, reason: Reason::Decided(why) };
        let mut draft = self.draft(state, why, now);
        draft.withhold([Wanted::Page].into_iter().chain(wanted).map(withheld));
        draft
    }

    /// Quiet, and without a trace in the state.
    pub(super) fn draft<'s>(&self, state: &'s State, why: Why, now: Timestamp) -> Draft<'s> {
        Draft::quiet(state, self.matter(), why, now)
    }

    pub(super) fn matter(&self) -> Matter {
        let Event { id, source, detail_type, finding, subject, .. } = self.event;
        Matter {
            event: id.clone(),
            cause: Cause::Event,
            source: source.clone(),
            kind: finding.as_ref().map_or(detail_type, |finding| &finding.kind).clone(),
            finding: finding.as_ref().map(|finding| finding.key.clone()),
            subject: subject.line(),
            rule: self.rule.name.clone(),
            family: self.rule.family.clone(),
            priority: self.rule.priority,
            incident: None,
            face: Some(Attributes::of(self.event, self.rule, self.context)),
        }
    }
}
