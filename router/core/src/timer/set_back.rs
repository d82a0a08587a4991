//! A clock that was ahead and is set back: what it wrote into records is put right, in decisions of their own.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::About;
use crate::decision::{Because, Decision};
use crate::draft::{Draft, Matter};
use crate::ids::{EventId, IncidentKey, Own};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::state::{Key, State, Unread};
use crate::verdict::Why;

/// Records that were changed later than now.
///
/// Whoever decides about one of them looks at it as it is now; but nothing is decided about one that waits for a
/// day that is far away. So each of them is written anew, and is due when it should be.
#[derive(Clone, Copy, Debug)]
pub struct SetBack<'s> {
    keys: &'s [Key],
    policy: &'s Policy,
}

impl<'s> SetBack<'s> {
    /// So many records are put right in one decision.
    pub const MOST: usize = 64;

    /// These records.
    pub fn new(keys: &'s [Key], policy: &'s Policy) -> Self {
        Self { keys, policy }
    }

    /// The records as they are now; none where all of them are that already.
    ///
    /// # Errors
    /// What has to be read into the state first.
    pub fn decide(&self, state: &State, now: Timestamp) -> Result<Option<Decision>, Unread> {
        // What a silence holds is due when it ends.
        state.need_all(self.keys.iter().cloned().chain([Key::Silences]))?;
        let right = state.as_of(self.policy, now);
        let changed = |key: &&Key| right.record(key) != state.record(key);
        let records = self.keys.iter().filter(changed);
        let changes: BTreeMap<_, _> =
            records.filter_map(|key| Some((key.clone(), right.record(key)?.clone()))).collect();
        let Some(first) = changes.keys().next() else { return Ok(None) };
        let event = EventId::own(Own::Clock { key: &first.to_string(), version: state.version(first) });
        let incident = IncidentKey::new("wf1-clock");
        let subject = format!("{} records of a clock that was ahead", changes.len());
        let (family, rule) = ("clock", "clock");
        let about = About {
            kind: "clock",
            incident: &incident,
            subject: &subject,
            family,
            rule,
            priority: Priority::P3,
        };
        let matter = Matter { incident: None, ..about.matter(event) };
        let mut draft = Draft::quiet(state, matter, Why::ClockSetBack, now);
        changes.into_iter().for_each(|(key, record)| draft.put(key, record, Because::ClockSetBack));
        Ok(Some(draft.build()))
    }
}
