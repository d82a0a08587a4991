//! The storm, decided the same by everybody.
//!
//! Of 100,000 reports every 800th that is no P0 counts; `WATCHFIRE_STORM_EVERY=1` takes them all.

use jiff::{SignedDuration, Timestamp};
use watchfire::rules_files;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, Routes};
use watchfire_core::priority::Priority;
use watchfire_core::rules::RuleSet;
use watchfire_core::scenario::StepInput;
use watchfire_tests::storm::Storm;

use super::{History, World};

fn policy() -> Policy {
    let rules = RuleSet::load(&rules_files::read(None).unwrap()).unwrap();
    Policy::new(rules, Routes::all_to(&ChannelName::new("oncall")))
}

/// With a tick every ten seconds.
fn inputs() -> Vec<StepInput> {
    let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let taken =
        std::env::var("WATCHFIRE_STORM_EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(800);
    let every = SignedDuration::from_secs(10);
    let (mut inputs, mut next_tick) = (Vec::new(), start);
    let shots = Storm::at(start).enumerate();
    for (_, shot) in shots.filter(|(number, shot)| shot.priority == Priority::P0 || number % taken == 0) {
        let at = start + SignedDuration::try_from(shot.at).unwrap();
        while next_tick <= at {
            inputs.push(StepInput::Tick { at: next_tick });
            next_tick += every;
        }
        inputs.push(StepInput::Message { text: shot.text(), at });
    }
    inputs.push(StepInput::Tick { at: start + SignedDuration::from_mins(10) });
    inputs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_decided_the_same_by_everybody() {
    let history = History { name: "the storm".to_owned(), policy: policy().into(), inputs: inputs() };
    let differences = World::new().await.differences([history]).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
