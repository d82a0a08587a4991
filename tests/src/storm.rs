//! A storm of findings, the same in every run: 100,000 reports about 2,000 pods in ten minutes, 30 of them P0.

mod kinds;
mod pods;
pub(crate) mod random;
mod schedule;
mod shot;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use kinds::Kind;
pub use pods::Pod;
use random::Random;
use schedule::{Finding, Report};
pub use shot::Shot;

/// How many reports there are.
pub const FINDINGS: usize = 100_000;
/// How many pods they are about.
pub const SUBJECTS: usize = 2_000;
/// How many of them are P0, each about another pod and reported once.
pub const URGENT: usize = 30;
/// How long it lasts.
pub const SPAN: Duration = Duration::from_secs(600);

/// The reports in the order of their times. They differ from run to run in nothing but the times written in them.
#[derive(Debug)]
pub struct Storm {
    start: Timestamp,
    pods: Vec<Arc<Pod>>,
    findings: Vec<Finding>,
    reports: std::vec::IntoIter<Report>,
    given: usize,
}

impl Storm {
    /// The storm that breaks at that time.
    pub fn at(start: Timestamp) -> Self {
        let mut random = Random::new(20_261_120);
        let pods: Vec<_> = pods::all(&mut random).into_iter().map(Arc::new).collect();
        let (findings, reports) = schedule::all(&mut random);
        Self { start, pods, findings, reports: reports.into_iter(), given: 0 }
    }
}

impl Iterator for Storm {
    type Item = Shot;

    fn next(&mut self) -> Option<Shot> {
        let Report { at, finding: number, count } = self.reports.next()?;
        let Finding { pod, kind, first } = self.findings[number];
        let event = self.given;
        self.given += 1;
        let time = |at| self.start + Duration::from_millis(at);
        Some(Shot {
            at: Duration::from_millis(at),
            event: format!("storm-{event:06}"),
            finding: format!("{number:032x}"),
            subject: Arc::clone(&self.pods[pod]),
            kind,
            priority: kind.priority,
            count,
            first_seen: time(first),
            updated_at: time(at),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use watchfire::rules_files;
    use watchfire_core::context::Context;
    use watchfire_core::event::Event;
    use watchfire_core::priority::Priority;
    use watchfire_core::rules::RuleSet;

    use super::*;

    fn storm() -> Storm {
        Storm::at("2026-11-20T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn it_has_as_many_reports_subjects_and_p0s_as_it_says() {
        let shots: Vec<_> = storm().collect();
        let different = |part: fn(&Shot) -> String| shots.iter().map(part).collect::<BTreeSet<_>>().len();
        let counts = [
            shots.len(),
            different(|shot| shot.event.clone()),
            different(|shot| shot.subject.name.clone()),
            different(|shot| shot.subject.account.to_owned()),
        ];
        assert_eq!(counts, [FINDINGS, FINDINGS, SUBJECTS, 3]);
        let urgent: Vec<_> = shots.iter().filter(|shot| shot.priority == Priority::P0).collect();
        let pods: BTreeSet<_> = urgent.iter().map(|shot| &shot.subject.name).collect();
        assert_eq!((urgent.len(), pods.len()), (URGENT, URGENT));
        let others: BTreeSet<_> =
            shots.iter().filter(|shot| shot.priority != Priority::P0).map(|shot| shot.kind.family).collect();
        assert_eq!(others.len(), 6, "{others:?}");
    }

    #[test]
    fn it_is_the_same_every_time() {
        assert!(storm().eq(storm()));
        let some = || storm().step_by(9_973).map(|shot| shot.text()).collect::<Vec<_>>();
        assert_eq!(some(), some());
    }

    #[test]
    fn it_keeps_to_its_ten_minutes_in_order_and_comes_in_bursts() {
        let times: Vec<_> = storm().map(|shot| shot.at).collect();
        assert!(times.is_sorted() && times.iter().all(|at| *at < SPAN));
        let mut seconds = BTreeMap::<u64, usize>::new();
        times.iter().for_each(|at| *seconds.entry(at.as_secs()).or_default() += 1);
        let busiest = seconds.values().max().copied().unwrap_or_default();
        assert!(busiest > 2 * FINDINGS / 600, "{busiest}");
    }

    #[test]
    fn p0s_are_spread_over_all_of_it() {
        let urgent = storm().filter(|shot| shot.priority == Priority::P0);
        let slots: Vec<_> = urgent.map(|shot| shot.at.as_secs() / 20).collect();
        assert_eq!(slots, (0..30).collect::<Vec<_>>());
    }

    #[test]
    fn a_finding_that_comes_again_has_a_higher_count_and_a_later_time() {
        let mut latest = BTreeMap::new();
        let mut again = 0;
        for shot in storm() {
            let now = (shot.count, shot.updated_at);
            if let Some((count, updated_at)) = latest.insert(shot.key(), now) {
                again += 1;
                assert!(count < shot.count && updated_at <= shot.updated_at, "{shot:?}");
            }
        }
        assert_eq!(again + latest.len(), FINDINGS);
    }

    #[test]
    fn every_kind_has_the_priority_and_family_that_the_shipped_rules_give_it() {
        let rules = RuleSet::load(&rules_files::read(None).unwrap()).unwrap();
        let kinds: BTreeMap<_, _> = storm().map(|shot| (shot.kind.name, shot)).collect();
        assert_eq!(kinds.len(), kinds::ORDINARY.len() + kinds::URGENT.len());
        for shot in kinds.values() {
            let text = shot.text();
            let event = Event::read(&text).unwrap();
            let rule = rules.classify(&event, &Context::default()).rule;
            assert_eq!((rule.priority, rule.family.as_str()), (shot.priority, shot.kind.family), "{text}");
            let subject = &shot.subject;
            let primary = format!("pods/{}/{}", subject.namespace, subject.name);
            assert_eq!(event.subject.primary(), Some(primary));
            let key = event.finding.as_ref().map(|finding| finding.key.as_str());
            assert_eq!((event.id.shown(), key), (shot.event.clone(), Some(shot.key().as_str())));
        }
    }
}
