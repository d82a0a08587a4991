//! What is different between what is in force and what was read: by name, and for the audit trail how it was and is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use watchfire_core::audit::difference;
use watchfire_core::hash::sha256;
use watchfire_core::rules::RuleFile;

use super::{Known, Started};
use crate::channel::{ChannelConfig, PollConfig};
use crate::config::{self, Ready, Written};
use crate::secret::SecretSource;

/// What a channel is told may be a secret where somebody wrote one by mistake; which channels are others is named.
const UNTOLD: &str = "channels";

/// What is different.
pub(super) struct Changes {
    /// The names of the parts that can be taken up.
    pub(super) changed: Vec<String>,
    /// The names of those that stay until the next start.
    pub(super) needs_restart: Vec<String>,
}

impl Changes {
    pub(super) fn between(started: &Started, known: &Known, ready: &Ready) -> Self {
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

    pub(super) fn is_none(&self) -> bool {
        self.changed.is_empty() && self.needs_restart.is_empty()
    }
}

/// How what can be taken up was and is, by part, as far as it is different; of rules the sum of each file.
pub(super) fn before_and_after(known: &Known, ready: &Ready) -> (Map<String, Value>, Map<String, Value>) {
    let parts = |written: &Written, rules: &[RuleFile]| {
        let mut parts = written.parts();
        parts.retain(|name, _| name != UNTOLD && !config::policy::FIXED.contains(&name.as_str()));
        let sums = rules.iter().map(|file| (file.name.clone(), Value::from(sha256(&file.text))));
        parts.insert("rule_files".to_owned(), sums.collect());
        Value::Object(parts)
    };
    match difference(&parts(&known.written, &known.rule_files), &parts(&ready.written, &ready.rule_files)) {
        Some((Value::Object(was), Value::Object(is))) => (was, is),
        _ => (Map::new(), Map::new()),
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
