//! More of what cannot be read: news each time, for each may hide an alert of its own, but not a page each time.

use jiff::{SignedDuration, Timestamp};

use super::disposition::{Suppressing, Suppression};
use crate::verdict::Why;

/// How long there is to look at what was said before more of the same sender and shape is said.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);

impl Suppressing<'_> {
    /// What comes until then is counted, and said with its number; what waits with others stays with them.
    pub(super) fn paced(&self, now: Timestamp) -> Option<Suppression> {
        let held = self.record.held.as_ref();
        let waits_with_others = held.is_some_and(|held| held.bundle.is_some());
        let again_at = self.record.said_at.min(now) + AGAIN;
        let until = held.and_then(|held| held.until).map_or(again_at, |until| until.min(again_at));
        let is_more = self.news == Why::Unreadable && self.record.events > 1 && !waits_with_others;
        (is_more && until > now).then(|| Suppression {
            why: Why::Limited,
            reason: format!(
                "more of what cannot be read, said with its number at {}",
                self.policy.zone().minute(until)
            ),
            bundle: None,
            until: Some(until),
        })
    }
}
