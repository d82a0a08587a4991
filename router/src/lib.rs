//! Skeleton.

pub mod actions;
pub mod clients;
pub mod secret;
