//! The morning check: how the cluster and what Watchfire keeps of it are, in sections of lines, each green, yellow or red.
//!
//! ```text
//! ClusterSeen   what a look at the API server has shown, each list with what was in it or why there is none
//! Kept          what store and journal say: reports of a day, what is open, contained, silenced, suppressed
//! report        both, by the settings and the time -> Report
//! Live          what GuardDuty and Security Hub themselves have, asked for by whoever looks: beside the report
//! ```
//!
//! What can be the matter with an object is asked of the detectors of [`crate::survey`], so that it has the name, the
//! meaning and the thresholds that it has where it is watched for; [`Check`] lists what is looked at beside that.

mod check;
mod cluster;
mod colour;
mod kept;
mod line;
mod live;
mod mesh;
mod pods;
mod seen;
mod settings;
mod support;
mod symptoms;
#[cfg(test)]
mod tests;
mod version;
mod versions;
mod workloads;

pub use check::{Check, Section, What};
pub use colour::Colour;
pub use kept::{Kept, Models, Open, Quiet};
pub use line::{Item, Items, Line, Part, Report};
pub use live::{Live, Reported};
pub use pods::PodsSeen;
pub use seen::{Autoscaling, Backup, BackupPlace, Claim, ClusterSeen, Deprecated, Schedule, Seen, Unseen};
pub use settings::{SYSTEM, Settings};
pub use support::Support;
pub use version::Version;

use jiff::Timestamp;

use line::Lines;

/// The report of a cluster that was looked at and of what is kept of it: each, or why there is none.
pub fn report(
    cluster: Option<&str>,
    seen: &Seen<ClusterSeen>,
    kept: &Seen<Kept>,
    settings: &Settings,
    at: Timestamp,
) -> Report {
    let mut lines = Lines::default();
    let contained = kept.as_ref().map(|kept| kept.contained_uids.clone()).unwrap_or_default();
    if let Some(seen) = lines.seen(Check::Kubernetes, seen) {
        cluster::look(seen, &contained, settings, at, &mut lines);
    }
    if let Some(kept) = lines.seen(Check::Findings, kept) {
        kept::look(kept, at, &mut lines);
    }
    lines.into_report(cluster, at)
}
