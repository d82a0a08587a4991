//! Everything Watchfire says about itself: log lines and metrics, each of them a function here.

mod lines;
mod logs;
mod metrics;

pub use logs::*;
pub use metrics::Metrics;
