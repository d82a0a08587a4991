//! A task's place among so many at work, left to others while it only waits for a channel.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// Who has been waiting for that long leaves its slot to the next.
const PATIENCE: Duration = Duration::from_millis(250);
/// The waiting room is measured in kilobytes of messages.
const KILOBYTE: usize = 1024;

/// So much may wait outside of its slot, for each source: thousands of usual messages, or a few of the largest.
pub const WAITING_ROOM: usize = 32 * 1024;

/// What keeps a task's place; over when it is dropped.
#[derive(Debug)]
pub struct Slot {
    held: Mutex<Option<OwnedSemaphorePermit>>,
    room: Option<Arc<Semaphore>>,
    kilobytes: u32,
    is_left: AtomicBool,
}

impl Slot {
    /// For who needs none.
    pub fn none() -> Self {
        Self { held: Mutex::default(), room: None, kilobytes: 0, is_left: AtomicBool::new(false) }
    }

    /// A place at work on a message of so many bytes, and where it may wait instead.
    pub fn new(permit: OwnedSemaphorePermit, room: Arc<Semaphore>, bytes: usize) -> Self {
        let kilobytes = bytes.div_ceil(KILOBYTE).clamp(1, WAITING_ROOM);
        Self {
            held: Mutex::new(Some(permit)),
            room: Some(room),
            kilobytes: u32::try_from(kilobytes).unwrap_or(u32::MAX),
            is_left: AtomicBool::new(false),
        }
    }

    /// Goes from the slot to the waiting room, once it has waited for a while and there is room; never returns.
    pub(super) async fn left_to_others(&self) -> Infallible {
        if let Some(room) = &self.room {
            sleep(PATIENCE).await;
            // A message with several events has one place.
            if !self.is_left.swap(true, Ordering::SeqCst) {
                let place = room.clone().acquire_many_owned(self.kilobytes).await.expect("never closed");
                *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
            }
        }
        std::future::pending().await
    }
}
