//! A drill: what would hold a page of its priority holds it, and nothing of it stays.

use jiff::Timestamp;

use super::Case;
use crate::attributes::Attributes;
use crate::decision::{Decision, Withheld};
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
        let (name, family, priority) = (RuleName::new(drill::NAME), drill::NAME.to_owned(), drill.priority);
        let of_rule = Attributes::of(self.event, self.rule, self.context);
        let face = Attributes { priority, rule: name.clone(), family: family.clone(), ..of_rule };
        let record = IncidentRecord::begun(None, priority, None, now);
        let suppressing = Suppressing {
            policy: self.policy,
            state,
            face: &face,
            finding: None,
            incident: &IncidentKey::new(""),
            record: &record,
            news: Why::Drill,
            mute: None,
            now,
        };
        let disposition = suppressing.disposition()?;
        let blank = self.blank(Why::Drill, now);
        let drilled = Decision { rule: name, family, priority, face: Some(face), ..blank };
        let held = |why, reason: &str| {
            let withheld = vec![Withheld { action: "page".to_owned(), reason: clean(reason, 400) }];
            Decision { why, withheld, ..drilled.clone() }
        };
        Ok(match disposition {
            Disposition::Notify(changes) => {
                let effects = drill.effects(&self.event.id, self.policy, now);
                Decision { verdict: Verdict::Page, effects, changes, ..drilled }
            }
            Disposition::Digest => {
                held(Why::Drill, "no channel is told of it; a page would go to the digest")
            }
            Disposition::Suppress(hold) => {
                held(hold.why, &format!("a page would be held, and a drill is not kept: {}", hold.reason))
            }
        })
    }
}
