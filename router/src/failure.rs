//! What came of an attempt on the world outside: it is done, may be done later, or never will be.

use std::time::Duration;

/// A channel took an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What it said, such as a message id.
    pub receipt: String,
}

/// A channel did not take an effect.
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

/// A message that has to come again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Nack {
    /// Why.
    pub reason: String,
    /// Not before this, if the one we wait for said so.
    pub retry_after: Option<Duration>,
}

/// Why one attempt did not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The channel is there, and takes no more for now: a matter of pace.
    Busy {
        /// Why, without secrets.
        reason: String,
        /// Not before that much time; none where nobody said.
        retry_after: Option<Duration>,
    },
    /// It failed, and may take it later.
    ForNow {
        /// Why, without secrets.
        reason: String,
        /// Not before that much time; none where nobody said.
        retry_after: Option<Duration>,
    },
    /// It refused it, and would again.
    ForGood {
        /// Why, without secrets.
        reason: String,
    },
    /// It was given no time to answer in.
    CutShort {
        /// How little.
        reason: String,
    },
}

impl NotTaken {
    /// Why, whatever it means for a next attempt.
    pub(crate) fn into_reason(self) -> String {
        match self {
            NotTaken::Busy { reason, .. }
            | NotTaken::ForNow { reason, .. }
            | NotTaken::ForGood { reason }
            | NotTaken::CutShort { reason } => reason,
        }
    }
}

impl From<Failure> for NotTaken {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transient { reason, retry_after } => NotTaken::ForNow { reason, retry_after },
            Failure::Permanent { reason } => NotTaken::ForGood { reason },
        }
    }
}

/// What came of an effect on a channel.
#[derive(Debug)]
pub struct Tried {
    /// Whether anything was sent: a channel that is down, or has no turn in time, is not asked.
    pub was_asked: bool,
    /// Its answer, or why there is none.
    pub result: Result<Done, Failure>,
}
