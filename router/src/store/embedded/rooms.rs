//! Room that channels share: of one process, and so known to it alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::Embedded;
use crate::store::room::{Ask, Leased, Room};

/// Each by its key.
#[derive(Default)]
pub(super) struct Rooms(Mutex<BTreeMap<String, Room>>);

impl Embedded {
    /// Nothing is written: a start begins anew.
    pub(in crate::store) fn lease(&self, key: &str, ask: &Ask, now: Timestamp) -> Leased {
        let mut rooms = self.0.rooms.0.lock().unwrap_or_else(PoisonError::into_inner);
        let leased = rooms.entry(key.to_owned()).or_default().lease(ask, now);
        // What nobody uses is not kept.
        rooms.retain(|_, room| !room.is_free());
        leased
    }
}
