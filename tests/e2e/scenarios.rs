//! The scenario files through the whole router: a real store on disk, real channels, a clock that is set. What
//! is decided is what the files expect, line by line, also when the router is opened anew before every step.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use watchfire::clients::Clients;
use watchfire::clock::Clock;
use watchfire::router::Router;
use watchfire::store::Store;
use watchfire_core::decision::Decision;
use watchfire_core::ids::EventId;
use watchfire_core::policy::Policy;
use watchfire_core::scenario::StepInput;
use watchfire_core::verdict::{Verdict, Why};
use watchfire_tests::PagerDuty;

use crate::agree::{channels, files, read};

/// One run of one scenario.
struct Run<'r> {
    folder: &'r Path,
    pagerduty: &'r PagerDuty,
    clients: &'r Clients,
    policy: Arc<Policy>,
    clock: Clock,
    router: Option<Router>,
    decided: Arc<Mutex<Vec<Decision>>>,
    seen: BTreeSet<EventId>,
}

impl Run<'_> {
    /// Closes the store, if it is open, and opens it with a router of its own: all that is known is on disk.
    async fn restart(&mut self) {
        drop(self.router.take());
        let store = Store::open(&self.folder.join("store.redb")).unwrap();
        let policy = self.policy.clone();
        let channels = channels(&policy, self.folder, self.pagerduty, self.clients).await;
        let mut router = Router::new(policy, store, channels, self.clock.clone(), Arc::default());
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

/// What is decided without a restart, everybody decides the same: see `agree`.
#[tokio::test]
async fn every_scenario_is_the_same_with_a_restart_before_every_step() {
    let (pagerduty, clients) = (PagerDuty::start().await, Clients::new(None).unwrap());
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let folder = tempfile::tempdir().unwrap();
        let scenario = read(&name, &text);
        let mut run = Run {
            folder: folder.path(),
            pagerduty: &pagerduty,
            clients: &clients,
            policy: Arc::new(read(&name, &text).into_policy()),
            clock: Clock::at(Timestamp::UNIX_EPOCH),
            router: None,
            decided: Arc::default(),
            seen: BTreeSet::new(),
        };
        let mut transcript = scenario.transcript();
        for (index, step) in scenario.steps.iter().enumerate() {
            let mut decided = Vec::new();
            for input in &step.inputs {
                run.restart().await;
                decided.extend(run.step(input).await);
            }
            wrong.extend(scenario.difference(index, &mut transcript, &decided));
        }
    }
    let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
