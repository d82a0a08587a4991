//! What tests and benches are made of: findings as they are delivered, pages, decisions, records, a pod in its cluster.
//!
//! Each is whole, with what a test is not about filled in. No release has it: only core's own tests, and who asks for
//! the feature `builders`.

mod decided;
mod finding;
mod pod;
mod policy;
mod records;

pub use decided::{decision, entry, notice, page};
pub use finding::GuardDuty;
pub use pod::{details, labels, owner, pod, workload};
pub use policy::{policy, rules, shipped_rules};
pub use records::{attributes, finding_record, silence};

use jiff::Timestamp;

/// That moment.
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}
