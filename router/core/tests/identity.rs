//! What is one problem and what is two, over events as they were delivered.

use watchfire_core::replay::Replay;
use watchfire_core::scenario::{Beside, Scenario};
use watchfire_core::verdict::{Verdict, Why};
use watchfire_core::yaml::wrong;

const TWO_EVENTS: &str = include_str!("../../../tests/data/cases/two-events-of-one-resource.jsonl");
const STATUS: &str = include_str!("../../../tests/data/cases/guardduty-status-events.jsonl");
const PRESSES: &str = include_str!("../../../tests/data/cases/buttons-pressed-again.jsonl");

/// What becomes of each line, with a rule that pages everything.
fn decided(lines: &[&str]) -> Vec<(Verdict, Why)> {
    let text = r#"{"promise": "", "rules": "plain", "start": "2026-11-20T10:00:00Z", "steps": []}"#;
    let beside = Beside { rules: &[], builtin: &[], event: &|_| Err(wrong("")) };
    let scenario = Scenario::read("identity", text, beside).unwrap();
    let mut replay = Replay::new(scenario.policy());
    let decisions = lines.iter().flat_map(|line| replay.message(line));
    // What is due in between is none of these.
    let events = decisions.filter(|decision| decision.face.is_some());
    events.map(|decision| (decision.verdict, decision.why)).collect()
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim().is_empty()).collect()
}

const NEW: (Verdict, Why) = (Verdict::Page, Why::New);
const NOT_OPEN: (Verdict, Why) = (Verdict::Quiet, Why::NotOpen);
const REPEAT: (Verdict, Why) = (Verdict::Quiet, Why::Repeat);

#[test]
fn two_events_about_one_resource_are_two_problems_and_the_same_again_is_one() {
    let [backup, config] = lines(TWO_EVENTS)[..] else { panic!("there are two") };
    let again = backup.replace("\"e1\"", "\"e3\"").replace("10:00:00", "11:00:00");
    assert_eq!(decided(&[backup, config, &again]), [NEW, NEW, REPEAT]);
}

#[test]
fn that_something_is_active_does_not_silence_that_it_failed() {
    let status = lines(STATUS);
    let [active, error, unhealthy, ..] = status[..] else { panic!("there are seven") };
    assert_eq!(decided(&[active, error, unhealthy]), [NOT_OPEN, (Verdict::Page, Why::Reopened), NEW]);
    let again = active.replace("\"o0\"", "\"o9\"");
    assert_eq!(decided(&[error, &again]), [NEW, (Verdict::Quiet, Why::Closed)]);
}

#[test]
fn every_press_of_a_button_is_news_and_a_redelivery_of_one_is_none() {
    let presses = lines(PRESSES);
    assert!(presses.len() >= 4);
    let expected: Vec<_> = presses.iter().map(|_| NEW).collect();
    assert_eq!(decided(&presses), expected);
    let twice: Vec<_> = presses.iter().take(1).chain(presses.iter().take(1)).copied().collect();
    assert_eq!(decided(&twice), [NEW, REPEAT]);
    // At the same moment, by the same human, on the same finding.
    let second = presses[0].replace("-000000000001\"", "-00000000000a\"");
    assert_eq!(decided(&[presses[0], &second]), [NEW; 2]);
}
