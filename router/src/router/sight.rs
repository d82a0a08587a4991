//! Who looks, and what there is for them: what somebody may not see is, for them, not there.
//!
//! Names are looked up by it (`naming.rs`), so that no answer differs between what is elsewhere and what is nowhere.

use watchfire_core::command::CommandKind;
use watchfire_core::ids::{ApprovalId, EventId, IncidentKey};
use watchfire_core::journal::Entry;

use super::Router;
use super::placing::LOOKED_AT;
use crate::identity::{Identity, Place, Role};
use crate::store;

/// So many of what begins with a name are looked through for those that may be seen.
const LOOKED_THROUGH: usize = 200;

/// Who looks.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'i> {
    /// Whoever may see everything, as a process with the store in its hands does.
    Whole,
    /// Somebody who may look in some places alone.
    Of(&'i Identity),
}

impl<'i> From<&'i Identity> for Sight<'i> {
    fn from(identity: &'i Identity) -> Self {
        match identity.has(Role::Viewer, &Place::everywhere()) {
            Ok(()) => Sight::Whole,
            Err(_) => Sight::Of(identity),
        }
    }
}

impl Sight<'_> {
    /// So many are asked for where so many are wanted: some of them may not be seen.
    pub(super) fn asked_for(self, wanted: usize) -> usize {
        match self {
            Sight::Whole => wanted,
            Sight::Of(_) => LOOKED_THROUGH,
        }
    }

    fn sees(self, place: &Place) -> bool {
        match self {
            Sight::Whole => true,
            Sight::Of(identity) => identity.has(Role::Viewer, place).is_ok(),
        }
    }
}

impl Router {
    /// The name of what a command is about, where there is no such thing for whoever looks. Whoever sees everything is told
    /// of what there is not by the command itself.
    ///
    /// # Errors
    /// The store's.
    pub async fn out_of_sight(
        &self,
        sight: Sight<'_>,
        wish: &CommandKind,
    ) -> Result<Option<String>, store::Error> {
        let (name, is_seen) = match wish {
            CommandKind::Acknowledge(incident)
            | CommandKind::Take(incident)
            | CommandKind::Unacknowledge(incident)
            | CommandKind::Resolve(incident)
            | CommandKind::Release(incident)
            | CommandKind::Reassign { incident, to: _ }
            | CommandKind::Annotate { incident, with: _ }
            | CommandKind::FollowUp { incident, text: _, to: _ }
            | CommandKind::Propose { incident, action: _ } => {
                (incident.as_str(), self.sees_incident(sight, incident).await?)
            }
            CommandKind::Approve(plan) | CommandKind::Deny(plan) => {
                (plan.as_str(), self.sees_plan(sight, plan).await?)
            }
            // Silences are shown to everybody who may look; the others name nothing that has to be there.
            CommandKind::Expire(_)
            | CommandKind::Extend(_)
            | CommandKind::Silence(_)
            | CommandKind::Act(_)
            | CommandKind::SwitchOff
            | CommandKind::SwitchOn => return Ok(None),
        };
        Ok((!is_seen).then(|| name.to_owned()))
    }

    /// Whether all that its events named is where they may look; of what is not known, nothing is.
    pub(crate) async fn sees_incident(
        &self,
        sight: Sight<'_>,
        incident: &IncidentKey,
    ) -> Result<bool, store::Error> {
        match sight {
            Sight::Whole => Ok(true),
            Sight::Of(_) => {
                let entries = self.store.timeline(incident, LOOKED_AT).await?;
                Ok(sight.sees(&Self::place_of_entries(&entries)))
            }
        }
    }

    pub(super) async fn sees_plan(&self, sight: Sight<'_>, plan: &ApprovalId) -> Result<bool, store::Error> {
        match sight {
            Sight::Whole => Ok(true),
            Sight::Of(_) => Ok(sight.sees(&self.place_of_plan(plan).await?)),
        }
    }

    /// Both what it says of itself and its incident are where they may look.
    pub(super) async fn sees_entry(&self, sight: Sight<'_>, entry: &Entry) -> Result<bool, store::Error> {
        if matches!(sight, Sight::Whole) {
            return Ok(true);
        }
        let decision = &entry.decision;
        // What people asked for says nothing of where it is: that is where its incident is.
        let says_where = decision.face.is_some() || decision.incident.is_none();
        if says_where && !sight.sees(&Self::place_of_entries(std::slice::from_ref(entry))) {
            return Ok(false);
        }
        match &decision.incident {
            Some(incident) => self.sees_incident(sight, incident).await,
            None => Ok(true),
        }
    }

    pub(super) async fn sees_event(&self, sight: Sight<'_>, event: &EventId) -> Result<bool, store::Error> {
        match sight {
            Sight::Whole => Ok(true),
            Sight::Of(_) => match self.store.find(event).await? {
                Some(entry) => self.sees_entry(sight, &entry).await,
                None => Ok(false),
            },
        }
    }
}
