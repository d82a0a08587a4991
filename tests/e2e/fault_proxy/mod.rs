//! The fault proxy does what DynamoDB does, and the store keeps its promises through it.

mod contention;
mod contract;
mod copied;
mod late;
mod limits;
mod meets;
mod outage;
mod rig;
mod throttled;
mod units;
