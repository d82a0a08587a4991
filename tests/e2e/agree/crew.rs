//! Those who decide a history, each the next input in turn: what one knows of the others is in their store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use watchfire::app::Called;
use watchfire::channel::{Channel, ChannelConfig};
use watchfire::clients::Clients;
use watchfire::clock::Clock;
use watchfire::config::Config;
use watchfire::rotation::Rotation;
use watchfire::router::Router;
use watchfire::store::Store;
use watchfire::telemetry::{Emf, Traces};
use watchfire_core::decision::Decision;
use watchfire_core::ids::{ChannelName, EventId};
use watchfire_core::policy::Policy;
use watchfire_core::scenario::StepInput;
use watchfire_core::verdict::Why;
use watchfire_lambda::{Deadline, Lambda, Operators};
use watchfire_tests::{Configuration, PagerDuty, until};

use super::told::told;
use super::{History, World, events};
use crate::lambda::batch;
use crate::support::SOON;

/// Nothing of a history is that old.
const KEEP: SignedDuration = SignedDuration::from_hours(24 * 365);
/// A table holds an edition of the digest back for that long after it was closed.
const LAST_LINES: SignedDuration = SignedDuration::from_secs(10);

/// Everybody over one store, and whose turn it is.
pub(super) struct Crew {
    members: Vec<Member>,
    turns: usize,
    clock: Clock,
    decided: Arc<Mutex<Vec<Decision>>>,
    seen: BTreeSet<EventId>,
    holds_editions_back: bool,
}

/// A worker, or the router of a Lambda with it before it.
struct Member {
    router: Arc<Router>,
    lambda: Option<Lambda>,
}

impl Crew {
    /// One worker.
    pub(super) async fn over_a_file(folder: &Path, history: &History, world: &World) -> Self {
        let mut crew = Self::nobody(false);
        let store = Store::open(&folder.join("store.redb")).unwrap();
        crew.members.push(crew.worker(&history.policy, store, folder, world).await);
        crew
    }

    /// A worker and a Lambda, each with a store of its own.
    pub(super) async fn over_a_table(folder: &Path, history: &History, world: &World) -> Self {
        let mut crew = Self::nobody(true);
        let table = world.table.beside();
        for number in 0..2 {
            let store = table.open().await;
            let mut member = crew.worker(&history.policy, store.clone(), folder, world).await;
            member.lambda = (number == 1).then(|| lambda(&member.router, store, &world.clients));
            crew.members.push(member);
        }
        crew
    }

    fn nobody(holds_editions_back: bool) -> Self {
        let (members, turns, decided, seen) = Default::default();
        Self { members, turns, clock: Clock::at(Timestamp::UNIX_EPOCH), decided, seen, holds_editions_back }
    }

    async fn worker(&self, policy: &Arc<Policy>, store: Store, folder: &Path, world: &World) -> Member {
        let channels = channels(policy, folder, &world.pagerduty, &world.clients).await;
        let mut router = Router::new(policy.clone(), store, channels, self.clock.clone(), Arc::default());
        let decided = self.decided.clone();
        let watch = move |decision: &Decision| decided.lock().unwrap().push(decision.clone());
        router.watch_decisions(Some(Box::new(watch)));
        Member { router: Arc::new(router), lambda: None }
    }

    /// What was decided about each input.
    pub(super) async fn play(&mut self, history: &History) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for input in &history.inputs {
            all.push(self.step(input).await);
        }
        all
    }

    async fn step(&mut self, input: &StepInput) -> Vec<String> {
        let at = match input {
            StepInput::Message { at, .. } | StepInput::Command { at, .. } | StepInput::Tick { at } => *at,
        };
        self.clock.advance(at.duration_since(self.clock.now()).max(SignedDuration::ZERO));
        let turn = self.turns % self.members.len();
        self.turns += 1;
        let decided = match input {
            StepInput::Message { text, at: _ } => self.message(text, turn).await,
            StepInput::Command { command, at: _ } => {
                let router = &self.members[turn].router;
                until("a command that is taken", SOON, async || router.command(command, None).await.ok())
                    .await;
                self.taken()
            }
            StepInput::Tick { at } => return self.tick(input, *at, turn).await,
        };
        told(input, decided)
    }

    /// A store that is slow on a busy machine refuses, and the queue brings it again until its events are decided.
    async fn message(&mut self, text: &str, turn: usize) -> Vec<Decision> {
        let mut decided = Vec::new();
        until(&format!("decided: {text}"), SOON, async || {
            // What is still pending then, is of no matter here: it has been decided.
            let Member { router, lambda } = &self.members[turn];
            match lambda {
                Some(lambda) => drop(lambda.answer(&invoked_by(text), None, minutes()).await),
                None => drop(router.handle(text).await),
            }
            decided.extend(self.taken());
            events(text).iter().all(|event| self.seen.contains(event)).then_some(())
        })
        .await;
        decided
    }

    async fn tick(&mut self, input: &StepInput, at: Timestamp, turn: usize) -> Vec<String> {
        self.ticked(turn, at).await;
        let decided = self.taken();
        let is_held_back = decided.iter().any(|decision| decision.why == Why::EditionClosed);
        let mut lines = told(input, decided);
        if self.holds_editions_back && is_held_back {
            let later = at + LAST_LINES;
            self.clock.advance(LAST_LINES);
            // Another one: the edition is said by whoever looks then.
            let next = (turn + 1) % self.members.len();
            self.ticked(next, later).await;
            let said = told(input, self.taken());
            lines.extend(said.iter().map(|line| line.replace(&later.to_string(), &at.to_string())));
            lines.sort();
        }
        lines
    }

    /// A store that is slow on a busy machine is asked again, as it is by a worker.
    async fn ticked(&self, member: usize, at: Timestamp) {
        let router = &self.members[member].router;
        until("a tick that is done", SOON, async || router.tick(at, KEEP).await.ok()).await;
    }

    fn taken(&mut self) -> Vec<Decision> {
        let decided = std::mem::take(&mut *self.decided.lock().unwrap());
        for decision in &decided {
            assert!(self.seen.insert(decision.event.clone()), "decided twice: {}", decision.event);
        }
        decided
    }
}

/// The channels of a policy: all of them lead to that PagerDuty.
pub(crate) async fn channels(
    policy: &Policy,
    folder: &Path,
    pagerduty: &PagerDuty,
    clients: &Clients,
) -> BTreeMap<ChannelName, Channel> {
    let key = folder.join("routing-key");
    std::fs::write(&key, Configuration::ROUTING_KEY).unwrap();
    let mut channels = BTreeMap::new();
    for name in policy.channels() {
        let config: Value = json!({"pagerduty": {
            "routing_key": {"file": key}, "url": pagerduty.url(), "payload": "standard",
        }});
        let config: ChannelConfig = serde_json::from_value(config).unwrap();
        channels.insert(name.clone(), Channel::new(&name, config, clients).await.unwrap());
    }
    channels
}

fn lambda(router: &Arc<Router>, store: Store, clients: &Arc<Clients>) -> Lambda {
    let config = Configuration::new("http://127.0.0.1:9/v2/enqueue").text();
    let config = Config::parse("watchfire.yaml", &config).unwrap();
    let called = Called {
        router: router.clone(),
        store,
        routes: axum::Router::new(),
        clients: clients.clone(),
        queues: Vec::new(),
        canaries: None,
        keep: KEEP,
        metrics: Arc::default(),
        emf: Emf::new("Watchfire".to_owned()),
        traces: Traces::default(),
        rotation: Arc::new(Rotation::of(&config, router.clone(), clients.clone())),
    };
    Lambda::new(called, Operators::ShowTheToken)
}

/// By an event source mapping.
fn invoked_by(text: &str) -> String {
    batch(&[("m", text.to_owned())]).to_string()
}

fn minutes() -> Deadline {
    Deadline::within(Duration::from_secs(120))
}
