//! Giving back what is free: the file of a store grows with what is in it, and never shrinks by itself.

use std::time::{Duration, Instant};

use super::Embedded;
use crate::store::Error;
use crate::telemetry;

/// In bytes: less is not worth a pause.
const WORTH_IT: u64 = 64 << 20;
/// In bytes: a larger file is made smaller at a start only; up to this the pause is about a second.
const LARGE: u64 = 512 << 20;
/// So long nothing was to be written; then it is idle.
const IDLE: Duration = Duration::from_secs(30);

/// When it may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Now {
    /// Nothing has begun yet.
    AtStart,
    /// While it works: only if it is idle and the pause is short.
    AtWork,
}

impl Embedded {
    /// Makes the file smaller where more than half of it is free. Reads and writes wait meanwhile. Returns how many
    /// bytes were given back.
    pub(in crate::store) async fn compact(&self, when: Now) -> Result<u64, Error> {
        let Some(path) = self.0.path.clone() else { return Ok(0) };
        let length = move || std::fs::metadata(&path).map_or(0, |file| file.len());
        let before = length();
        if before < WORTH_IT || (when == Now::AtWork && (before > LARGE || !self.is_idle())) {
            return Ok(0);
        }
        let used =
            self.read_long(|tables| Ok(tables.sizes()?.iter().map(|size| size.taken).sum::<u64>())).await?;
        if before.saturating_sub(used) < WORTH_IT.max(used) {
            return Ok(0);
        }
        let store = self.clone();
        let compacted = tokio::task::spawn_blocking(move || {
            if when == Now::AtWork && !store.is_idle() {
                return Ok(0);
            }
            let began = Instant::now();
            let compacted = store.0.place.alone(|database| match database.compact() {
                Ok(_) => Ok(()),
                Err(redb::CompactionError::Storage(fault)) => Err(fault.into()),
                // Somebody has a long look at it; the next time will do.
                Err(_) => Ok(()),
            });
            compacted?;
            let given_back = before.saturating_sub(length());
            telemetry::compacted(given_back, began.elapsed());
            Ok(given_back)
        });
        compacted.await.unwrap_or(Err(Error::Stopped))
    }

    fn is_idle(&self) -> bool {
        self.0.last_write().elapsed() >= IDLE
    }
}
