//! What a decision will most likely read, said before it is made.

use jiff::Timestamp;

use super::Case;
use crate::attributes::Attributes;
use crate::planning;
use crate::state::Key;
use crate::suppress::first_asked;

impl Case<'_> {
    /// The records that the decision about an event that is news asks for, as far as that can be told before anything was
    /// read. For a store that is near: there each further question costs more than what was read in vain, for it is a look
    /// at the store, and all before it again.
    pub fn expected(&self, now: Timestamp) -> Vec<Key> {
        let finding = self.event.finding.as_ref();
        let face = Attributes::of(self.event, self.rule, self.context);
        let mut keys = first_asked(self.policy, &face, finding, &self.incident, now);
        keys.extend([Key::Incident(self.incident.clone()), Key::Silences]);
        keys.extend(finding.map(|finding| Key::Finding(finding.key.clone())));
        if !self.rule.actions.is_empty() {
            keys.extend(planning::reads(&self.event.id, &self.input(&self.incident, now)));
        }
        keys
    }
}
