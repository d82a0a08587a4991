//! What Watchfire can do: the one contract of all actions, and the channels that tell a human or write back.
//!
//! An action file holds its configuration with an example, its role, the permissions it needs, its
//! idempotency key and which errors are transient. Retries, pacing and time limits are here, once.

mod alertmanager;
mod asked;
mod canary;
mod console;
mod dispatch;
mod email;
mod eventbridge;
mod gate;
mod health;
mod jira;
mod jsm;
mod kinds;
mod local;
mod pace;
mod pagerduty;
#[cfg(test)]
mod pages;
mod payload;
mod preview;
mod reply;
mod security_hub;
mod servicenow;
mod slack;
mod sns;
mod syslog;
mod teams;
mod tickets;
mod turns;
mod webhook;

use std::future::Future;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault};
use watchfire_core::text::clean;
use watchfire_core::yaml::Mistake;

pub use alertmanager::{Alertmanager, Config as AlertmanagerConfig};
pub use asked::Asked;
pub use console::{Config as ConsoleConfig, Console};
pub(crate) use dispatch::Dispatch;
pub use email::{Config as EmailConfig, Email};
pub use eventbridge::{Config as EventBridgeConfig, EventBridge};
pub use gate::{Channel, Standing};
pub use jira::{Config as JiraConfig, Jira, JiraAuth};
pub use jsm::{Config as JsmConfig, Jsm};
pub use local::Address;
pub(crate) use local::{is_address, is_loopback};
pub(crate) use pace::Lessor;
pub use pace::{Bound, PerMinute};
pub use pagerduty::{ChangesConfig as PagerDutyChangesConfig, PagerDutyChanges};
pub use pagerduty::{Config as PagerDutyConfig, EverySeconds, PagerDuty, PollConfig};
pub(crate) use pagerduty::{fits_polls, fits_webhooks};
use payload::Form;
pub use payload::{Place, Profile};
pub use preview::{Preview, preview};
pub(crate) use reply::asks_to_wait;
pub use security_hub::{Config as SecurityHubConfig, HubRegion, SecurityHub};
pub use servicenow::{Config as ServiceNowConfig, ServiceNow, ServiceNowAuth};
pub use slack::{BotConfig as SlackBotConfig, Config as SlackConfig, Slack};
pub(crate) use slack::{Press, Span, actions, escape, plain};
pub use sns::{Config as SnsConfig, Sns, TopicArn};
pub use syslog::{Config as SyslogConfig, Syslog};
pub use teams::{Config as TeamsConfig, Teams};
pub use tickets::Ticket;
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
    /// Whether somebody may be woken by it: what is shown, recorded or kept as a ticket wakes nobody.
    const WAKES_PEOPLE: bool;
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

    /// Which of its own templates cannot be used for that page; none where it has none.
    fn faults(&self, _effect: &Effect) -> Vec<Fault> {
        Vec::new()
    }

    /// Whether it has to know what it said before under the same dedup key.
    fn goes_on(&self) -> bool {
        false
    }
}

/// What a channel's part of the configuration says to those that ask every kind.
trait Settings {
    /// Whether it words pages.
    const WORDS: bool = true;

    /// Its secrets.
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        Vec::new()
    }

    /// What of it cannot work though each member by itself is right: the member's path from here, and what was expected.
    fn check(&self, _mistake: &mut dyn FnMut(&str, Mistake)) {}

    /// How pages become what leaves.
    fn form(&self) -> Form;

    /// Where the templates of routes go; none where it words nothing.
    fn by_route(&mut self) -> Option<&mut ByRoute> {
        None
    }

    /// Which of its own templates cannot be used for that page.
    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.form().faults(effect)
    }
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
    /// PagerDuty, change events: what was done to the cluster.
    #[serde(rename = "pagerduty-changes")]
    PagerDutyChanges(PagerDutyChangesConfig),
    /// An SNS topic.
    Sns(SnsConfig),
    /// Mail by SMTP.
    Email(EmailConfig),
    /// Notes on Security Hub's findings.
    #[serde(rename = "security-hub")]
    SecurityHub(SecurityHubConfig),
    /// Any other side that takes JSON by HTTP.
    Webhook(WebhookConfig),
    /// A syslog receiver.
    Syslog(SyslogConfig),
    /// An event bus of EventBridge.
    EventBridge(EventBridgeConfig),
    /// Alertmanagers, by their API v2.
    Alertmanager(AlertmanagerConfig),
    /// Alerts of Jira Service Management, or Opsgenie.
    Jsm(JsmConfig),
    /// Issues of Jira.
    Jira(JiraConfig),
    /// Records of ServiceNow.
    ServiceNow(ServiceNowConfig),
    /// A channel of Slack.
    Slack(SlackConfig),
    /// A channel of Microsoft Teams.
    Teams(TeamsConfig),
}

impl ChannelConfig {
    /// Whether it keeps tickets: what is told there once is there until somebody has done it.
    pub(crate) fn keeps_tickets(&self) -> bool {
        matches!(self, ChannelConfig::Jira(_) | ChannelConfig::ServiceNow(_))
    }

    /// Whether an incident has a thread there, in which what comes after its page is told, and nobody is called by it.
    pub(crate) fn has_threads(&self) -> bool {
        matches!(self, ChannelConfig::Slack(SlackConfig { bot: Some(_), .. }))
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

#[cfg(test)]
mod tests;
