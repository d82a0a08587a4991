//! Why somebody is nobody that is known.

use std::fmt;

use watchfire_core::text::clean;

/// The most characters of a reason.
const MOST: usize = 300;

/// Why somebody is nobody that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// They show nothing.
    ShowsNothing,
    /// They show what is nobody's, or nobody's any more.
    ShowsWrong,
    /// There is nothing that anybody could show.
    NobodyMay,
    /// What they show was looked at, and is not good: why, in a clause that tells nothing of it.
    Refused(String),
    /// Whoever would know them could not be asked: why. It is not said that they are nobody.
    Unheard(String),
}

impl Stranger {
    /// What they show is not good.
    pub(super) fn refused(why: impl fmt::Display) -> Self {
        Self::Refused(clean(&why.to_string(), MOST))
    }

    /// Whoever would know could not be asked.
    pub(super) fn unheard(why: impl fmt::Display) -> Self {
        Self::Unheard(clean(&why.to_string(), MOST))
    }
}
