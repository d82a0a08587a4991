//! Random histories, and those who play them.

pub(crate) mod fleet;
mod made_up;
pub(crate) mod twists;
mod untold;
pub(crate) mod watched;

pub(crate) use made_up::{LIMIT, history};

/// How many histories are played: 1,000, or as many as `WATCHFIRE_HISTORIES` says.
#[expect(clippy::disallowed_methods, reason = "how many, not which: every history is decided without it")]
pub(crate) fn cases() -> u32 {
    std::env::var("WATCHFIRE_HISTORIES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
}
