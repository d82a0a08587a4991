//! What Watchfire can do: the one contract of all actions, and the channels that tell a human or write back.
//!
//! An action file holds its configuration with an example, its role, the permissions it needs, its
//! idempotency key and which errors are transient. Retries, pacing and time limits are here, once.

mod console;
mod email;
mod local;
mod pace;
mod pagerduty;
pub(crate) mod retry;
mod security_hub;
mod sns;

use std::future::Future;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use watchfire_core::decision::{Effect, Role};
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::clean;

pub use console::{Config as ConsoleConfig, Console};
pub use email::{Config as EmailConfig, Email};
pub use pace::PerMinute;
pub(crate) use pagerduty::asks_to_wait as pagerduty_asks_to_wait;
pub use pagerduty::{Address, Config as PagerDutyConfig, PagerDuty, Profile};
pub use security_hub::{Config as SecurityHubConfig, HubEndpoint, HubRegion, SecurityHub};
pub use sns::{Config as SnsConfig, Sns};

use crate::clients::Clients;
use pace::Pace;

/// Kept in the journal.
const RECEIPT_LENGTH: usize = 200;
/// Kept in the journal.
const REASON_LENGTH: usize = 500;

/// A channel took an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What it said, such as a message id.
    pub receipt: String,
}

/// A channel did not take an effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may take it later.
    #[error("{reason}")]
    Transient {
        /// Why, without secrets.
        reason: String,
        /// Not before that much time; none where nobody said.
        retry_after: Option<Duration>,
    },
    /// It refused it, and would again.
    #[error("{reason}")]
    Permanent {
        /// Why, without secrets.
        reason: String,
    },
}

impl Failure {
    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Failure::Transient { reason: reason.into(), retry_after: None }
    }

    pub(crate) fn permanent(reason: impl Into<String>) -> Self {
        Failure::Permanent { reason: reason.into() }
    }
}

/// One way of doing an effect. It tries once; trying again, and when, is the channel's matter.
pub trait Action: Sized {
    /// Its part in the safety order.
    const ROLE: Role;
    /// What it is told in the configuration.
    type Config: DeserializeOwned;

    /// Checks the configuration and resolves its secrets; sends nothing.
    fn new(
        name: &ChannelName,
        config: Self::Config,
        clients: &Clients,
    ) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// Tries once. May be dropped at any await.
    fn perform(&self, effect: &Effect) -> impl Future<Output = Result<Done, Failure>> + Send;

    /// How many attempts a minute the other side bears; none where it does not matter.
    fn per_minute(&self) -> Option<PerMinute>;
}

/// One channel in the configuration: `oncall: {pagerduty: {routing_key: {env: PD_KEY}}}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum ChannelConfig {
    /// Standard output.
    Console(ConsoleConfig),
    /// PagerDuty, Events API v2.
    PagerDuty(PagerDutyConfig),
    /// An SNS topic.
    Sns(SnsConfig),
    /// Mail by SMTP.
    Email(EmailConfig),
    /// Notes on Security Hub's findings.
    #[serde(rename = "security-hub")]
    SecurityHub(SecurityHubConfig),
}

impl ChannelConfig {
    /// Its part in the safety order: only those that notify tell a human, and belong in a route.
    pub fn role(&self) -> Role {
        match self {
            ChannelConfig::Console(_) => Console::ROLE,
            ChannelConfig::PagerDuty(_) => PagerDuty::ROLE,
            ChannelConfig::Sns(_) => Sns::ROLE,
            ChannelConfig::Email(_) => Email::ROLE,
            ChannelConfig::SecurityHub(_) => SecurityHub::ROLE,
        }
    }
}

/// A channel, ready to tell a human or to write back.
#[derive(Debug)]
pub struct Channel {
    sink: Sink,
    pace: Option<Pace>,
}

#[derive(Debug)]
enum Sink {
    Console(Console),
    PagerDuty(PagerDuty),
    Sns(Sns),
    Email(Email),
    SecurityHub(SecurityHub),
}

impl Channel {
    /// Checks the configuration and resolves its secrets; sends nothing. Errors name the channel.
    pub async fn new(name: &ChannelName, config: ChannelConfig, clients: &Clients) -> anyhow::Result<Self> {
        let sink = Sink::new(name, config, clients).await.with_context(|| format!("channel {name}"))?;
        Ok(Self { pace: sink.per_minute().map(Pace::new), sink })
    }

    /// `console`, `pagerduty`, `sns`, `email` or `security-hub`, for logs and metrics.
    pub fn kind(&self) -> &'static str {
        match &self.sink {
            Sink::Console(_) => "console",
            Sink::PagerDuty(_) => "pagerduty",
            Sink::Sns(_) => "sns",
            Sink::Email(_) => "email",
            Sink::SecurityHub(_) => "security-hub",
        }
    }

    /// Its part in the safety order: whether a human hears of what it is given.
    pub fn role(&self) -> Role {
        match &self.sink {
            Sink::Console(_) => Console::ROLE,
            Sink::PagerDuty(_) => PagerDuty::ROLE,
            Sink::Sns(_) => Sns::ROLE,
            Sink::Email(_) => Email::ROLE,
            Sink::SecurityHub(_) => SecurityHub::ROLE,
        }
    }

    /// Tries until the channel takes the effect, refuses it for good, or `give_up_at`.
    ///
    /// The one place where attempts are paced, limited in time and repeated. At least one attempt is
    /// made, with its full 15 s, unless the channel's pace has no room; no further one goes on past
    /// `give_up_at`. A transient failure carries the time before which another call is pointless.
    pub async fn perform(&self, effect: &Effect, give_up_at: Instant) -> Result<Done, Failure> {
        let priority = effect.notice.priority;
        let admit = async || match &self.pace {
            Some(pace) => pace.admit(priority, give_up_at).await,
            None => Ok(()),
        };
        let outcome = retry::until(give_up_at, admit, async || self.sink.perform(effect).await).await;
        outcome.map(Done::fit).map_err(Failure::fit)
    }
}

impl Done {
    fn fit(self) -> Self {
        Self { receipt: clean(&self.receipt, RECEIPT_LENGTH) }
    }
}

impl Failure {
    fn fit(self) -> Self {
        match self {
            Failure::Transient { reason, retry_after } => {
                Failure::Transient { reason: clean(&reason, REASON_LENGTH), retry_after }
            }
            Failure::Permanent { reason } => Failure::Permanent { reason: clean(&reason, REASON_LENGTH) },
        }
    }
}

impl Sink {
    async fn new(name: &ChannelName, config: ChannelConfig, clients: &Clients) -> anyhow::Result<Self> {
        Ok(match config {
            ChannelConfig::Console(config) => Sink::Console(Console::new(name, config, clients).await?),
            ChannelConfig::PagerDuty(config) => Sink::PagerDuty(PagerDuty::new(name, config, clients).await?),
            ChannelConfig::Sns(config) => Sink::Sns(Sns::new(name, config, clients).await?),
            ChannelConfig::Email(config) => Sink::Email(Email::new(name, config, clients).await?),
            ChannelConfig::SecurityHub(config) => {
                Sink::SecurityHub(SecurityHub::new(name, config, clients).await?)
            }
        })
    }

    async fn perform(&self, effect: &Effect) -> Result<Done, Failure> {
        match self {
            Sink::Console(action) => action.perform(effect).await,
            Sink::PagerDuty(action) => action.perform(effect).await,
            Sink::Sns(action) => action.perform(effect).await,
            Sink::Email(action) => action.perform(effect).await,
            Sink::SecurityHub(action) => action.perform(effect).await,
        }
    }

    fn per_minute(&self) -> Option<PerMinute> {
        match self {
            Sink::Console(action) => action.per_minute(),
            Sink::PagerDuty(action) => action.per_minute(),
            Sink::Sns(action) => action.per_minute(),
            Sink::Email(action) => action.per_minute(),
            Sink::SecurityHub(action) => action.per_minute(),
        }
    }
}

#[cfg(test)]
mod tests;
