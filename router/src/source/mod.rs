//! Where messages come from.

pub mod spool;
