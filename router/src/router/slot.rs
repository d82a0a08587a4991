//! A task's place among so many at work, left to others while it only waits for a channel.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// Who has been waiting for that long leaves its slot to the next.
const PATIENCE: Duration = Duration::from_millis(250);
/// The waiting room is measured in kilobytes of memory.
const KILOBYTE: usize = 1024;
/// A message that waits has its decision and its page beside it, several times its size, and a task.
const TASK: usize = 16;
const TIMES: usize = 8;

/// So much may wait outside of its slot, for each source: two thousand usual messages, or a few of the largest.
const WAITING_ROOM: usize = 64 * 1024;

/// The places at work on what comes from one source, and where it may wait outside of them.
#[derive(Clone, Debug)]
pub struct Slots {
    free: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

impl Slots {
    /// So many places.
    pub fn new(in_flight: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(in_flight)), room: Arc::new(Semaphore::new(WAITING_ROOM)) }
    }

    /// A place for a message of so many bytes; none where none is free, or somebody waits for one.
    pub fn free(&self, bytes: usize) -> Option<Slot> {
        self.free.clone().try_acquire_owned().ok().map(|permit| self.slot(permit, bytes))
    }

    /// Waits for a place, and takes at most so many that are free then.
    pub async fn acquire(&self, most: usize) -> Vec<OwnedSemaphorePermit> {
        let mut permits = vec![self.free.clone().acquire_owned().await.expect("never closed")];
        while permits.len() < most {
            match self.free.clone().try_acquire_owned() {
                Ok(permit) => permits.push(permit),
                Err(_) => break,
            }
        }
        permits
    }

    /// A place at work on a message of so many bytes, and where it may wait instead.
    pub fn slot(&self, permit: OwnedSemaphorePermit, bytes: usize) -> Slot {
        let kilobytes = (TASK + (TIMES * bytes).div_ceil(KILOBYTE)).min(WAITING_ROOM);
        Slot {
            held: Mutex::new(Some(permit)),
            room: Some(self.room.clone()),
            kilobytes: u32::try_from(kilobytes).unwrap_or(u32::MAX),
            is_left: AtomicBool::new(false),
        }
    }
}

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
