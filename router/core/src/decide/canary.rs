//! A canary: decided and committed like any event, told to nobody but the channel that waits for it.

use jiff::Timestamp;

use super::Case;
use crate::canary::{self, Canary};
use crate::decision::Decision;
use crate::draft::{Draft, Matter};
use crate::ids::RuleName;
use crate::priority::Priority;
use crate::state::State;
use crate::verdict::Why;

impl Case<'_> {
    /// No rule, no silence and no limit counts, and it counts in none.
    pub(super) fn canary(&self, canary: Canary, state: &State, now: Timestamp) -> Decision {
        let (rule, family) = (RuleName::new(canary::NAME), canary::NAME.to_owned());
        let matter = Matter { rule, family, priority: Priority::P3, face: None, ..self.matter() };
        let mut draft = Draft::quiet(state, matter, Why::Canary, now);
        draft.tell(self.policy.canary.iter().map(|channel| canary.arrived(&self.event.id, channel)));
        draft.build()
    }
}
