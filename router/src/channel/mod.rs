//! What Watchfire can do: the one contract of all actions, and the channels that tell a human or write back.
//!
//! An action file holds its configuration with an example, its role, the permissions it needs, its
//! idempotency key and which errors are transient. Retries, pacing and time limits are here, once.

mod asked;
mod canary;
mod console;
mod dispatch;
mod email;
mod gate;
mod health;
mod local;
mod pace;
mod pagerduty;
#[cfg(test)]
mod pages;
mod payload;
mod preview;
mod reply;
mod security_hub;
mod slack;
mod sns;
mod teams;
mod turns;
mod webhook;

use std::future::Future;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{Fault, Wording};
use watchfire_core::text::clean;
use watchfire_core::yaml::Mistake;

pub use asked::Asked;
use canary::Canary;
pub use console::{Config as ConsoleConfig, Console};
pub(crate) use dispatch::Dispatch;
pub use email::{Config as EmailConfig, Email};
pub use gate::{Channel, Standing};
pub use local::Address;
pub(crate) use local::{is_address, is_loopback};
pub(crate) use pace::Lessor;
pub use pace::{Bound, PerMinute};
pub use pagerduty::{Config as PagerDutyConfig, EverySeconds, PagerDuty, PollConfig};
pub(crate) use pagerduty::{fits_polls, fits_webhooks};
pub use payload::{Place, Profile};
pub use preview::{Preview, faults, preview};
pub(crate) use reply::asks_to_wait;
pub use security_hub::{Config as SecurityHubConfig, HubRegion, SecurityHub};
pub use slack::{Config as SlackConfig, Slack};
pub use sns::{Config as SnsConfig, Sns, TopicArn};
pub use teams::{Config as TeamsConfig, Teams};
pub use webhook::{Config as WebhookConfig, Webhook};

use crate::clients::Clients;
use crate::failure::{Done, Failure, NotTaken};
use crate::secret::SecretUse;

/// Kept in the journal.
const RECEIPT_LENGTH: usize = 200;
/// Kept in the journal.
const REASON_LENGTH: usize = 500;

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
    fn perform(&self, dispatch: &Dispatch<'_>) -> impl Future<Output = Result<Done, NotTaken>> + Send;

    /// Asks the other side whether it would take a page, without telling anyone. None where there is nobody to ask.
    fn ask(&self) -> impl Future<Output = Option<Asked>> + Send;

    /// How many attempts a minute the other side bears; none where it does not matter.
    fn bound(&self) -> Option<Bound>;
}

/// One channel in the configuration: `oncall: {pagerduty: {routing_key: {env: PD_KEY}}}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Channel")]
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
    /// Any other side that takes JSON by HTTP.
    Webhook(WebhookConfig),
    /// A channel of Slack.
    Slack(SlackConfig),
    /// A channel of Microsoft Teams.
    Teams(TeamsConfig),
}

impl ChannelConfig {
    /// What of it cannot work, whatever its secrets are: the member's path from here, and what was expected.
    pub(crate) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        match self {
            ChannelConfig::Email(config) => {
                config.check(&mut |member, wrong| mistake(&format!(".email{member}"), wrong));
            }
            ChannelConfig::PagerDuty(config) => {
                config.check(&mut |member, wrong| mistake(&format!(".pagerduty{member}"), wrong));
            }
            ChannelConfig::Webhook(config) => {
                config.check(&mut |member, wrong| mistake(&format!(".webhook{member}"), wrong));
            }
            ChannelConfig::Slack(config) => {
                config.check(&mut |member, wrong| mistake(&format!(".slack{member}"), wrong));
            }
            ChannelConfig::Teams(config) => {
                config.check(&mut |member, wrong| mistake(&format!(".teams{member}"), wrong));
            }
            ChannelConfig::Console(_) | ChannelConfig::Sns(_) | ChannelConfig::SecurityHub(_) => {}
        }
    }

    /// Its secrets.
    pub(crate) fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        match self {
            ChannelConfig::PagerDuty(config) => config.secrets(),
            ChannelConfig::Email(config) => config.secrets(),
            ChannelConfig::Webhook(config) => config.secrets(),
            ChannelConfig::Slack(config) => config.secrets(),
            ChannelConfig::Teams(config) => config.secrets(),
            ChannelConfig::Console(_) | ChannelConfig::Sns(_) | ChannelConfig::SecurityHub(_) => Vec::new(),
        }
    }

    /// The files that it names.
    pub(crate) fn files(&mut self) -> Vec<&mut PathBuf> {
        match self {
            ChannelConfig::PagerDuty(config) => files_of(config.secrets()),
            ChannelConfig::Webhook(config) => files_of(config.secrets()),
            ChannelConfig::Slack(config) => files_of(config.secrets()),
            ChannelConfig::Teams(config) => files_of(config.secrets()),
            ChannelConfig::Email(config) => config.files(),
            ChannelConfig::Console(_) | ChannelConfig::Sns(_) | ChannelConfig::SecurityHub(_) => Vec::new(),
        }
    }

    /// Its part in the safety order: only those that notify tell a human, and belong in a route.
    pub fn role(&self) -> Role {
        match self {
            ChannelConfig::Console(_) => Console::ROLE,
            ChannelConfig::PagerDuty(_) => PagerDuty::ROLE,
            ChannelConfig::Sns(_) => Sns::ROLE,
            ChannelConfig::Email(_) => Email::ROLE,
            ChannelConfig::SecurityHub(_) => SecurityHub::ROLE,
            ChannelConfig::Webhook(_) => Webhook::ROLE,
            ChannelConfig::Slack(_) => Slack::ROLE,
            ChannelConfig::Teams(_) => Teams::ROLE,
        }
    }

    /// The name of its kind in the configuration.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            ChannelConfig::Console(_) => "console",
            ChannelConfig::PagerDuty(_) => "pagerduty",
            ChannelConfig::Sns(_) => "sns",
            ChannelConfig::Email(_) => "email",
            ChannelConfig::SecurityHub(_) => "security-hub",
            ChannelConfig::Webhook(_) => "webhook",
            ChannelConfig::Slack(_) => "slack",
            ChannelConfig::Teams(_) => "teams",
        }
    }

    /// How it words its pages; none where it words none.
    pub fn wording(&self) -> Option<Wording> {
        match self {
            ChannelConfig::Console(config) => Some(config.templates.clone().into()),
            ChannelConfig::PagerDuty(config) => Some(config.templates.clone().into()),
            ChannelConfig::Sns(config) => Some(config.templates.clone().into()),
            ChannelConfig::Email(config) => Some(config.templates.clone().into()),
            ChannelConfig::Webhook(config) => Some(config.templates.clone().into()),
            ChannelConfig::Slack(config) => Some(config.templates.clone().into()),
            ChannelConfig::Teams(config) => Some(config.templates.clone().into()),
            ChannelConfig::SecurityHub(_) => None,
        }
    }

    /// What it keeps in though the page says it, in words; none where it sends all.
    pub fn leaves_out(&self) -> Option<String> {
        match self {
            ChannelConfig::PagerDuty(config) => config.leaves_out(),
            ChannelConfig::Webhook(config) => config.leaves_out(),
            ChannelConfig::Slack(config) => config.leaves_out(),
            ChannelConfig::Teams(config) => config.leaves_out(),
            ChannelConfig::Console(_)
            | ChannelConfig::Sns(_)
            | ChannelConfig::Email(_)
            | ChannelConfig::SecurityHub(_) => None,
        }
    }
}

/// The files that those secrets are in.
fn files_of(secrets: Vec<SecretUse<'_>>) -> Vec<&mut PathBuf> {
    secrets.into_iter().filter_map(|secret| secret.source.file()).collect()
}

/// What a channel sends by.
#[derive(Debug)]
enum Sink {
    Console(Console),
    PagerDuty(PagerDuty),
    Sns(Sns),
    Email(Email),
    SecurityHub(SecurityHub),
    Webhook(Webhook),
    Slack(Slack),
    Teams(Teams),
    Canary(Canary),
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
            ChannelConfig::Webhook(config) => Sink::Webhook(Webhook::new(name, config, clients).await?),
            ChannelConfig::Slack(config) => Sink::Slack(Slack::new(name, config, clients).await?),
            ChannelConfig::Teams(config) => Sink::Teams(Teams::new(name, config, clients).await?),
        })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        match self {
            Sink::Console(action) => action.perform(dispatch).await,
            Sink::PagerDuty(action) => action.perform(dispatch).await,
            Sink::Sns(action) => action.perform(dispatch).await,
            Sink::Email(action) => action.perform(dispatch).await,
            Sink::SecurityHub(action) => action.perform(dispatch).await,
            Sink::Webhook(action) => action.perform(dispatch).await,
            Sink::Slack(action) => action.perform(dispatch).await,
            Sink::Teams(action) => action.perform(dispatch).await,
            Sink::Canary(canary) => canary.perform().await,
        }
    }

    /// Which of its own templates cannot be used for that page. Where it has none there is nothing to try.
    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        let (notice, kind) = (&effect.notice, effect.kind);
        match self {
            Sink::Console(Console { wording, .. }) | Sink::Sns(Sns { wording, .. }) if wording.has_own() => {
                wording.words(notice, kind).faults
            }
            Sink::Email(Email { wording, .. }) if wording.has_own() => wording.mail(notice, kind).faults,
            Sink::PagerDuty(action) => action.faults(effect),
            Sink::Webhook(action) => action.faults(effect),
            Sink::Slack(action) => action.faults(effect),
            Sink::Teams(action) => action.faults(effect),
            Sink::Console(_) | Sink::Sns(_) | Sink::Email(_) | Sink::SecurityHub(_) | Sink::Canary(_) => {
                Vec::new()
            }
        }
    }

    /// Whether it has to know what it said before under the same dedup key.
    fn goes_on(&self) -> bool {
        match self {
            Sink::Slack(action) => action.goes_on(),
            Sink::Console(_)
            | Sink::PagerDuty(_)
            | Sink::Sns(_)
            | Sink::Email(_)
            | Sink::SecurityHub(_)
            | Sink::Webhook(_)
            | Sink::Teams(_)
            | Sink::Canary(_) => false,
        }
    }

    async fn ask(&self) -> Option<Asked> {
        match self {
            Sink::Console(action) => action.ask().await,
            Sink::PagerDuty(action) => action.ask().await,
            Sink::Sns(action) => action.ask().await,
            Sink::Email(action) => action.ask().await,
            Sink::SecurityHub(action) => action.ask().await,
            Sink::Webhook(action) => action.ask().await,
            Sink::Slack(action) => action.ask().await,
            Sink::Teams(action) => action.ask().await,
            Sink::Canary(_) => None,
        }
    }

    fn bound(&self) -> Option<Bound> {
        match self {
            Sink::Console(action) => action.bound(),
            Sink::PagerDuty(action) => action.bound(),
            Sink::Sns(action) => action.bound(),
            Sink::Email(action) => action.bound(),
            Sink::SecurityHub(action) => action.bound(),
            Sink::Webhook(action) => action.bound(),
            Sink::Slack(action) => action.bound(),
            Sink::Teams(action) => action.bound(),
            Sink::Canary(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
