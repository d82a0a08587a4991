//! What a channel would send, to the byte, and without its secrets.

use serde::Serialize;
use watchfire_core::decision::Effect;
use watchfire_core::notice::Fault;

use super::{ChannelConfig, console, email, pagerduty, slack, sns, teams, webhook};
use super::{alertmanager, eventbridge, jira, jsm, servicenow, syslog};

/// What would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Where to.
    pub to: String,
    /// How much, of what, and how much the other side takes.
    pub sizes: Vec<(usize, &'static str, Option<usize>)>,
    /// Its parts by name, as they would be sent.
    pub parts: Vec<(&'static str, String)>,
    /// What is in other parts already, by name.
    pub further: Vec<(&'static str, String)>,
    /// Which templates could not be used.
    pub faults: Vec<String>,
}

impl Preview {
    pub(super) fn of(to: &str, faults: &[Fault]) -> Self {
        let faults = faults.iter().map(Fault::to_string).collect();
        Self { to: to.to_owned(), sizes: Vec::new(), parts: Vec::new(), further: Vec::new(), faults }
    }

    pub(super) fn size(mut self, is: usize, of: &'static str, most: Option<usize>) -> Self {
        self.sizes.push((is, of, most));
        self
    }

    pub(super) fn part(mut self, name: &'static str, text: String) -> Self {
        self.parts.push((name, text));
        self
    }

    pub(super) fn hidden_part(mut self, name: &'static str, text: String) -> Self {
        self.further.push((name, text));
        self
    }
}

/// What the channel of that name would send; none where it words no pages.
pub fn preview(name: &str, channel: &ChannelConfig, effect: &Effect) -> Option<Preview> {
    match channel {
        ChannelConfig::Console(config) => Some(console::preview(name, config, effect)),
        ChannelConfig::PagerDuty(config) => Some(pagerduty::preview(config, effect)),
        ChannelConfig::PagerDutyChanges(config) => Some(pagerduty::changes::preview(config, effect)),
        ChannelConfig::Sns(config) => Some(sns::preview(config, effect)),
        ChannelConfig::Email(config) => Some(email::preview(config, effect)),
        ChannelConfig::Webhook(config) => Some(webhook::preview(config, effect)),
        ChannelConfig::Syslog(config) => Some(syslog::preview(config, effect)),
        ChannelConfig::EventBridge(config) => Some(eventbridge::preview(config, effect)),
        ChannelConfig::Alertmanager(config) => Some(alertmanager::preview(config, effect)),
        ChannelConfig::Jsm(config) => Some(jsm::preview(config, effect)),
        ChannelConfig::Jira(config) => Some(jira::preview(config, effect)),
        ChannelConfig::ServiceNow(config) => Some(servicenow::preview(config, effect)),
        ChannelConfig::Slack(config) => Some(slack::preview(config, effect)),
        ChannelConfig::Teams(config) => Some(teams::preview(config, effect)),
        ChannelConfig::SecurityHub(_) => None,
    }
}
