//! The router in the test's own process: a real store on disk, real channels, a clock that the test sets.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use watchfire::channel::{Channel, ChannelConfig};
use watchfire::clients::Clients;
use watchfire::clock::Clock;
use watchfire::config::Config;
use watchfire::responder::Responder;
use watchfire::router::Router;
use watchfire::rules_files;
use watchfire::store::Store;
use watchfire::telemetry::Metrics;
use watchfire_core::ids::ChannelName;
use watchfire_core::rules::RuleSet;

use crate::Configuration;

/// A router over the store in that folder, with the shipped rules.
///
/// # Panics
/// On a configuration with mistakes, or a store that cannot be opened.
pub async fn router(folder: &Path, clock: Clock, configuration: &Configuration) -> Router {
    let store = Store::open(&folder.join("watchfire.redb")).expect("the store is free");
    router_over(store, folder, clock, configuration).await
}

/// The same over that store; the folder is for what else it needs.
///
/// # Panics
/// On a configuration with mistakes.
pub async fn router_over(store: Store, folder: &Path, clock: Clock, configuration: &Configuration) -> Router {
    let config = Config::parse("test", &configuration.text()).expect("a configuration without mistakes");
    let files = rules_files::read(None).expect("the shipped rules are in the binary");
    let policy = config.policy(RuleSet::load(&files).expect("the shipped rules are right"));
    let clients = Clients::new(None).expect("TLS is there");
    let responder = match &config.cluster {
        Some(cluster) => {
            let (evidence, clients) = (config.evidence, Arc::new(clients));
            let opened =
                Responder::open(cluster, evidence, &config.mitigation, &clients, clock.clone()).await;
            Some(Arc::new(opened.expect("a cluster that can be reached")))
        }
        None => None,
    };
    let clients = Clients::new(None).expect("TLS is there");
    let mut channels = BTreeMap::new();
    for (name, channel) in config.channels {
        let name = ChannelName::new(name);
        let channel = with_literal_key(channel, folder);
        let channel = Channel::new(&name, channel, &clients).await.expect("a channel on this machine");
        channels.insert(name, channel);
    }
    Router::new(policy, store, channels, clock, Arc::new(Metrics::default())).with_responder(responder)
}

/// The routing key comes from a file: the environment of a test process belongs to all its tests.
fn with_literal_key(channel: ChannelConfig, folder: &Path) -> ChannelConfig {
    let ChannelConfig::PagerDuty(pagerduty) = channel else { return channel };
    let file = folder.join("routing-key");
    std::fs::write(&file, Configuration::ROUTING_KEY).expect("the folder can be written");
    let source: Value = json!({"file": file});
    let routing_key = serde_json::from_value(source).expect("a secret source");
    ChannelConfig::PagerDuty(watchfire::channel::PagerDutyConfig { routing_key, ..pagerduty })
}

/// A clock that stands at noon on the day of these tests.
///
/// # Panics
/// Never.
pub fn noon() -> Clock {
    let noon: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
    Clock::at(noon)
}
