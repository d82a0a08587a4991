//! Jobs that failed: each by itself, and of a CronJob the last that ended.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{About, Condition, Settings, Symptom, Thing, said_by_others};
use crate::context::{Progress, Workload, WorkloadKind};

/// A Job that failed longer ago is no news.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// How a Job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished<'w> {
    job: &'w Workload,
    at: Option<Timestamp>,
    failed: Option<&'w str>,
}

impl<'w> Finished<'w> {
    /// Of a workload; none of what is no Job, or has not ended.
    pub fn of(workload: &'w Workload) -> Option<Self> {
        if workload.kind != WorkloadKind::Job {
            return None;
        }
        match workload.progress.as_ref()? {
            Progress::RollingOut => None,
            Progress::Succeeded { at } => Some(Self { job: workload, at: *at, failed: None }),
            Progress::Failed { reason, at } => Some(Self { job: workload, at: *at, failed: Some(reason) }),
        }
    }
}

/// Says each Job that failed.
pub fn jobs<'w>(
    all: impl Iterator<Item = Finished<'w>>,
    settings: &Settings,
    at: Timestamp,
    say: &mut dyn FnMut(Symptom),
) {
    if !settings.looks_for(Condition::JobFailed) {
        return;
    }
    let mut last: BTreeMap<&str, Finished<'w>> = BTreeMap::new();
    for one in all.filter(|one| settings.looks_at(&one.job.namespace)) {
        let of = one.job.owner.as_ref().map_or(&*one.job.uid, |owner| &*owner.uid);
        match last.get(of) {
            Some(later) if (later.at, &later.job.name) > (one.at, &one.job.name) => {}
            Some(_) | None => {
                last.insert(of, one);
            }
        }
    }
    for Finished { job, at: ended, failed } in last.into_values() {
        let is_recent = ended.is_none_or(|ended| at.duration_since(ended) < RECENT);
        let Some(reason) = failed.filter(|_| is_recent) else { continue };
        let about = match job.owner.as_ref().filter(|owner| owner.kind == "CronJob") {
            Some(owner) => About::object(Thing::CronJob, &job.namespace, &owner.name, &owner.uid),
            None => About::object(Thing::Job, &job.namespace, &job.name, &job.uid),
        };
        let seen = format!("Job {} was given up ({}).", job.name, said_by_others(reason));
        say(Symptom::new(Condition::JobFailed, about, ended, seen));
    }
}
