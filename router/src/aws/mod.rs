//! What is asked of AWS itself by signed calls of our own: plain calls with typed answers.
//!
//! Mitigation's are tried once, with a time limit; trying again is the matter of whoever performs the effect.

pub(crate) mod call;
pub mod credentials;
pub(crate) mod findings;
pub(crate) mod identity;
pub mod image_scan;
pub(crate) mod presigned;

use std::time::Duration;

use crate::failure::Failure;
use call::{CallError, Patience};

/// One call, in all.
const CALL: Duration = Duration::from_secs(5);
const ONCE: Patience = Patience { attempt: CALL, in_all: CALL, attempts: 1, wait: Duration::ZERO };

fn failure(about: &str, error: &CallError) -> Failure {
    let reason = format!("{about}: {error}");
    if error.is_transient() { Failure::transient(reason) } else { Failure::permanent(reason) }
}
