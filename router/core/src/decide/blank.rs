//! Decisions that leave no trace in the state.

use jiff::Timestamp;

use super::Case;
use crate::attributes::Attributes;
use crate::decision::{Cause, Decision, Matter, Withheld};
use crate::event::Event;
use crate::verdict::Why;

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
        let matter = Matter {
            source: source.clone(),
            kind: finding.as_ref().map_or(detail_type, |finding| &finding.kind).clone(),
            finding: finding.as_ref().map(|finding| finding.key.clone()),
            subject: subject.line(),
            rule: self.rule.name.clone(),
            family: self.rule.family.clone(),
            priority: self.rule.priority,
            incident: None,
            face: Some(Attributes::of(self.event, self.rule, self.context)),
        };
        Decision::quiet(id.clone(), Cause::Event, matter, why, now)
    }
}
