//! When what is reported: findings break out in waves, each kind in some of them, and come again with higher counts.

use super::kinds::{self, Kind};
use super::random::Random;
use super::{FINDINGS, SPAN, SUBJECTS, URGENT};

/// Waves of each kind.
const WAVES: usize = 3;
/// Each pod has at least so many findings, and fewer than the second number.
const FINDINGS_OF_A_POD: (u64, u64) = (3, 6);
/// Half of the repeats follow within that time, in milliseconds.
const SOON: u64 = 60_000;

/// A problem of one pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    /// The pod's place in the list of pods.
    pub(super) pod: usize,
    pub(super) kind: &'static Kind,
    /// When it is first reported, in milliseconds of the storm.
    pub(super) first: u64,
}

/// One report of a finding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    /// In milliseconds of the storm.
    pub(super) at: u64,
    /// The finding's place in the list of findings.
    pub(super) finding: usize,
    /// How often it was seen until then.
    pub(super) count: u64,
}

/// All findings, and their reports in order.
pub(super) fn all(random: &mut Random) -> (Vec<Finding>, Vec<Report>) {
    let mut findings = ordinary(random);
    let ordinary = findings.len();
    let mut times: Vec<_> = findings.iter().map(|finding| finding.first).zip(0..).collect();
    while times.len() < FINDINGS - URGENT {
        let finding = random.place(ordinary);
        times.push((again(random, findings[finding].first), finding));
    }
    findings.extend(urgent(random));
    times.extend(findings[ordinary..].iter().map(|finding| finding.first).zip(ordinary..));
    times.sort_unstable();
    let mut counts = vec![0; findings.len()];
    let reports = times.into_iter().map(|(at, finding)| {
        let count: &mut u64 = &mut counts[finding];
        *count += if *count == 0 { 1 } else { 1 + random.below(3) };
        Report { at, finding, count: *count }
    });
    let reports = reports.collect();
    (findings, reports)
}

/// Some kinds for every pod, each first reported in a wave of its kind.
fn ordinary(random: &mut Random) -> Vec<Finding> {
    let span = milliseconds();
    let waves: Vec<[(u64, u64); WAVES]> = kinds::ORDINARY
        .iter()
        .map(|_| std::array::from_fn(|_| (random.below(span * 4 / 5), 5_000 + random.below(55_000))))
        .collect();
    let mut findings = Vec::new();
    for pod in 0..SUBJECTS {
        let (least, bound) = FINDINGS_OF_A_POD;
        let wanted = least + random.below(bound - least);
        let mut has = [false; kinds::ORDINARY.len()];
        while has.iter().filter(|has| **has).count() < wanted as usize {
            let kind = weighted(random);
            if std::mem::replace(&mut has[kind], true) {
                continue;
            }
            let (start, length) = waves[kind][random.place(WAVES)];
            let first = start + random.below(length);
            findings.push(Finding { pod, kind: &kinds::ORDINARY[kind], first });
        }
    }
    findings
}

/// One in every thirtieth of the time, about a pod of another thirtieth of the pods.
fn urgent(random: &mut Random) -> Vec<Finding> {
    let (time, pods) = (milliseconds() / URGENT as u64, SUBJECTS / URGENT);
    let finding = |number: usize| Finding {
        pod: number * pods + random.place(pods),
        kind: &kinds::URGENT[number % kinds::URGENT.len()],
        first: number as u64 * time + random.below(time),
    };
    (0..URGENT).map(finding).collect()
}

fn again(random: &mut Random, first: u64) -> u64 {
    let left = milliseconds() - first;
    let most = if random.below(2) == 0 { left.min(SOON) } else { left };
    first + random.below(most)
}

fn weighted(random: &mut Random) -> usize {
    let total = kinds::ORDINARY.iter().map(|kind| kind.weight).sum();
    let mut left = random.below(total);
    let mut place = 0;
    while left >= kinds::ORDINARY[place].weight {
        left -= kinds::ORDINARY[place].weight;
        place += 1;
    }
    place
}

fn milliseconds() -> u64 {
    SPAN.as_secs() * 1000
}
