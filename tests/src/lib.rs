//! Skeleton.

pub mod pagerduty;
