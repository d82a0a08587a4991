//! Workloads with fewer pods than they want, claims, backups: what is looked at object by object beside the detectors.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::cluster::well;
use super::line::Lines;
use super::{Backup, BackupPlace, Check, Claim, ClusterSeen, Colour, Item, Schedule, Seen, Settings};
use crate::act::REPLICAS_ANNOTATION;
use crate::context::{Progress, Workload, WorkloadKind};

/// A claim may wait so long for its volume.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Says which workloads have fewer ready pods than they want, and are not being rolled out.
pub(super) fn short(
    seen: &ClusterSeen,
    contained: &BTreeSet<String>,
    settings: &Settings,
    lines: &mut Lines,
) {
    let Some(all) = lines.seen(Check::WorkloadShort, &seen.workloads) else { return };
    let item = |one: &Workload| {
        let wanted = one.replicas?;
        let is_ours = contained.contains(&one.uid) || one.annotations.contains_key(REPLICAS_ANNOTATION);
        let is_whole = one.ready >= wanted || one.progress == Some(Progress::RollingOut);
        let counts = match one.kind {
            WorkloadKind::Deployment | WorkloadKind::StatefulSet => true,
            // Of a Deployment's own it tells itself.
            WorkloadKind::ReplicaSet => one.owner.is_none(),
            WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Other(_) => {
                false
            }
        };
        if is_ours || is_whole || !counts || !settings.survey.looks_at(&one.namespace) {
            return None;
        }
        let colour = if one.ready == 0 { Colour::from(level(one, settings)) } else { Colour::Yellow };
        let said = format!("{} of {wanted} pods are ready ({}).", one.ready, one.kind.as_str());
        Some(Item::new(Some(&one.namespace), &one.name, said, colour))
    };
    lines.found(Check::WorkloadShort, all.iter().filter_map(item));
}

/// Nothing of it serves: as bad as a crash loop there.
fn level(one: &Workload, settings: &Settings) -> crate::survey::Level {
    crate::survey::Condition::CrashLoop.level(settings.survey.place(Some(&one.namespace)))
}

pub(super) fn claims(seen: &ClusterSeen, settings: &Settings, at: Timestamp, lines: &mut Lines) {
    let Some(all) = lines.seen(Check::Claims, &seen.claims) else { return };
    let of =
        |claim: &Claim, said: String, colour| Item::new(Some(&claim.namespace), &claim.name, said, colour);
    let looked_at = || all.iter().filter(|claim| settings.survey.looks_at(&claim.namespace));
    let waits = looked_at().filter_map(|claim| {
        let since = claim.created_at.filter(|_| claim.phase == "Pending")?;
        let is_long = at.duration_since(since) >= PATIENCE;
        is_long.then(|| of(claim, format!("Pending for {} h.", hours(since, at)), Colour::Yellow))
    });
    lines.found(Check::ClaimPending, waits);
    let lost = looked_at().filter(|claim| claim.phase == "Lost");
    lines.found(Check::ClaimLost, lost.map(|claim| of(claim, "Its volume is gone.".to_owned(), Colour::Red)));
    let bound = all.iter().filter(|claim| claim.phase == "Bound").count();
    lines.sentence(Check::Claims, Colour::Green, well(bound, all.len(), "bound"));
    if lines.seen(Check::Volumes, &seen.volumes).is_some() {
        lines.sentence(Check::Volumes, Colour::Green, "asked of Prometheus");
    }
}

pub(super) fn backups(seen: &ClusterSeen, settings: &Settings, at: Timestamp, lines: &mut Lines) {
    let Some(all) = lines.seen(Check::Backups, &seen.backups) else { return };
    let newest = newest(all);
    let failed = newest.values().filter_map(|backup| {
        let colour = match backup.phase.as_str() {
            "Failed" | "FailedValidation" => Colour::Red,
            "PartiallyFailed" => Colour::Yellow,
            _ => return None,
        };
        let by = backup.schedule.as_deref().map(|name| format!(", the newest of schedule {name}"));
        let said = format!("{}{}.", backup.phase, by.unwrap_or_default());
        Some(Item::new(Some(&backup.namespace), &backup.name, said, colour))
    });
    lines.found(Check::BackupFailed, failed);
    places(&seen.places, lines);
    let done = all.iter().filter(|backup| backup.phase == "Completed").filter_map(|backup| backup.created_at);
    let schedules = active(&seen.schedules);
    match done.max() {
        Some(last) if hours(last, at) > i64::from(settings.backup_hours) => {
            let said = format!("the newest that completed is {} h old", hours(last, at));
            lines.sentence(Check::BackupOld, Colour::Yellow, said);
        }
        Some(last) => {
            let said = format!("the newest that completed is {} h old; {schedules}", hours(last, at));
            lines.sentence(Check::Backups, Colour::Green, said);
        }
        None => lines.sentence(Check::BackupOld, Colour::Yellow, format!("none has completed; {schedules}")),
    }
}

fn places(seen: &Seen<Vec<BackupPlace>>, lines: &mut Lines) {
    let Some(all) = lines.seen(Check::BackupPlace, seen) else { return };
    let away = all.iter().filter(|place| place.phase == "Unavailable").map(|place| {
        let said = match place.message.as_str() {
            "" => "It is not available.".to_owned(),
            message => format!("It is not available: {message}."),
        };
        Item::new(Some(&place.namespace), &place.name, said, Colour::Red)
    });
    lines.found(Check::BackupPlace, away);
}

fn active(seen: &Seen<Vec<Schedule>>) -> String {
    match seen {
        Ok(all) => {
            let paused = all.iter().filter(|schedule| schedule.is_paused).count();
            format!("{} schedules, {paused} paused", all.len())
        }
        Err(_) => "its schedules were not looked at".to_owned(),
    }
}

/// The newest that has ended of each schedule, and of those that were made by hand.
fn newest(all: &[Backup]) -> BTreeMap<(&str, Option<&str>), &Backup> {
    let mut newest: BTreeMap<_, &Backup> = BTreeMap::new();
    let ended = ["Completed", "Failed", "FailedValidation", "PartiallyFailed"];
    for backup in all.iter().filter(|backup| ended.contains(&backup.phase.as_str())) {
        let key = (backup.namespace.as_str(), backup.schedule.as_deref());
        let is_newer = newest.get(&key).is_none_or(|known| known.created_at < backup.created_at);
        if is_newer {
            newest.insert(key, backup);
        }
    }
    newest
}

/// How old something is, in hours.
fn hours(since: Timestamp, at: Timestamp) -> i64 {
    at.duration_since(since).max(SignedDuration::ZERO).as_hours()
}
