//! How often each pod was started again in the last ten minutes, of those that were at all.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::context::Pod;

/// Restarts are counted over so long.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// More pods are not followed at once, and no more changes of one.
const MOST: usize = 5_000;
const CHANGES: usize = 32;

/// What the restarts of pods were, by their UIDs.
#[derive(Clone, Debug, Default)]
pub struct Restarts(BTreeMap<Box<str>, VecDeque<(Timestamp, u32)>>);

impl Restarts {
    /// Looks at a pod, and says how often it was started again within the window, as far as that was seen. Only a pod
    /// whose container ended within it is followed, so that a quiet cluster costs nothing.
    pub fn of(&mut self, pod: &Pod, at: Timestamp) -> u32 {
        let ended = pod.containers.iter().filter_map(|one| one.stumble.as_ref()?.ended_at).max();
        let count = pod.restarts();
        let has_ended = ended.is_some_and(|ended| at.duration_since(ended) < WINDOW);
        if count == 0 || !has_ended {
            return 0;
        }
        if !self.0.contains_key(&*pod.uid) && self.0.len() >= MOST {
            return 0;
        }
        let changes = self.0.entry(pod.uid.as_str().into()).or_default();
        if changes.is_empty() {
            // The restart that made it worth following is one.
            changes.push_back((at, count.saturating_sub(1)));
        }
        if changes.back().is_none_or(|(_, known)| *known != count) {
            changes.push_back((at, count));
        }
        // The last before the window is what is counted from.
        while changes.get(1).is_some_and(|(seen, _)| at.duration_since(*seen) >= WINDOW)
            || changes.len() > CHANGES
        {
            changes.pop_front();
        }
        changes.front().map_or(0, |(_, first)| count.saturating_sub(*first))
    }

    /// Lets go of pods that nothing new was seen of within the window.
    pub fn forget(&mut self, at: Timestamp) {
        self.0.retain(|_, changes| changes.back().is_some_and(|(seen, _)| at.duration_since(*seen) < WINDOW));
    }

    /// How many are followed.
    pub fn followed(&self) -> usize {
        self.0.len()
    }
}
