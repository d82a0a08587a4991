//! Skeleton.

pub mod source;
pub mod store;
