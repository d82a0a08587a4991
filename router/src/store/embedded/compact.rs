//! Giving back what is free: the file of a store grows with what is in it, and never shrinks by itself.

use std::time::{Duration, Instant};

use redb::ReadableDatabase as _;

use super::Embedded;
use super::tables::Snapshot;
use crate::store::Error;
use crate::store::error::sound;
use crate::telemetry;

/// In bytes: less is not worth a pause.
const WORTH_IT: u64 = 64 << 20;
/// In bytes: a larger file is made smaller at a start only; up to this the pause is about a second.
const LARGE: u64 = 512 << 20;
/// So long nothing was to be written; then it is idle.
const IDLE: Duration = Duration::from_secs(30);
/// The row of `meta` that says whether there was much to give back when it was last looked: what is free is known only to who
/// reads all of the file, which no start waits for.
const MUCH: &str = "much_is_free";

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
    /// bytes were given back. What is found while that may not be is left for the next start, which looks only then.
    pub(in crate::store) async fn compact(&self, when: Now) -> Result<u64, Error> {
        let Some(path) = self.0.path.clone() else { return Ok(0) };
        let length = move || std::fs::metadata(&path).map_or(0, |file| file.len());
        let before = length();
        if before < WORTH_IT {
            return Ok(0);
        }
        let was_much =
            self.ask(|tables| Ok(tables.meta()?.get(MUCH)?.is_some_and(|row| row.value() == 1))).await?;
        match when {
            Now::AtStart if !was_much => return Ok(0),
            Now::AtWork if !self.is_idle() => return Ok(0),
            Now::AtStart | Now::AtWork => {}
        }
        // Nobody who wants the file for himself waits for so long a look.
        let tables = self.0.place.with(|database| Ok(Snapshot::new(database.begin_read()?)))?;
        let used = tokio::task::spawn_blocking(move || {
            sound(|| Ok(tables.sizes()?.iter().map(|size| size.taken).sum::<u64>()))
        });
        let used = used.await.unwrap_or(Err(Error::Stopped))?;
        let is_much = before.saturating_sub(used) >= WORTH_IT.max(used);
        if is_much != was_much {
            self.write_aside(MUCH, is_much.into()).await?;
        }
        if !is_much || (when == Now::AtWork && before > LARGE) {
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
        let given_back = compacted.await.unwrap_or(Err(Error::Stopped))?;
        if given_back > 0 {
            self.write_aside(MUCH, 0).await?;
        }
        Ok(given_back)
    }

    fn is_idle(&self) -> bool {
        self.0.last_write().elapsed() >= IDLE
    }
}
