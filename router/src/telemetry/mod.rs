//! Everything Watchfire says about itself: log lines and metrics, each of them a function here.

mod lines;
mod logs;
mod metrics;
mod panics;

pub use logs::*;
pub use metrics::Metrics;
pub(crate) use metrics::Origin;
pub(crate) use panics::caught;
pub use panics::panics_are_logged;
