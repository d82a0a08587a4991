//! Which open incidents cover others, as it is remembered.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::IncidentKey;

/// Incidents that cover whatever has the values of this record's key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InhibitionRecord {
    /// They; at most [`InhibitionRecord::MOST`], more do not cover.
    pub by: BTreeSet<IncidentKey>,
}

impl InhibitionRecord {
    /// What is beyond covers nothing, so that more is said and not less.
    pub const MOST: usize = 16;

    /// One more, if there is room.
    pub(crate) fn add(&mut self, incident: &IncidentKey) {
        if self.by.len() < Self::MOST {
            self.by.insert(incident.clone());
        }
    }
}
