//! How an invocation's time is shared out, so that what cannot be done in it is reported and not cut off.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// No record is begun in the last of this, nor in the last quarter of a short time.
const NO_MORE: Duration = Duration::from_secs(10);
/// The answer is given this long before the end, or, of a short time, a twentieth before.
const ANSWER: Duration = Duration::from_secs(1);

/// Until when what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Nothing is begun any more.
    pub begin_by: Instant,
    /// What is at work is cancelled, and the answer given.
    pub answer_by: Instant,
    /// Nothing more is told of it.
    pub tell_by: Instant,
}

impl Deadline {
    /// For an invocation that is ended at that time.
    pub fn at(end: SystemTime) -> Self {
        Self::within(end.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// For an invocation that is ended in that time.
    pub fn within(left: Duration) -> Self {
        let now = Instant::now();
        let kept_back = ANSWER.min(left / 20);
        Self {
            begin_by: now + left - NO_MORE.min(left / 4),
            answer_by: now + left - kept_back,
            tell_by: now + left - kept_back / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_seconds_are_kept_back_or_a_quarter_of_a_short_time() {
        let now = Instant::now();
        for (left, begin_by, answer_by, tell_by) in [
            (900_000, 890_000, 899_000, 899_500),
            (30_000, 22_500, 29_000, 29_500),
            (3_000, 2_250, 2_850, 2_925),
            (0, 0, 0, 0),
        ] {
            let deadline = Deadline::within(Duration::from_millis(left));
            let after = |millis| now + Duration::from_millis(millis);
            assert_eq!(
                deadline,
                Deadline { begin_by: after(begin_by), answer_by: after(answer_by), tell_by: after(tell_by) },
                "{left}"
            );
        }
    }
}
