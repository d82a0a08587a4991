//! Noise control: what keeps news from being paged at once, and never a P0 unless someone said so.
//!
//! ```text
//! news -> silenced? -> covered? -> flapping? -> digest? -> a storm? -> grouped? -> over a limit? -> say it
//!            |            |           |           |           |           |             |
//!            +------------+-----------+---- held, with a reason, and said later --------+
//! ```
//!
//! Whatever is held waits in a [`BundleRecord`](crate::noise::BundleRecord), which is said as one page when its time has come.

mod digested;
mod disposition;
mod inhibition;
mod limited;
mod muted;
mod paced;
mod waiting;

pub(crate) use digested::digested;
pub(crate) use disposition::{Disposition, Suppressing, Suppression, first_asked};
pub(crate) use inhibition::{adopting, covering, uncovering};
pub(crate) use limited::{channel_limit, longest_roll_up};
pub(crate) use muted::LONGEST_MUTE;
pub use waiting::as_said;
pub(crate) use waiting::{Untold, as_said_by_now, join, leave};
