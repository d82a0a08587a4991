//! The audit trail: read, and what is no command put into it.

use watchfire_core::audit::{AuditEntry, AuditHead};
use watchfire_core::command::Deed;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::state::{Key, State};

use super::Router;
use crate::failure::Nack;
use crate::store;

/// Some of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The newest entry.
    pub head: AuditHead,
    /// Entries in their order: the number, and the text where it is there.
    pub entries: Vec<(u64, Option<String>)>,
}

impl Router {
    /// So many entries behind that number; the newest ones where none is given.
    ///
    /// # Errors
    /// The store's.
    pub async fn trail(&self, after: Option<u64>, most: u64) -> Result<Trail, store::Error> {
        let mut state = State::default();
        self.store.load(&[Key::AuditHead], &mut state).await?;
        let head = state.audit_head();
        let after = after.unwrap_or_else(|| head.number.saturating_sub(most));
        let last = head.number.min(after.saturating_add(most));
        let numbers = after.saturating_add(1)..=last;
        let keys: Vec<_> = numbers.clone().map(Key::Audit).collect();
        self.store.load(&keys, &mut state).await?;
        let entries = numbers.map(|number| (number, state.audit(number).map(str::to_owned))).collect();
        Ok(Trail { head, entries })
    }

    /// The entry of that decision, among so many of the latest; none where it is older, or there is none.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn entry_of(
        &self,
        decision: &EventId,
        latest: u64,
    ) -> Result<Option<AuditHead>, store::Error> {
        let Trail { entries, .. } = self.trail(None, latest).await?;
        let is_it = |line: &String| {
            let entry = serde_json::from_str::<AuditEntry>(line);
            entry.is_ok_and(|entry| entry.decision == *decision)
        };
        let found = entries.into_iter().find_map(|(number, line)| Some((number, line.filter(is_it)?)));
        Ok(found.map(|(number, line)| AuditHead { number, sha256: sha256(&line) }))
    }

    /// Records what somebody did.
    ///
    /// # Errors
    /// [`Nack`] when it could not be.
    pub(crate) async fn audit(&self, deed: &Deed) -> Result<(), Nack> {
        let own = IncidentKey::new(deed.id.as_str());
        self.commit_own(&own, "", |state| deed.decide(state, self.clock.now())).await.map(drop)
    }
}
