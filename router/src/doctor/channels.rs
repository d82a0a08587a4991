//! The channels: whether each would take a page.

use futures_util::future::join_all;
use watchfire_core::ids::ChannelName;

use super::aws::Us;
use super::configuration::Read;
use super::topic;
use crate::channel::{Asked, ChannelConfig};
use crate::clients::Clients;
use crate::finding::Finding;

pub(super) async fn look(read: &Read, us: Option<&Us>, clients: &Clients, findings: &mut Vec<Finding>) {
    let asking = read.config.channels.iter().map(async |(name, config)| {
        let path = format!("channels.{name}");
        match config {
            ChannelConfig::Sns(_) | ChannelConfig::EventBridge(_) if us.is_none() => {
                vec![Finding::not_asked(format!("{path}: nobody to ask as"))]
            }
            ChannelConfig::Sns(config) => topic::look(&path, &config.topic_arn, clients).await,
            ChannelConfig::Console(_)
            | ChannelConfig::PagerDuty(_)
            | ChannelConfig::PagerDutyChanges(_)
            | ChannelConfig::Email(_)
            | ChannelConfig::Webhook(_)
            | ChannelConfig::Syslog(_)
            | ChannelConfig::Alertmanager(_)
            | ChannelConfig::EventBridge(_)
            | ChannelConfig::Jsm(_)
            | ChannelConfig::Jira(_)
            | ChannelConfig::ServiceNow(_)
            | ChannelConfig::Slack(_)
            | ChannelConfig::Teams(_)
            | ChannelConfig::SecurityHub(_) => vec![asked(&path, name, config, read).await],
        }
    });
    findings.extend(join_all(asking).await.into_iter().flatten());
}

async fn asked(path: &str, name: &str, config: &ChannelConfig, read: &Read) -> Finding {
    let Some(channel) = read.channels.get(&ChannelName::new(name)) else {
        let within = format!("{path}.");
        let is_kept = read.refused.iter().any(|secret| secret.starts_with(&within));
        let why = if is_kept { "its secret may not be read" } else { "its configuration is wrong" };
        return Finding::not_asked(format!("{path}: nobody to ask, since {why}"));
    };
    match channel.ask().await {
        None => Finding::not_asked(format!("{path}: nobody to ask")),
        Some(Asked::Would(said)) => Finding::ok(format!("{path}: {said}")),
        Some(Asked::Unsure { said, means }) => {
            let trial = format!("`watchfire send-test --channel {name}` tells whether it takes a page");
            Finding::warn(format!("{path}: {said}: {means}"), trial)
        }
        Some(Asked::WouldNot(why)) => Finding::fail(format!("{path}: {why}"), remedy(path, config)),
    }
}

fn remedy(path: &str, config: &ChannelConfig) -> String {
    match config {
        ChannelConfig::PagerDuty(_) => format!(
            "{path}.pagerduty.routing_key is to be the key of an Events API v2 integration, and its url within reach"
        ),
        ChannelConfig::PagerDutyChanges(_) => format!("see {path}"),
        ChannelConfig::Email(_) => format!("see {path}.email: host, port, tls, ca_file and auth"),
        ChannelConfig::Console(_)
        | ChannelConfig::Sns(_)
        | ChannelConfig::Webhook(_)
        | ChannelConfig::Syslog(_)
        | ChannelConfig::EventBridge(_)
        | ChannelConfig::Alertmanager(_)
        | ChannelConfig::Jsm(_)
        | ChannelConfig::Jira(_)
        | ChannelConfig::ServiceNow(_)
        | ChannelConfig::Slack(_)
        | ChannelConfig::Teams(_)
        | ChannelConfig::SecurityHub(_) => format!("see {path}"),
    }
}
