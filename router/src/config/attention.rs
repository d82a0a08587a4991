//! The parts of the configuration about people's attention: the digest, escalations, notes on findings.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::EscalationStep;
use watchfire_core::priority::Priority;
use watchfire_core::yaml::{Mistake, Node, expected};

use super::check::{tells_nobody, unknown_channel};
use super::mistake::Mistakes;
use crate::channel::ChannelConfig;
use crate::cluster::HealthReportConfig;
use crate::triage::TriageConfig;

/// Who gets the digest.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Digest")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of to")]
pub struct DigestConfig {
    /// All of these, on business days when they open; none: it is kept.
    pub to: Vec<String>,
}

/// A step of an escalation chain.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "EscalationStep")]
#[serde(deny_unknown_fields, expecting = "a mapping of to, after_minutes")]
pub struct EscalationConfig {
    /// Who is told.
    pub to: Vec<String>,
    /// How long after the step before it; the first is due when the time to respond is over.
    #[serde(default = "fifteen")]
    pub after_minutes: u32,
}

/// What is written back to Security Hub.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SecurityHubPart")]
#[serde(deny_unknown_fields, expecting = "a mapping of write_back")]
pub struct SecurityHubPart {
    /// The channel that does it.
    pub write_back: String,
}

/// Where it is noted what is done to the cluster.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Changes")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of to")]
pub struct ChangesConfig {
    /// Channels of type pagerduty-changes; none: it is in the journal.
    pub to: Vec<String>,
}

fn fifteen() -> u32 {
    15
}

/// The five parts, checked against the channels there are.
pub(super) struct Attention {
    pub(super) digest: DigestConfig,
    pub(super) health_report: Option<HealthReportConfig>,
    pub(super) escalation: BTreeMap<Priority, Vec<EscalationConfig>>,
    pub(super) security_hub: Option<SecurityHubPart>,
    pub(super) changes: ChangesConfig,
}

/// Reads them; a part that is wrong counts as left out, its mistakes are told.
pub(super) fn check<'n>(
    part: impl Fn(&str) -> Option<&'n Node>,
    known: &[String],
    channels: &BTreeMap<String, ChannelConfig>,
    mistakes: &mut Mistakes<'_>,
) -> Attention {
    let tells = |name: &String, mistake: &mut dyn FnMut(Mistake)| {
        if !known.is_empty() && !known.contains(name) {
            mistake(unknown_channel(name, known));
        } else if channels.get(name).is_some_and(|channel| channel.role() != Role::Notify) {
            mistake(tells_nobody(name));
        }
    };
    let digest = mistakes.read_or_default("digest", part("digest"), |digest: &DigestConfig, mistake| {
        for (index, name) in digest.to.iter().enumerate() {
            tells(name, &mut |wrong| mistake(&format!(".to[{index}]"), wrong));
        }
    });
    let health_report = part("health_report").and_then(|part| {
        mistakes.read("health_report", part, |report: &HealthReportConfig, mistake| {
            report.check(mistake);
            for (member, names) in [(".to", &report.to), (".weekly_to", &report.weekly_to)] {
                for (index, name) in names.iter().enumerate() {
                    tells(name, &mut |wrong| mistake(&format!("{member}[{index}]"), wrong));
                }
            }
        })
    });
    let chains = mistakes.by_priority("escalation", part("escalation"));
    let escalation = chains.into_iter().filter_map(|(priority, chain)| {
        let check = |chain: &Vec<EscalationConfig>, mistake: &mut dyn FnMut(&str, Mistake)| {
            for (number, step) in chain.iter().enumerate() {
                if step.to.is_empty() {
                    mistake(&format!("[{number}].to"), expected("at least one channel").found("none"));
                }
                for (index, name) in step.to.iter().enumerate() {
                    tells(name, &mut |wrong| mistake(&format!("[{number}].to[{index}]"), wrong));
                }
            }
        };
        Some((priority, mistakes.read(&format!("escalation.{priority}"), chain, check)?))
    });
    let escalation = escalation.collect();
    let security_hub = part("security_hub").and_then(|part| {
        mistakes.read("security_hub", part, |part: &SecurityHubPart, mistake| {
            let name = &part.write_back;
            if channels.get(name).is_none_or(|channel| !matches!(channel, ChannelConfig::SecurityHub(_))) {
                let hub = expected("a channel of type security-hub").found(format!("`{name}`"));
                mistake(".write_back", hub);
            }
        })
    });
    let changes = mistakes.read_or_default("changes", part("changes"), |changes: &ChangesConfig, mistake| {
        for (index, name) in changes.to.iter().enumerate() {
            if channels.get(name).is_none_or(|channel| !matches!(channel, ChannelConfig::PagerDutyChanges(_)))
            {
                let noted = expected("a channel of type pagerduty-changes").found(format!("`{name}`"));
                mistake(&format!(".to[{index}]"), noted);
            }
        }
    });
    let (digest, changes) = (digest.unwrap_or_default(), changes.unwrap_or_default());
    Attention { digest, health_report, escalation, security_hub, changes }
}

/// The part `triage`, where it is written and right.
pub(super) fn check_triage(
    part: Option<&Node>,
    known: &[String],
    channels: &BTreeMap<String, ChannelConfig>,
    mistakes: &mut Mistakes<'_>,
) -> Option<TriageConfig> {
    mistakes.read("triage", part?, |triage: &TriageConfig, mistake| {
        triage.check(mistake);
        for (index, name) in triage.to.iter().enumerate() {
            let at = format!(".to[{index}]");
            if !known.is_empty() && !known.contains(name) {
                mistake(&at, unknown_channel(name, known));
            } else if channels.get(name).is_some_and(|channel| !channel.has_threads()) {
                mistake(&at, expected("a channel of type slack with `bot`").found(format!("`{name}`")));
            }
        }
    })
}

/// The chains as deciding takes them.
pub(super) fn chains(
    escalation: &BTreeMap<Priority, Vec<EscalationConfig>>,
) -> BTreeMap<Priority, Vec<EscalationStep>> {
    let step = |step: &EscalationConfig| EscalationStep {
        to: step.to.iter().cloned().map(ChannelName::new).collect(),
        after: SignedDuration::from_mins(step.after_minutes.into()),
    };
    escalation.iter().map(|(priority, chain)| (*priority, chain.iter().map(step).collect())).collect()
}
