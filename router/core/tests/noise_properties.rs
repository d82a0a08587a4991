//! Over random histories: no P0 waits, every event has one reason, limits hold, what was paged is resolved or open,
//! what is held comes out, whatever the clock does, and a restart changes nothing.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use watchfire_core::replay::Replay;
use watchfire_core::scenario::{Beside, Scenario, StepInput};
use watchfire_core::yaml::wrong;

use crate::histories::fleet;
use crate::histories::twists::{Twist, twists};
use crate::histories::watched::Watched;
use crate::histories::{cases, history};

fn end(scenario: &Scenario) -> Timestamp {
    let last = scenario.steps.last().and_then(|step| step.inputs.last());
    match last {
        Some(StepInput::Message { at, .. } | StepInput::Command { at, .. } | StepInput::Tick { at }) => *at,
        None => Timestamp::UNIX_EPOCH,
    }
}

fn inputs(scenario: &Scenario) -> impl Iterator<Item = &StepInput> {
    scenario.steps.iter().flat_map(|step| &step.inputs)
}

fn transcript(scenario: &Scenario, restarts: bool) -> Vec<String> {
    let mut replay = Replay::new(scenario.policy());
    let mut transcript = scenario.transcript();
    let lines = inputs(scenario).flat_map(|input| {
        if restarts {
            replay.restart();
        }
        let decided = match input {
            StepInput::Message { text, at } => replay.message_at(text, *at),
            StepInput::Command { command, at } => vec![replay.command(command, *at)],
            StepInput::Tick { at } => replay.tick(*at),
        };
        transcript.lines(&decided)
    });
    lines.collect()
}

/// A history, whose rules are `plain`.
fn read(text: &str) -> Scenario {
    let event = |_: &str| Err(wrong(""));
    Scenario::read("history", text, Beside { rules: &[], builtin: &[], event: &event }).unwrap()
}

/// Plays a history with its twists, and ticks for so many hours after it.
fn play<'s>(scenario: &'s Scenario, twists: &[Twist], hours: i64, every: i64) -> Watched<'s> {
    let mut watched = Watched::new(scenario);
    for (input, twist) in inputs(scenario).zip(twists) {
        watched.step(&twist.of(input, &watched.decisions));
    }
    let end = end(scenario);
    // First by a clock that is right again.
    for hour in (0..=hours).step_by(every as usize) {
        watched.step(&StepInput::Tick { at: end + SignedDuration::from_hours(hour) });
    }
    let ids: BTreeSet<_> = watched.decisions.iter().map(|decision| &decision.event).collect();
    assert_eq!(ids.len(), watched.decisions.len(), "two decisions under one id");
    watched
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_hides_a_p0_breaks_a_limit_tells_twice_or_forgets(text in history(), twists in twists(false)) {
        let scenario = read(&text);
        // All silences, waits and limits of a history are over by then, and a business day has begun.
        let watched = play(&scenario, &twists, 150, 5);
        watched.limits_hold();
        watched.nothing_waits_for_ever();
    }

    #[test]
    fn whatever_the_clock_does_nothing_that_was_held_is_untold_60_days_later(
        text in history(),
        twists in twists(true),
    ) {
        let scenario = read(&text);
        play(&scenario, &twists, 60 * 24, 23).all_is_told();
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases() / 10,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_restart_at_any_point_changes_nothing(text in history()) {
        let scenario = read(&text);
        prop_assert_eq!(transcript(&scenario, false), transcript(&scenario, true));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases() / 4,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn workers_on_one_store_decide_every_event_once_and_leave_nothing_untold(text in history(), seed: u64) {
        fleet::play(&read(&text), seed);
    }
}
