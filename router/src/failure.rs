//! What did not work out, and whether it may later.

use std::time::Duration;

/// A channel did not take an effect, or AWS a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may take it later.
    #[error("{reason}")]
    Transient {
        /// Why, without secrets.
        reason: String,
        /// Not before that much time; none where nobody said.
        retry_after: Option<Duration>,
    },
    /// It refused it, and would again.
    #[error("{reason}")]
    Permanent {
        /// Why, without secrets.
        reason: String,
    },
}

impl Failure {
    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Failure::Transient { reason: reason.into(), retry_after: None }
    }

    pub(crate) fn permanent(reason: impl Into<String>) -> Self {
        Failure::Permanent { reason: reason.into() }
    }
}
