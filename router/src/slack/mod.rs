//! What people do in Slack by a button, heard here: signed by Slack, whoever carries it.
//!
//! ```text
//! signed by an app of ours, not long ago? -> a button of ours -> who is it, and may they? -> a command -> said to them
//! ```
//!
//! The id of a command comes from what Slack signs: a request that is repeated, or captured and sent again, is the same
//! command, and does nothing more. What is said to whoever pressed a button goes to Slack and to nowhere else, whatever
//! the request names.

mod pressed;
mod said;
mod signature;

use std::collections::BTreeMap;

use anyhow::Context as _;

use crate::channel::{ChannelConfig, SlackBotConfig};
use crate::clients::Clients;
use crate::secret::Secret;

pub(crate) use pressed::{Heard, Pressed, read};
pub(crate) use said::{Said, say};
pub(crate) use signature::Shown;
pub use signature::Unsigned;

/// The apps whose buttons are heard.
#[derive(Clone, Debug, Default)]
pub struct Apps {
    apps: Vec<App>,
    http: reqwest::Client,
}

/// An app of Slack's, which one or several channels write by.
#[derive(Clone, Debug)]
pub(crate) struct App {
    secret: Secret,
    /// Where it may be answered.
    hooks: reqwest::Url,
}

impl Apps {
    /// Resolves the secrets of all bots that have buttons; sends nothing.
    ///
    /// # Errors
    /// A secret that cannot be had; the error names the channel and never the secret.
    pub async fn open(channels: &BTreeMap<String, ChannelConfig>, clients: &Clients) -> anyhow::Result<Self> {
        let mut apps = Vec::new();
        for (name, channel) in channels {
            let ChannelConfig::Slack(config) = channel else { continue };
            let bot = config.bot.as_ref();
            let Some(SlackBotConfig { signing_secret: Some(source), .. }) = bot else { continue };
            let secret = source.resolve(clients).await;
            let secret = secret.with_context(|| format!("channel {name}: bot.signing_secret"))?;
            apps.push(App { secret, hooks: config.hooks.url().clone() });
        }
        Ok(Self { apps, http: clients.http()? })
    }

    /// Whether there are no buttons at all.
    pub fn is_empty(&self) -> bool {
        self.apps.is_empty()
    }
}
