//! A drill by channels alone: sent from this process, by the configuration that the worker has.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use futures_util::future::join_all;
use watchfire_core::decision::{Effect, When};
use watchfire_core::ids::{ChannelName, EventId};

use super::report::{Report, Taken, Told};
use super::{Failed, Sending};
use crate::channel::{Channel, ChannelConfig};
use crate::cli::usage;
use crate::clients::Clients;
use crate::config::Config;
use crate::failure::Failure;
use watchfire_core::policy::Reached;
use watchfire_core::standing::Progress;

/// Sends to one channel, or to all that its routes may tell; nothing where one of them cannot be used.
pub(super) fn send(
    sending: &Sending,
    config: Config,
    channel: Option<&str>,
    within: Duration,
) -> Result<Report, Failed> {
    let (names, way) = match channel {
        Some(name) => (vec![(name.to_owned(), false)], "by that channel, sent from here"),
        None => (reached(sending, &config)?, "by every route that it may take, sent from here"),
    };
    let mut to = Vec::new();
    for (name, fallback) in names {
        to.push((chosen(&config, &name)?, name, fallback));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let clients = Clients::new(None)?;
        let mut channels = Vec::new();
        for (config, name, fallback) in to {
            let name = ChannelName::new(name);
            channels.push((Channel::new(&name, config, &clients).await.map_err(usage)?, name, fallback));
        }
        let told = channels.iter().map(|(channel, name, fallback)| async move {
            let event = EventId::new(&sending.id);
            let page = sending.drill.page(&event, name, When::Now, sending.at);
            let resolve = sending.drill.resolve(&event, &page, sending.at);
            let page = perform(channel, &page, Vec::new(), within).await;
            let resolve = match page.result {
                Progress::Done => perform(channel, &resolve, vec![page.said.clone()], within).await,
                Progress::Failed | Progress::NotNeeded | Progress::Pending => Taken::NOT_NEEDED,
            };
            Told { channel: name.to_string(), fallback: *fallback, page, resolve }
        });
        let channels = join_all(told).await;
        let (drill, priority) = (sending.id.clone(), sending.drill.priority);
        Ok(Report { drill, priority, way: way.to_owned(), held: None, channels })
    })
}

/// Every channel that something of that priority may go by, and whether it is only a fallback: which routes a page takes is
/// known when it comes.
fn reached(sending: &Sending, config: &Config) -> Result<Vec<(String, bool)>, Failed> {
    let priority = sending.drill.priority;
    let Reached { to, fallbacks } = config.routes().reached(priority);
    if to.is_empty() {
        return Err(usage(anyhow!("no channel is told of {priority}: it goes to the digest")));
    }
    let to = to.iter().map(|name| (name.to_string(), false));
    Ok(to.chain(fallbacks.iter().map(|name| (name.to_string(), true))).collect())
}

fn chosen(config: &Config, name: &str) -> Result<ChannelConfig, Failed> {
    let known: Vec<_> = config.channels.keys().map(String::as_str).collect();
    let found = config.channels.get(name).with_context(|| {
        format!("--channel: expected a channel of the configuration ({}), found `{name}`", known.join(", "))
    });
    let found = found.map_err(usage)?;
    match found.can_be_tried() {
        true => Ok(found.clone()),
        false => Err(usage(anyhow!("--channel: `{name}` writes to Security Hub and tells nobody"))),
    }
}

async fn perform(channel: &Channel, effect: &Effect, receipts: Vec<String>, within: Duration) -> Taken {
    let started = Instant::now();
    let outcome = channel.perform_after(effect, receipts, (started + within).into()).await;
    let time = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(done) => Taken { result: Progress::Done, milliseconds: Some(time), said: done.receipt },
        Err(Failure::Permanent { reason }) => {
            Taken { result: Progress::Failed, milliseconds: Some(time), said: reason }
        }
        Err(Failure::Transient { reason, retry_after: _ }) => {
            Taken { result: Progress::Pending, milliseconds: None, said: reason }
        }
    }
}
