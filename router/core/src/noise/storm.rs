//! Whether new incidents of one account and family are a storm.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// When the latest of them came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StormRecord {
    /// No more than make a storm.
    pub recent: VecDeque<Timestamp>,
}

impl StormRecord {
    /// Whether so many came within that time.
    pub(crate) fn is_raging(&self, most: u32, within: SignedDuration, now: Timestamp) -> bool {
        let recent = self.recent.iter().filter(|at| now.duration_since(**at) < within).count();
        recent >= most as usize
    }

    /// One more.
    pub(crate) fn count(&mut self, most: u32, at: Timestamp) {
        self.recent.push_back(at);
        while self.recent.len() > most as usize {
            self.recent.pop_front();
        }
    }
}
