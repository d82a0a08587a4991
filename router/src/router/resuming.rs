//! What has been decided and is not done, although nobody brings it back: taken up from the journal.

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use watchfire_core::ids::EventId;

use super::Router;
use crate::failure::Nack;
use crate::store;
use crate::telemetry::{self, Step, of_resumed};

/// How many entries are taken up side by side: what they wait for are channels.
pub const RESUMED: usize = 1_024;

impl Router {
    /// Takes up all that is due at `now`, and returns how much that was.
    pub(super) async fn resume_all(&self, now: Timestamp) -> Result<usize, store::Error> {
        let due = self.to_resume(now, RESUMED).await?;
        let resumed = stream::iter(due).map(async |event| self.resume(&event).await);
        let resumed = resumed.buffer_unordered(RESUMED).filter(|resumed| std::future::ready(*resumed));
        Ok(resumed.count().await)
    }

    /// What is due at `now` and in nobody's hands, the longest due first; at most that many.
    ///
    /// # Errors
    /// The store's.
    pub async fn to_resume(&self, now: Timestamp, most: usize) -> Result<Vec<EventId>, store::Error> {
        let at_work = self.at_work.claimed();
        let mut due = self.store.due(now, most + at_work.len()).await?;
        due.retain(|event| !at_work.contains(event));
        due.truncate(most);
        Ok(due)
    }

    /// Takes up an entry; whether there was anything to take up. What stays pending has been postponed, and is due
    /// again then.
    pub async fn resume(&self, event: &EventId) -> bool {
        let Some(_claim) = self.at_work.claim(event) else { return false };
        match self.store.find(event).await {
            Ok(Some(entry)) => {
                let told = |performed: &Result<(), Nack>| of_resumed(&entry.decision, performed);
                let _ = self.traces.step(Step::Resume, self.perform(&entry), told).await;
                true
            }
            Ok(None) => false,
            Err(error) => {
                telemetry::not_resumed(event, &error);
                false
            }
        }
    }
}
