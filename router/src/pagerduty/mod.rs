//! What people do about a page in PagerDuty, heard here: by webhook, or where nothing can reach us by asking.
//!
//! ```text
//! webhook -> signed by a known secret? -> read ──┐
//! poll    -> how do our open alerts stand?  ─────┴─> heard before? ours, of this episode? -> a command
//! ```
//!
//! Acknowledged, resolved and reassigned become commands like those of `watchfire incidents`, decided once and
//! in the journal. The id of a command comes from what PagerDuty signed or keeps, never from a header that
//! anybody can write: a delivery that is repeated, or captured and sent again, does nothing.

mod change;
mod incident;
mod poll;
mod signature;
mod webhook;

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use watchfire_core::ids::ChannelName;

use crate::channel::{ChannelConfig, PagerDutyConfig, fits_webhooks};
use crate::clients::Clients;

pub use change::{Change, Heard};
pub use poll::{Poller, Unheard};
pub(crate) use signature::unhex;
pub use signature::{Signers, Unsigned};
pub(crate) use webhook::{Told, read};

/// All the ways by which PagerDuty is heard.
#[derive(Debug)]
pub struct Inbound {
    /// Whose webhooks are taken; of nobody's where none is configured.
    pub signers: Signers,
    /// Who asks, one for each channel that polls.
    pub pollers: Vec<Poller>,
}

impl Inbound {
    /// No way at all.
    pub(crate) fn of_nobody() -> Self {
        Self { signers: Signers::new([]), pollers: Vec::new() }
    }

    /// Resolves the secrets of all PagerDuty channels; sends nothing.
    ///
    /// # Errors
    /// A secret that cannot be had, or cannot be one; the error names the channel and never the secret.
    pub async fn open(
        channels: &BTreeMap<String, ChannelConfig>,
        clients: &Clients,
    ) -> anyhow::Result<Inbound> {
        let (mut secrets, mut pollers) = (Vec::new(), Vec::new());
        for (name, channel) in channels {
            let ChannelConfig::PagerDuty(config) = channel else { continue };
            let PagerDutyConfig {
                // The channel's own.
                routing_key: _,
                url: _,
                leave_out: _,
                templates: _,
                payload: _,
                events_per_minute: _,
                webhook_secrets,
                poll,
            } = config;
            let channel = ChannelName::new(name.clone());
            for (index, source) in webhook_secrets.iter().enumerate() {
                let secret = source.resolve(clients).await.and_then(|secret| {
                    fits_webhooks(&secret).map_err(|expected| anyhow!("{source}: {expected}"))?;
                    Ok(secret)
                });
                let secret = secret.with_context(|| format!("channel {name}: webhook_secrets[{index}]"))?;
                secrets.push((channel.clone(), secret));
            }
            if let Some(poll) = poll {
                let poller = Poller::open(channel, poll, clients).await;
                pollers.push(poller.with_context(|| format!("channel {name}: poll"))?);
            }
        }
        Ok(Inbound { signers: Signers::new(secrets), pollers })
    }
}

#[cfg(test)]
mod tests;
