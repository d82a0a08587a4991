//! All kinds of channels, each by its name alone: what the configuration asks of one, and what sends by it.

use std::path::PathBuf;

use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Wording};
use watchfire_core::yaml::Mistake;

use super::canary::Canary;
use super::{Action, Asked, Bound, ChannelConfig, Dispatch, Settings};
use super::{Alertmanager, EventBridge, Jira, Jsm, ServiceNow, Syslog};
use super::{Console, Email, PagerDuty, PagerDutyChanges, SecurityHub, Slack, Sns, Teams, Webhook};
use crate::clients::Clients;
use crate::failure::{Done, NotTaken};
use crate::secret::SecretUse;

/// The kinds, and for each the name of its member in the configuration.
macro_rules! kinds {
    ($($kind:ident: $name:literal),*) => {
        /// What a channel sends by.
        #[derive(Debug)]
        pub(super) enum Sink {
            $($kind($kind),)*
            Canary(Canary),
        }

        impl Sink {
            pub(super) async fn new(
                name: &ChannelName,
                config: ChannelConfig,
                clients: &Clients,
            ) -> anyhow::Result<Self> {
                Ok(match config {
                    $(ChannelConfig::$kind(config) => Sink::$kind($kind::new(name, config, clients).await?),)*
                })
            }

            pub(super) async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
                match self {
                    $(Sink::$kind(action) => action.perform(dispatch).await,)*
                    Sink::Canary(canary) => canary.perform().await,
                }
            }

            pub(super) async fn ask(&self) -> Option<Asked> {
                match self {
                    $(Sink::$kind(action) => action.ask().await,)*
                    Sink::Canary(_) => None,
                }
            }

            pub(super) fn bound(&self) -> Option<Bound> {
                match self {
                    $(Sink::$kind(action) => action.bound(),)*
                    Sink::Canary(_) => None,
                }
            }

            pub(super) fn faults(&self, effect: &Effect) -> Vec<Fault> {
                match self {
                    $(Sink::$kind(action) => action.faults(effect),)*
                    Sink::Canary(_) => Vec::new(),
                }
            }

            pub(super) fn goes_on(&self) -> bool {
                match self {
                    $(Sink::$kind(action) => action.goes_on(),)*
                    Sink::Canary(_) => false,
                }
            }

            pub(super) fn role(&self) -> Role {
                match self {
                    $(Sink::$kind(_) => $kind::ROLE,)*
                    Sink::Canary(_) => Canary::ROLE,
                }
            }
        }

        impl ChannelConfig {
            /// What of it cannot work, whatever its secrets are: the member's path from here, and what was expected.
            pub(crate) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
                match self {
                    $(ChannelConfig::$kind(config) => {
                        config.check(&mut |member, wrong| mistake(&format!(".{}{member}", $name), wrong));
                    })*
                }
            }

            /// Its secrets.
            pub(crate) fn secrets(&mut self) -> Vec<SecretUse<'_>> {
                match self {
                    $(ChannelConfig::$kind(config) => config.secrets(),)*
                }
            }

            /// Its part in the safety order: only those that notify tell a human, and belong in a route.
            pub fn role(&self) -> Role {
                match self {
                    $(ChannelConfig::$kind(_) => $kind::ROLE,)*
                }
            }

            /// The name of its kind in the configuration.
            pub(crate) fn kind(&self) -> &'static str {
                match self {
                    $(ChannelConfig::$kind(_) => $name,)*
                }
            }

            /// Whether a drill can be sent by it: by all but those that write to a finding, which a drill has none of.
            pub(crate) fn can_be_tried(&self) -> bool {
                !matches!(self, ChannelConfig::SecurityHub(_))
            }

            /// Whether somebody may be woken by what it is told; not by what is shown, recorded, or kept as a ticket.
            pub(crate) fn wakes_people(&self) -> bool {
                match self {
                    $(ChannelConfig::$kind(_) => $kind::WAKES_PEOPLE,)*
                }
            }

            /// How it words its pages; none where it words none.
            pub fn wording(&self) -> Option<Wording> {
                match self {
                    $(ChannelConfig::$kind(config) => words(config),)*
                }
            }

            /// These routes word what goes by them to it; whether it words anything.
            pub(crate) fn is_worded_by(&mut self, routes: ByRoute) -> bool {
                let by_route = match self {
                    $(ChannelConfig::$kind(config) => config.by_route(),)*
                };
                by_route.map(|by_route| *by_route = routes).is_some()
            }

            /// What it keeps in though the page says it, in words; none where it sends all.
            pub fn leaves_out(&self) -> Option<String> {
                let form = match self {
                    $(ChannelConfig::$kind(config) => config.form(),)*
                };
                form.profile.leaves_out(&form.leave_out)
            }

            /// Which of its own templates cannot be used for that page.
            pub fn faults(&self, effect: &Effect) -> Vec<Fault> {
                match self {
                    $(ChannelConfig::$kind(config) => config.faults(effect),)*
                }
            }
        }
    };
}

kinds!(
    Console: "console",
    PagerDuty: "pagerduty",
    PagerDutyChanges: "pagerduty-changes",
    Sns: "sns",
    Email: "email",
    SecurityHub: "security-hub",
    Webhook: "webhook",
    Syslog: "syslog",
    EventBridge: "eventbridge",
    Alertmanager: "alertmanager",
    Jsm: "jsm",
    Jira: "jira",
    ServiceNow: "servicenow",
    Slack: "slack",
    Teams: "teams"
);

fn words<C: Settings>(config: &C) -> Option<Wording> {
    C::WORDS.then(|| config.form().wording)
}

impl ChannelConfig {
    /// The files that it names.
    pub(crate) fn files(&mut self) -> Vec<&mut PathBuf> {
        match self {
            ChannelConfig::Email(config) => config.files(),
            ChannelConfig::Syslog(config) => config.files(),
            other => other.secrets().into_iter().filter_map(|secret| secret.source.file()).collect(),
        }
    }
}
