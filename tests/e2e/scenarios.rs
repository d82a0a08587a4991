//! The scenario files through the whole router: a real store on disk, real channels, a clock that is set. What
//! is decided is the same as in memory, line by line, also when the router is opened anew before every step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use watchfire::channel::{Channel, ChannelConfig};
use watchfire::clients::Clients;
use watchfire::clock::Clock;
use watchfire::router::Router;
use watchfire::rules_files;
use watchfire::store::Store;
use watchfire::telemetry::Metrics;
use watchfire_core::decision::Decision;
use watchfire_core::ids::EventId;
use watchfire_core::scenario::{Beside, Scenario, StepInput};
use watchfire_core::verdict::{Verdict, Why};
use watchfire_tests::PagerDuty;

/// One run of one scenario.
struct Run<'r> {
    folder: &'r Path,
    pagerduty: &'r PagerDuty,
    name: &'r str,
    text: &'r str,
    clock: Clock,
    router: Option<Router>,
    decided: Arc<Mutex<Vec<Decision>>>,
    seen: BTreeSet<EventId>,
}

impl Run<'_> {
    fn read(&self) -> Scenario {
        let shipped = rules_files::read(None).unwrap();
        let event = |event: &str| rules_files::read_example(None, event);
        let beside = Beside { rules: &shipped, builtin: &shipped, event: &event };
        Scenario::read(self.name, self.text, beside).unwrap()
    }

    /// Closes the store, if it is open, and opens it with a router of its own: all that is known is on disk.
    async fn restart(&mut self) {
        drop(self.router.take());
        let policy = self.read().into_policy();
        let clients = Clients::new(None).unwrap();
        let key = self.folder.join("routing-key");
        std::fs::write(&key, watchfire_tests::Configuration::ROUTING_KEY).unwrap();
        let mut channels = BTreeMap::new();
        for name in policy.channels() {
            let config: Value = json!({"pagerduty": {
                "routing_key": {"file": key}, "url": self.pagerduty.url(), "payload": "standard",
            }});
            let config: ChannelConfig = serde_json::from_value(config).unwrap();
            channels.insert(name.clone(), Channel::new(&name, config, &clients).await.unwrap());
        }
        let store = Store::open(&self.folder.join("store.redb")).unwrap();
        let metrics = Arc::new(Metrics::default());
        let mut router = Router::new(policy, store, channels, self.clock.clone(), metrics);
        let decided = self.decided.clone();
        router
            .watch_decisions(Some(Box::new(move |decision| decided.lock().unwrap().push(decision.clone()))));
        self.router = Some(router);
    }

    async fn step(&mut self, input: &StepInput) -> Vec<Decision> {
        let at = match input {
            StepInput::Message { at, .. } | StepInput::Command { at, .. } | StepInput::Tick { at } => *at,
        };
        self.clock.advance(at.duration_since(self.clock.now()).max(SignedDuration::ZERO));
        let router = self.router.as_ref().unwrap();
        match input {
            StepInput::Message { text, at: _ } => {
                // What is still pending then, is of no matter here: it has been decided.
                let handled = router.handle(text).await.map(|handled| handled.decisions).unwrap_or_default();
                let fresh: BTreeSet<_> =
                    self.decided.lock().unwrap().iter().map(|decision| decision.event.clone()).collect();
                // One that was delivered before is answered with what was decided then: in a transcript, again.
                for decision in handled {
                    if !fresh.contains(&decision.event) && self.seen.contains(&decision.event) {
                        self.decided.lock().unwrap().push(Decision {
                            verdict: Verdict::Quiet,
                            why: Why::Repeat,
                            effects: Vec::new(),
                            acts: Vec::new(),
                            withheld: Vec::new(),
                            ..decision
                        });
                    }
                }
            }
            StepInput::Command { command, at: _ } => {
                router.command(command, None).await.unwrap();
            }
            StepInput::Tick { at } => {
                router.tick(*at, SignedDuration::from_hours(24 * 365)).await.unwrap();
            }
        }
        let decided = std::mem::take(&mut *self.decided.lock().unwrap());
        self.seen.extend(decided.iter().map(|decision| decision.event.clone()));
        decided
    }
}

/// Every scenario in a run of its own; all that differs, of all of them.
async fn run_all(restarts: bool) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/scenarios"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() >= 60, "{} scenarios", files.len());
    let pagerduty = PagerDuty::start().await;
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut run = Run {
            folder: folder.path(),
            pagerduty: &pagerduty,
            name: &name,
            text: &text,
            clock: Clock::at(Timestamp::UNIX_EPOCH),
            router: None,
            decided: Arc::default(),
            seen: BTreeSet::new(),
        };
        run.restart().await;
        let scenario = run.read();
        let mut transcript = scenario.transcript();
        for (index, step) in scenario.steps.iter().enumerate() {
            let mut decided = Vec::new();
            for input in &step.inputs {
                if restarts {
                    run.restart().await;
                }
                decided.extend(run.step(input).await);
            }
            wrong.extend(scenario.difference(index, &mut transcript, &decided));
        }
    }
    let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_scenario_is_the_same_through_handle_and_tick() {
    run_all(false).await;
}

#[tokio::test]
async fn every_scenario_is_the_same_with_a_restart_before_every_step() {
    run_all(true).await;
}
