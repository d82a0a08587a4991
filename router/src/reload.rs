//! Configuration and rules, read again while the worker works: looked at as a whole, then in force at once or refused.
//!
//! ```text
//! SIGHUP, a file that has changed, POST /v1/reload
//!   -> read, checked, examples run -> right: swapped for what is decided from now on
//!                                  -> wrong: told, counted, and the old set stays
//! ```

mod changes;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::time::{MissedTickBehavior, interval};
use watchfire_core::audit::Actor;
use watchfire_core::canary::NAME;
use watchfire_core::command::Deed;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{ChannelName, EventId, Own};
use watchfire_core::rules::RuleFile;

use crate::clients::Clients;
use crate::config::{self, Config, Diagnostic, Reach, Ready, Watched, Written};
use crate::identity::Access;
use crate::reloaded::{Cause, Reloaded};
use crate::rotation::Rotation;
use crate::router::{InForce, Router};
use crate::telemetry;
use changes::{Changes, before_and_after};

/// How often it is looked for a file that has changed. A poll sees what inotify does not: see [`Watched`].
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What the worker started with, which some parts stay until it ends.
pub(crate) struct Started {
    file: PathBuf,
    known: Known,
}

/// What was read last and is in force.
#[derive(Clone)]
struct Known {
    config: Config,
    written: Written,
    rule_files: Vec<RuleFile>,
    watched: Watched,
}

impl Started {
    /// What a start goes on with, read from that file.
    pub(crate) fn with(file: PathBuf, ready: &Ready) -> Self {
        let known = Known {
            config: ready.config.clone(),
            written: ready.written.clone(),
            rule_files: ready.rule_files.clone(),
            watched: ready.watched.clone(),
        };
        Self { file, known }
    }
}

/// Reads the configuration of a worker again.
pub struct Reloader {
    started: Started,
    clients: Arc<Clients>,
    router: Arc<Router>,
    known: Mutex<Known>,
    rotation: Arc<Rotation>,
    access: Arc<Access>,
}

impl Reloader {
    pub(crate) fn new(
        started: Started,
        router: Arc<Router>,
        clients: Arc<Clients>,
        rotation: Arc<Rotation>,
        access: Arc<Access>,
    ) -> Self {
        router.metrics.configured(router.clock.now());
        let known = Mutex::new(started.known.clone());
        Self { started, clients, router, known, rotation, access }
    }

    /// Reads everything again; two who ask at once are answered one after the other.
    pub async fn reload(&self, cause: Cause, by: Option<Actor>) -> Reloaded {
        let mut known = self.known.lock().await;
        let mut watched = known.watched.again();
        let ready = Ready::read_watching(&self.started.file, &self.clients, Reach::World, &mut watched).await;
        let (mut before, mut after) = Default::default();
        let reloaded = match ready {
            Ok(ready) => {
                (before, after) = before_and_after(&known, &ready);
                self.judge(&mut known, ready).await
            }
            Err(mistakes) => refused(&mistakes),
        };
        // What was refused is not read again before somebody has changed it again.
        known.watched = watched;
        self.router.metrics.reloaded(&reloaded, self.router.clock.now());
        telemetry::reloaded(cause, &reloaded);
        if matches!(reloaded, Reloaded::Taken { .. }) {
            self.router.tell_of_unknown_names().await;
        }
        if let Reloaded::Taken { changed, needs_restart, .. } = &reloaded {
            let names = json!({"changed": changed, "needs_restart": needs_restart});
            after.insert("configuration".to_owned(), names);
            self.record(cause, by, before, after).await;
        }
        reloaded
    }

    /// What was taken up is in the audit trail. It is in force, whether or not that can be written down.
    async fn record(
        &self,
        cause: Cause,
        by: Option<Actor>,
        before: Map<String, Value>,
        after: Map<String, Value>,
    ) {
        let now = self.router.clock.now();
        let itself =
            || Actor { name: "watchfire".to_owned(), how: cause.as_str().to_owned(), ..Actor::default() };
        let id = EventId::own(Own::Command(&sha256(&format!("reload\n{}", now.as_nanosecond()))));
        let deed = Deed { id, who: by.unwrap_or_else(itself), what: "reload", before, after };
        if let Err(nack) = self.router.audit(&deed).await {
            telemetry::not_audited(deed.what, &nack.reason);
        }
    }

    async fn judge(&self, known: &mut Known, ready: Ready) -> Reloaded {
        let changes = Changes::between(&self.started, known, &ready);
        if changes.is_none() {
            return Reloaded::Unchanged;
        }
        let judged = tokio::task::spawn_blocking(move || {
            let mut ready = ready;
            let examples = config::own_examples(&ready.config, &mut ready.policy);
            (ready, examples)
        });
        let (ready, examples) = judged.await.expect("examples do not panic, and nobody stops them");
        match examples {
            Ok(()) => self.take(known, ready, changes),
            Err(failures) => refused(&failures),
        }
    }

    /// Puts it in force. A channel that is as it was stays the same one, with all it knows about its other side; what was
    /// there at the start goes on with the newest secrets.
    fn take(&self, known: &mut Known, ready: Ready, changes: Changes) -> Reloaded {
        let Changes { changed, needs_restart } = changes;
        let Ready { config, policy, written, channels, rule_files, watched, .. } = ready;
        let newest = config.clone();
        let mut config = self.started.known.config.with(config);
        let before = self.router.in_force();
        let kept = |name: &ChannelName| {
            let is_as_it_was = known.config.channels.get(name.as_str()) == config.channels.get(name.as_str());
            before.channels.get(name).filter(|_| is_as_it_was).cloned()
        };
        let channels = channels.into_iter().map(|(name, new)| {
            let channel = kept(&name).unwrap_or_else(|| Arc::new(new));
            (name, channel)
        });
        // Its own channel began with the worker.
        let own = before.channels.get_key_value(&ChannelName::new(NAME)).filter(|_| config.canary.is_some());
        let own = own.map(|(name, channel)| (name.clone(), channel.clone()));
        let set = InForce {
            channels: channels.chain(own).collect(),
            policy: Arc::new(config.policy(policy.rules)),
        };
        for (name, before) in std::mem::take(&mut known.config.channels) {
            // The secrets of a channel that stays are those that it has.
            if let Some(channel) = config.channels.get_mut(&name).filter(|channel| **channel == before) {
                *channel = before;
            }
        }
        self.rotation.goes_on_with(newest, &config);
        self.access.becomes(config.known());
        let (rules, channels) = (set.policy.rules.rules().len(), set.channels.len());
        self.router.put_in_force(set);
        *known = Known { config, written, rule_files, watched };
        Reloaded::Taken { changed, needs_restart, rules, channels }
    }

    /// Whether a file is another than when it was read, or than when it was refused.
    async fn has_changed(&self) -> Option<Watched> {
        let before = self.known.lock().await.watched.clone();
        let now = before.again();
        (now != before).then_some(now)
    }
}

fn refused(mistakes: &[Diagnostic]) -> Reloaded {
    // A line each: what is beside a mistake in its file is for a screen.
    let line = |mistake: &Diagnostic| Diagnostic { excerpt: None, ..mistake.clone() }.to_string();
    Reloaded::Refused { mistakes: mistakes.iter().map(line).collect() }
}

/// Reads the configuration again when it is told to by a SIGHUP and when a file has changed, until `stop` turns true.
/// What somebody is still writing is left alone until it has been the same at two looks.
pub(crate) async fn watch(reloader: Arc<Reloader>, mut stop: watch::Receiver<bool>) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut seen = None;
    loop {
        let stopped = async { drop(stop.wait_for(|stop| *stop).await) };
        let cause = tokio::select! {
            () = stopped => return,
            _ = hangups.recv() => Some(Cause::Hangup),
            _ = looks.tick() => {
                let now = reloader.has_changed().await;
                let is_settled = now.is_some() && now == seen;
                seen = now;
                is_settled.then_some(Cause::FileChanged)
            }
        };
        if let Some(cause) = cause {
            reloader.reload(cause, None).await;
            seen = None;
        }
    }
}
