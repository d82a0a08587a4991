//! The channels against real and faithful servers.

mod alertmanager;
mod changes;
mod email;
mod eventbridge;
mod jira;
mod jsm;
mod pagerduty;
mod pages;
mod secrets;
mod servicenow;
mod slack;
mod sns;
mod syslog;
mod teams;
mod webhook;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::time::Instant;
use watchfire::channel::Channel;
use watchfire::clients::Clients;
use watchfire::failure::{Done, Failure};
use watchfire_core::builders;
use watchfire_core::decision::Effect;
use watchfire_core::ids::{ChannelName, DedupKey};
use watchfire_core::notice::{Fact, Group, Notice};
use watchfire_core::verdict::EffectKind;
use watchfire_tests::Ministack;

/// The channel of that YAML, as the configuration has it.
async fn channel(yaml: &str, clients: &Clients) -> Channel {
    let config = serde_json::from_str(yaml).expect("a channel's configuration");
    Channel::new(&ChannelName::new("oncall"), config, clients).await.expect("a channel")
}

/// Performs, trying again for at most that time.
async fn perform(channel: &Channel, effect: &Effect, seconds: u64) -> Result<Done, Failure> {
    channel.perform(effect, Instant::now() + Duration::from_secs(seconds)).await
}

fn clients() -> Clients {
    Clients::new(Some("us-gov-west-1".to_owned())).expect("clients")
}

/// For a server that checks no credentials.
pub(crate) fn aws(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

fn ministack_clients() -> (Ministack, Clients) {
    let ministack = Ministack::shared();
    let clients = Clients::with_aws(aws(ministack.endpoint())).expect("clients");
    (ministack, clients)
}

/// A page whose text has what breaks careless channels: other scripts, markup, quotes, a line of its own.
pub(crate) fn page(dedup_key: &str) -> Effect {
    let fact = |label: &str, value: &str| Fact::new(Group::Where, label, value);
    let notice = Notice {
        title: "Bitcoin miner in pod kasse/zähler-1 <b>\"now\"</b>".to_owned(),
        description: "Ein Container fragte nach einem Namen, den Schürfer benutzen. \
                      他のコンテナも同じことをしました。 .\r\n.\r\nFrom here on: a second line."
            .to_owned(),
        facts: vec![fact("cluster", "prod-1"), fact("pod", "zähler-1"), fact("account", "123456789012")],
        links: vec![("Runbook".to_owned(), "https://runbooks.example.com/mining?a=1&b=2".to_owned())],
        ..builders::notice()
    };
    Effect { dedup_key: DedupKey::new(dedup_key), notice, ..builders::page() }
}

fn over(dedup_key: &str) -> Effect {
    Effect { kind: EffectKind::Resolve, ..page(dedup_key) }
}
