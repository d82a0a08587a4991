//! An alarm that its owner muted: recorded, and said if it outlives the mute.

use jiff::{SignedDuration, Timestamp};

use super::disposition::{Suppressing, Suppression};
use crate::event::Mute;
use crate::text::clean;
use crate::verdict::Why;

/// How long a mute holds that does not say until when.
const MUTE: SignedDuration = SignedDuration::from_hours(1);
/// No mute holds longer: CloudWatch's own are fifteen days at most.
pub(crate) const LONGEST_MUTE: SignedDuration = SignedDuration::from_hours(15 * 24);

impl Suppressing<'_> {
    /// Muted by its owner, who knows: whatever its priority is, until the mute ends.
    pub(super) fn muted(&self, now: Timestamp) -> Option<Suppression> {
        let Mute { by, until } = self.mute?;
        let longest = now + LONGEST_MUTE;
        let until = until.map_or(now + MUTE, |until| until.min(longest));
        (until > now).then(|| Suppression {
            why: Why::Muted,
            reason: format!(
                "{}; paged if it is still open at {}",
                clean(by, 250),
                self.policy.zone().minute(until)
            ),
            bundle: None,
            until: Some(until),
        })
    }
}
