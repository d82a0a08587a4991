//! The only place that asks what time it is.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Tells the time: the system's, or one that a test or a replay sets.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's.
    System,
    /// As set.
    Set(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// Stands still at `now` until it is advanced.
    pub fn at(now: Timestamp) -> Self {
        Clock::Set(Arc::new(Mutex::new(now)))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Set(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a set clock forward; the system's cannot be moved.
    pub fn advance(&self, by: SignedDuration) {
        match self {
            Clock::System => {}
            Clock::Set(time) => {
                let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
                *time += by;
            }
        }
    }
}
