//! The channels: whether each would take a page.

use futures_util::future::join_all;
use watchfire_core::ids::ChannelName;
use watchfire_core::text::clean;

use super::aws::Us;
use super::configuration::Read;
use super::topic;
use crate::channel::ChannelConfig;
use crate::clients::Clients;
use crate::finding::Finding;

/// What is shown of an answer.
const ANSWER_LENGTH: usize = 300;

pub(super) async fn look(read: &Read, us: Option<&Us>, clients: &Clients, findings: &mut Vec<Finding>) {
    let asking = read.config.channels.iter().map(async |(name, config)| {
        let path = format!("channels.{name}");
        match config {
            ChannelConfig::Sns(_) if us.is_none() => {
                vec![Finding::not_asked(format!("{path}: nobody to ask as"))]
            }
            ChannelConfig::Sns(config) => topic::look(&path, &config.topic_arn, clients).await,
            ChannelConfig::Console(_)
            | ChannelConfig::PagerDuty(_)
            | ChannelConfig::Email(_)
            | ChannelConfig::Webhook(_)
            | ChannelConfig::Slack(_)
            | ChannelConfig::Teams(_)
            | ChannelConfig::SecurityHub(_) => vec![asked(&path, name, config, read).await],
        }
    });
    findings.extend(join_all(asking).await.into_iter().flatten());
}

async fn asked(path: &str, name: &str, config: &ChannelConfig, read: &Read) -> Finding {
    let Some(channel) = read.channels.get(&ChannelName::new(name)) else {
        return Finding::not_asked(format!("{path}: nobody to ask with a configuration that is wrong"));
    };
    match channel.ask().await {
        None => Finding::not_asked(format!("{path}: nobody to ask")),
        Some(Ok(said)) => Finding::ok(format!("{path}: {said}")),
        Some(Err(why)) => {
            Finding::fail(format!("{path}: {}", clean(&why, ANSWER_LENGTH)), remedy(path, config))
        }
    }
}

fn remedy(path: &str, config: &ChannelConfig) -> String {
    match config {
        ChannelConfig::PagerDuty(_) => format!(
            "{path}.pagerduty.routing_key is to be the key of an Events API v2 integration, and its url within reach"
        ),
        ChannelConfig::Email(_) => format!("see {path}.email: host, port, tls, ca_file and auth"),
        ChannelConfig::Console(_)
        | ChannelConfig::Sns(_)
        | ChannelConfig::Webhook(_)
        | ChannelConfig::Slack(_)
        | ChannelConfig::Teams(_)
        | ChannelConfig::SecurityHub(_) => format!("see {path}"),
    }
}
