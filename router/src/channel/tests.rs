//! The page that the actions' tests send, and what every channel promises.

use tokio::time::Instant;
use watchfire_core::decision::When;
use watchfire_core::ids::{DedupKey, EffectId, EventId, FindingKey, IncidentKey, RuleName};
use watchfire_core::notice::{Fact, Group, Head, Notice};
use watchfire_core::priority::Priority;
use watchfire_core::verdict::EffectKind;

use super::*;
use crate::failure::Done;

/// A page as `decide` makes them.
pub(super) fn page() -> Effect {
    let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    let fact = |label: &str, value: &str| Fact::new(Group::Where, label, value);
    let notice = Notice {
        priority: Priority::P0,
        head: Head::default(),
        title: "Bitcoin miner in pod shop/pay-1".to_owned(),
        description: "A container asked for a name that mining pools use.".to_owned(),
        why: "first report of this incident".to_owned(),
        rule: RuleName::new("miner-in-a-pod"),
        family: "crypto-mining".to_owned(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".to_owned(),
        source: "guardduty".to_owned(),
        severity: "8.0 HIGH".to_owned(),
        facts: vec![
            fact("cluster", "prod-1"),
            fact("pod", "pay-1"),
            fact("account", "123456789012"),
            fact("region", "us-gov-west-1"),
        ],
        doing: Vec::new(),
        unknown: Vec::new(),
        withheld: vec!["quarantine: not built yet".to_owned()],
        lists: Vec::new(),
        links: vec![pair("Runbook", "https://runbooks.example.com/mining")],
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
        dedup_key: DedupKey::new("v1:5f3c9a:2"),
        notice,
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::test]
async fn a_channel_is_named_by_its_kind_and_may_move_between_threads() {
    let clients = Clients::new(None).expect("clients");
    let config: ChannelConfig = serde_saphyr::from_str("console: {}").expect("a configuration");
    let channel = Channel::new(&ChannelName::new("screen"), config, &clients).await.expect("a channel");
    assert_eq!(channel.kind(), "console");
    let effect = page();
    let outcome = is_send(channel.perform(&effect, Instant::now())).await;
    assert_eq!(outcome, Ok(Done { receipt: "printed".to_owned() }));
}

#[tokio::test]
async fn an_error_at_the_start_names_the_channel() {
    let clients = Clients::new(None).expect("clients");
    let yaml = "pagerduty: {routing_key: {env: WATCHFIRE_NEVER_SET}}";
    let config: ChannelConfig = serde_saphyr::from_str(yaml).expect("a configuration");
    let error = Channel::new(&ChannelName::new("oncall"), config, &clients).await.expect_err("no key");
    assert_eq!(format!("{error:#}"), "channel oncall: environment variable WATCHFIRE_NEVER_SET: not set");
}

#[test]
fn a_channel_that_does_not_exist_is_refused_with_those_that_do() {
    let error =
        serde_saphyr::from_str::<ChannelConfig>("pager: {}").expect_err("no such channel").to_string();
    for kind in ["console", "pagerduty", "sns", "email", "security-hub"] {
        assert!(error.contains(kind), "{error}");
    }
}
