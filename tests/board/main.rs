//! The board in a real browser: read, filtered, acted on, followed; without scripts, by keys alone, on a phone; and what
//! nobody may do with it.
// An `unwrap` in a test is a promise that was not kept.
#![allow(clippy::unwrap_used)]

mod acting;
mod looking;
mod pictures;
mod refused;
mod signing_on;
mod stage;
