//! What is left to do for an event is in one worker's hands: nobody is told twice because two workers found it.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use watchfire_core::ids::EventId;

use super::Router;
use crate::clock::Clock;
use crate::store::{self, Store};

/// Kept for as long as it is there.
pub(super) struct Hold(Option<JoinHandle<()>>);

impl Router {
    /// None while another worker has it.
    pub(super) async fn hold(&self, event: &EventId) -> Result<Option<Hold>, store::Error> {
        if !self.store.take(event, self.clock.now()).await? {
            return Ok(None);
        }
        let keep = |time: Duration| {
            tokio::spawn(keep(self.store.clone(), self.clock.clone(), event.clone(), time / 3))
        };
        Ok(Some(Hold(self.store.hold().map(keep))))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Takes it again and again. Where the store does not answer, another worker has it in the end: whoever is told twice
/// then was told.
async fn keep(store: Store, clock: Clock, event: EventId, every: Duration) {
    loop {
        sleep(every).await;
        let _ = store.take(&event, clock.now()).await;
    }
}
