//! The channels against real and faithful servers.

mod email;
mod pagerduty;
mod pages;
mod secrets;
mod sns;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::time::Instant;
use watchfire::channel::Channel;
use watchfire::clients::Clients;
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::{Effect, When};
use watchfire_core::ids::{ChannelName, DedupKey, EffectId, EventId, FindingKey, IncidentKey, RuleName};
use watchfire_core::notice::{Fact, Group, Head, Notice};
use watchfire_core::priority::Priority;
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
fn aws(endpoint: &str) -> SdkConfig {
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
    let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    let fact = |label: &str, value: &str| Fact::new(Group::Where, label, value);
    let notice = Notice {
        priority: Priority::P0,
        head: Head::default(),
        title: "Bitcoin miner in pod kasse/zähler-1 <b>\"now\"</b>".to_owned(),
        description: "Ein Container fragte nach einem Namen, den Schürfer benutzen. \
                      他のコンテナも同じことをしました。 .\r\n.\r\nFrom here on: a second line."
            .to_owned(),
        why: "first report of this incident".to_owned(),
        rule: RuleName::new("miner-in-a-pod"),
        family: "crypto-mining".to_owned(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".to_owned(),
        source: "guardduty".to_owned(),
        severity: "8.0 HIGH".to_owned(),
        facts: vec![fact("cluster", "prod-1"), fact("pod", "zähler-1"), fact("account", "123456789012")],
        doing: Vec::new(),
        unknown: Vec::new(),
        withheld: vec!["quarantine: not built yet".to_owned()],
        lists: Vec::new(),
        links: vec![pair("Runbook", "https://runbooks.example.com/mining?a=1&b=2")],
        incident: IncidentKey::new("v1:5f3c9a"),
        finding: Some(FindingKey::new(
            "arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f",
        )),
        hub: None,
        event: EventId::new("7bf73129-1428-4cd3-a780-95db273d1602"),
        at: Some("2026-11-20T02:58:11Z".parse().expect("a timestamp")),
        sample: false,
        drill: false,
    };
    Effect {
        id: EffectId::new("page:oncall"),
        kind: EffectKind::Page,
        channel: ChannelName::new("oncall"),
        when: When::Now,
        dedup_key: DedupKey::new(dedup_key),
        notice,
    }
}

fn over(dedup_key: &str) -> Effect {
    Effect { kind: EffectKind::Resolve, ..page(dedup_key) }
}
