//! What every channel promises.

use tokio::time::Instant;
use watchfire_core::builders::page;

use super::*;
use crate::failure::Done;

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
    for kind in [
        "console",
        "pagerduty",
        "pagerduty-changes",
        "sns",
        "email",
        "security-hub",
        "webhook",
        "syslog",
        "eventbridge",
        "alertmanager",
        "jsm",
        "jira",
        "servicenow",
        "slack",
        "teams",
    ] {
        assert!(error.contains(kind), "{error}");
    }
}
