//! A drill: what would hold a page of its priority holds it, and nothing of it stays.

use jiff::Timestamp;

use super::Case;
use crate::attributes::Attributes;
use crate::decision::{Decision, Reason, Withheld};
use crate::draft::{Draft, Matter};
use crate::drill::{self, Drill};
use crate::ids::{IncidentKey, RuleName};
use crate::incident::IncidentRecord;
use crate::state::{State, Unread};
use crate::suppress::{Disposition, Suppressing};
use crate::text::clean;
use crate::verdict::{Verdict, Why};

impl Case<'_> {
    /// Takes the way of a page of its priority from here to the channels, past no silence, window or limit that would
    /// hold that page. One that is held is not kept for later.
    pub(super) fn drill(&self, drill: &Drill, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let face = self.drilled(drill);
        let blank = || {
            let Attributes { rule, family, priority, .. } = face.clone();
            let matter = Matter { rule, family, priority, face: Some(face.clone()), ..self.matter() };
            Draft::quiet(state, matter, Why::Drill, now)
        };
        let record = IncidentRecord::begun(None, drill.priority, None, now);
        let suppressing = Suppressing {
            policy: self.policy,
            face: &face,
            finding: None,
            incident: &IncidentKey::new(""),
            record: &record,
            news: Why::Drill,
            mute: None,
        };
        let mut draft = blank();
        let (why, held) = match suppressing.disposition(&mut draft)? {
            Disposition::Notify => {
                draft.verdict(Verdict::Page);
                draft.tell(drill.effects(&self.event.id, &self.policy.routed(&face, now), now));
                return Ok(draft.build());
            }
            Disposition::Digest => {
                (Why::Drill, "no channel is told of it; a page would go to the digest".to_owned())
            }
            Disposition::Suppress(hold) => {
                (hold.why, format!("a page would be held, and a drill is not kept: {}", hold.reason))
            }
        };
        // What was counted on the way is not, either.
        let mut draft = blank();
        draft.why(why);
        draft.withhold([Withheld::page(Reason::Suppressed(clean(&held, 400)))]);
        Ok(draft.build())
    }

    /// What silences and the like see of it.
    fn drilled(&self, drill: &Drill) -> Attributes {
        Attributes {
            priority: drill.priority,
            rule: RuleName::new(drill::NAME),
            family: drill::NAME.to_owned(),
            ..Attributes::of(self.event, self.rule, self.context)
        }
    }
}
