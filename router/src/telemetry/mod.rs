//! Everything Watchfire says about itself: log lines, metrics and traces, each of them a function here.

mod emf;
mod lines;
mod logs;
mod metrics;
mod panics;
mod traces;
mod triage;

pub use emf::Emf;
pub use logs::*;
pub use metrics::{Metrics, Origin};
pub(crate) use panics::caught;
pub use panics::panics_are_logged;
pub use traces::{Brought, Traces};
pub(crate) use traces::{Step, of_act, of_commit, of_decision, of_message, of_page, of_resumed};
pub(crate) use triage::TriageOutcome;

/// The function's name, in a Lambda.
fn function() -> Option<String> {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok().filter(|name| !name.is_empty())
}
