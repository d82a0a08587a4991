//! Configuration and rules, read again while the worker works: looked at as a whole, then in force at once or refused.
//!
//! ```text
//! SIGHUP, a file that has changed, POST /v1/reload
//!   -> read, checked, examples run -> right: swapped for what is decided from now on
//!                                  -> wrong: told, counted, and the old set stays
//! ```

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::time::{MissedTickBehavior, interval};
use watchfire_core::audit::Actor;
use watchfire_core::canary::NAME;
use watchfire_core::command::Deed;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{ChannelName, EventId, Own};
use watchfire_core::rules::RuleFile;

use crate::channel::{ChannelConfig, PollConfig};
use crate::clients::Clients;
use crate::config::{self, Config, Diagnostic, Reach, Ready, Watched, Written};
use crate::identity::Access;
use crate::reloaded::{Cause, Reloaded};
use crate::rotation::Rotation;
use crate::router::{InForce, Router};
use crate::secret::SecretSource;
use crate::telemetry;

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
        let reloaded = match ready {
            Ok(ready) => self.judge(&mut known, ready).await,
            Err(mistakes) => refused(&mistakes),
        };
        // What was refused is not read again before somebody has changed it again.
        known.watched = watched;
        self.router.metrics.reloaded(&reloaded, self.router.clock.now());
        telemetry::reloaded(cause, &reloaded);
        if matches!(reloaded, Reloaded::Taken { .. }) {
            self.router.tell_of_unknown_names().await;
        }
        self.record(cause, by, &reloaded).await;
        reloaded
    }

    /// What was taken up is in the audit trail. It is in force, whether or not that can be written down.
    async fn record(&self, cause: Cause, by: Option<Actor>, reloaded: &Reloaded) {
        let Reloaded::Taken { changed, needs_restart, rules: _, channels: _ } = reloaded else { return };
        let now = self.router.clock.now();
        let itself =
            || Actor { name: "watchfire".to_owned(), how: cause.as_str().to_owned(), ..Actor::default() };
        let id = EventId::own(Own::Command(&sha256(&format!("reload\n{}", now.as_nanosecond()))));
        let after = json!({"changed": changed, "needs_restart": needs_restart});
        let after = Map::from_iter([("configuration".to_owned(), after)]);
        let deed = Deed { id, who: by.unwrap_or_else(itself), what: "reload", after };
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

/// What is different, by the names of its parts.
struct Changes {
    changed: Vec<String>,
    needs_restart: Vec<String>,
}

impl Changes {
    fn between(started: &Started, known: &Known, ready: &Ready) -> Self {
        let is_fixed = |part: &String| config::policy::FIXED.contains(&part.as_str());
        let mut needs_restart = ready.written.differs_from(&started.known.written);
        needs_restart.retain(is_fixed);
        let mut changed = ready.written.differs_from(&known.written);
        changed.retain(|part| !is_fixed(part));
        // A secret may be another in its place.
        if known.config.access != ready.config.access && !changed.iter().any(|part| part == "access") {
            changed.push("access".to_owned());
        }
        if known.rule_files != ready.rule_files && !changed.iter().any(|part| part == "rules") {
            changed.push("rules".to_owned());
        }
        let (at_the_start, before, now) =
            (&started.known.config.channels, &known.config.channels, &ready.config.channels);
        let names: BTreeSet<_> = at_the_start.keys().chain(before.keys()).chain(now.keys()).collect();
        for name in names {
            if before.get(name) != now.get(name) {
                changed.push(format!("channels.{name}"));
            }
            needs_restart.extend(what_comes_back(name, at_the_start.get(name), now.get(name)));
        }
        // What has a name of its own is not said twice.
        if changed.iter().any(|part| part.starts_with("channels.")) {
            changed.retain(|part| part != "channels");
        }
        if started.known.config.mitigation.kill_switch != ready.config.mitigation.kill_switch {
            needs_restart.push("mitigation.kill_switch".to_owned());
        }
        let (at_the_start, now) = (&started.known.config.http, &ready.config.http);
        for (member, before, now) in [
            ("token", &at_the_start.token, &now.token),
            ("operator_token", &at_the_start.operator_token, &now.operator_token),
        ] {
            if before.as_ref().map(SecretSource::place) == now.as_ref().map(SecretSource::place)
                && before != now
            {
                changed.push(format!("http.{member}"));
            }
        }
        Self { changed, needs_restart }
    }

    fn is_none(&self) -> bool {
        self.changed.is_empty() && self.needs_restart.is_empty()
    }
}

/// Webhooks, buttons, and questions to PagerDuty begin with the worker; only their secrets can be rotated.
fn what_comes_back(name: &str, before: Option<&ChannelConfig>, now: Option<&ChannelConfig>) -> Vec<String> {
    let unknown = |poll: &PollConfig| PollConfig { token: poll.token.place().clone(), ..poll.clone() };
    let webhooks = |channel: Option<&ChannelConfig>| match channel {
        Some(ChannelConfig::PagerDuty(config)) => {
            config.webhook_secrets.iter().map(|secret| secret.place().clone()).collect()
        }
        _ => Vec::new(),
    };
    let poll = |channel: Option<&ChannelConfig>| match channel {
        Some(ChannelConfig::PagerDuty(config)) => config.poll.as_ref().map(unknown),
        _ => None,
    };
    let buttons = |channel: Option<&ChannelConfig>| match channel {
        Some(ChannelConfig::Slack(config)) => {
            let signing = config.bot.as_ref().and_then(|bot| bot.signing_secret.as_ref());
            signing.map(|secret| (secret.place().clone(), config.hooks.clone()))
        }
        _ => None,
    };
    let changed = [
        (webhooks(before) != webhooks(now), "pagerduty.webhook_secrets"),
        (poll(before) != poll(now), "pagerduty.poll"),
        (buttons(before) != buttons(now), "slack.bot.signing_secret"),
    ];
    let changed = changed.into_iter().filter(|(is_changed, _)| *is_changed);
    changed.map(|(_, member)| format!("channels.{name}.{member}")).collect()
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
