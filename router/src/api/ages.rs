//! How long ago something was, in words: the same on the command line and on the board.

use jiff::{SignedDuration, Timestamp};

/// How far off a time is: `in 12m`, `3h ago`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    if at > now { format!("in {}", age(now, at)) } else { format!("{} ago", age(at, now)) }
}

/// How long ago, in its greatest unit: `12m`, `3h`, `2d`.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    let time = now.duration_since(since).max(SignedDuration::ZERO);
    match (time.as_mins(), time.as_hours()) {
        (minutes, _) if minutes < 60 => format!("{minutes}m"),
        (_, hours) if hours < 48 => format!("{hours}h"),
        (_, hours) => format!("{}d", hours / 24),
    }
}
