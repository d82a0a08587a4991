//! Who is at which item: a transaction has its items to itself, writes wait for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::item::ItemKey;

/// The items that somebody is at.
#[derive(Debug, Default)]
pub(super) struct Holds {
    held: Mutex<HashMap<ItemKey, Holder>>,
    released: Notify,
}

/// Who is at an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Whoever meets it is refused.
    Transaction,
    /// Whoever meets it waits.
    Write,
}

/// Items that are held until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    holds: Arc<Holds>,
    keys: Vec<ItemKey>,
}

impl Holds {
    fn held(&self) -> MutexGuard<'_, HashMap<ItemKey, Holder>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For each key whether a transaction is at it.
    pub(super) fn meets(&self, keys: &[ItemKey]) -> Vec<bool> {
        let held = self.held();
        keys.iter().map(|key| held.get(key) == Some(&Holder::Transaction)).collect()
    }

    /// All of them, or for each whether a transaction is at it.
    pub(super) async fn enter(self: &Arc<Self>, keys: &[ItemKey], holder: Holder) -> Result<Held, Vec<bool>> {
        loop {
            let mut released = std::pin::pin!(self.released.notified());
            // Before it is looked, so that no release goes unheard.
            released.as_mut().enable();
            let meets = self.meets(keys);
            if meets.contains(&true) {
                return Err(meets);
            }
            if let Some(held) = self.take(keys, holder) {
                return Ok(held);
            }
            released.await;
        }
    }

    fn take(self: &Arc<Self>, keys: &[ItemKey], holder: Holder) -> Option<Held> {
        let mut held = self.held();
        if keys.iter().any(|key| held.contains_key(key)) {
            return None;
        }
        held.extend(keys.iter().map(|key| (key.clone(), holder)));
        Some(Held { holds: Arc::clone(self), keys: keys.to_vec() })
    }
}

impl Held {
    pub(super) fn keys(&self) -> &[ItemKey] {
        &self.keys
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.holds.held();
        for key in &self.keys {
            held.remove(key);
        }
        drop(held);
        self.holds.released.notify_waiters();
    }
}
