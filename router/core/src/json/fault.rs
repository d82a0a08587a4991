//! What in a text is not as JSON has it.

use std::fmt;

/// One thing that is amiss in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is.
    pub amiss: Amiss,
    /// The byte at which it stands.
    pub offset: usize,
    /// What JSON would have there.
    pub expected: &'static str,
}

impl Fault {
    /// Whether something beside it may be missing or misread, and not only what stands there.
    pub fn takes_away(&self) -> bool {
        match self.amiss {
            Amiss::CutOff | Amiss::NotJson => true,
            Amiss::TooDeep | Amiss::NotText | Amiss::Behind => false,
        }
    }
}

/// The kinds of what may be amiss, and what is made of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amiss {
    /// The text ends before it is over: what was begun ends there.
    CutOff,
    /// It nests deeper than [`super::MAX_DEPTH`]: null stands there.
    TooDeep,
    /// Something that is not text: U+FFFD stands for it, or the control character itself.
    NotText,
    /// Something that is not JSON: what can be told apart in it is read.
    NotJson,
    /// There is more behind the value, which is not read.
    Behind,
}

/// For a person: what could not be read, and where.
impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { amiss, offset, expected } = self;
        match amiss {
            Amiss::CutOff => write!(out, "what came after byte {offset} of the message: it is cut off there"),
            Amiss::TooDeep => {
                write!(out, "what nests deeper than {} in the message, at byte {offset}", super::MAX_DEPTH)
            }
            Amiss::NotText => {
                write!(
                    out,
                    "a character at byte {offset} of the message: it is not text ({expected} expected)"
                )
            }
            Amiss::Behind => {
                write!(out, "what stands behind the event, from byte {offset} of the message on")
            }
            Amiss::NotJson => {
                write!(out, "a part of the message at byte {offset}: it is not JSON ({expected} expected)")
            }
        }
    }
}
