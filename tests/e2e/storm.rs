//! A storm of 100,000 findings about 2,000 pods in ten minutes, 30 of them P0: decided as they come, with a tick
//! every two seconds, by the shipped rules and the noise control that is in force unless configured otherwise.
//!
//! A debug build takes minutes for all of it, so that here every tenth report that is no P0 counts;
//! `WATCHFIRE_STORM_EVERY=1` takes them all.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use watchfire::rules_files;
use watchfire_core::decision::Decision;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, Routes};
use watchfire_core::priority::Priority;
use watchfire_core::replay::Replay;
use watchfire_core::rules::RuleSet;
use watchfire_core::verdict::{EffectKind, Verdict};
use watchfire_tests::storm::{Storm, URGENT};

/// What people heard of a storm.
#[derive(Debug, Default)]
struct Heard {
    /// Pages of a single P0, by the time they took from the report.
    urgent: Vec<Duration>,
    /// Everything else that went to a channel.
    others: usize,
    /// How often each reason was given.
    reasons: BTreeMap<&'static str, usize>,
    decided: usize,
}

impl Heard {
    fn add(&mut self, decision: &Decision, reported: Option<(Timestamp, Priority)>) {
        self.decided += 1;
        *self.reasons.entry(decision.why.as_str()).or_default() += 1;
        let pages = decision.effects.iter().filter(|effect| effect.kind != EffectKind::Resolve).count();
        match reported {
            Some((at, Priority::P0)) if decision.verdict == Verdict::Page => {
                assert_eq!(decision.priority, Priority::P0);
                let waited = decision.at.duration_since(at);
                self.urgent.push(waited.try_into().expect("no page is before its report"));
            }
            Some(_) | None => self.others += pages,
        }
    }
}

#[test]
fn in_a_storm_every_p0_is_paged_at_once_and_little_else() {
    let files = rules_files::read(None).expect("the shipped rules are in the binary");
    let rules = RuleSet::load(&files).expect("the shipped rules are right");
    let policy = Policy::new(rules, Routes::all_to(&ChannelName::new("oncall")));
    let start: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
    let mut replay = Replay::new(&policy);
    let mut heard = Heard::default();
    let mut next_tick = start;
    let every = SignedDuration::from_secs(2);
    let mut reports = 0;
    let mut tick_until = |replay: &mut Replay<'_>, heard: &mut Heard, until: Timestamp| {
        while next_tick <= until {
            replay.tick(next_tick).iter().for_each(|decision| heard.add(decision, None));
            next_tick += every;
        }
    };
    let taken =
        std::env::var("WATCHFIRE_STORM_EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(10);
    let shots = Storm::at(start).enumerate();
    let shots = shots.filter(|(number, shot)| shot.priority == Priority::P0 || number % taken == 0);
    for (_, shot) in shots {
        let at = start + SignedDuration::try_from(shot.at).expect("ten minutes");
        tick_until(&mut replay, &mut heard, at);
        let decisions = replay.message_at(&shot.text(), at);
        reports += 1;
        assert_eq!(decisions.len(), 1);
        heard.add(&decisions[0], Some((at, shot.priority)));
    }
    tick_until(&mut replay, &mut heard, start + SignedDuration::from_mins(10));
    println!("{:?}", heard.reasons);
    println!("{} others, {} decided of {reports}", heard.others, heard.decided);
    assert_eq!(heard.urgent, vec![Duration::ZERO; URGENT]);
    assert!(heard.others < 60, "{} other messages", heard.others);
}
