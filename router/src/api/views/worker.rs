//! What a worker alone is asked: its rules, its condition, its digest, how it would decide.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::digest::{self, Contents, DigestRecord};
use watchfire_core::ids::{ChannelName, IncidentKey, RuleName};
use watchfire_core::priority::Priority;
use watchfire_core::rules;

use super::Decision;
use crate::router::RuleCounts;

/// The rules, and what they did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rules {
    /// Since when it is counted.
    pub since: Timestamp,
    /// In the order they are tried.
    pub rules: Vec<Rule>,
}

/// A rule, and what it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Its name.
    pub name: RuleName,
    /// What happened, whoever says so.
    pub family: String,
    /// How soon a human has to respond.
    pub priority: Priority,
    /// Whether it is only recorded.
    pub is_shadow: bool,
    /// What is to be done besides telling someone.
    pub actions: Vec<String>,
    /// The file and line it stands in.
    pub place: String,
    /// Where a responder reads on.
    pub runbook: Option<String>,
    /// How many events it classified.
    pub events: u64,
    /// How many of them were paged at once.
    pub paged: u64,
    /// How many were left to the digest.
    pub digest: u64,
    /// How many were news that was kept back, such as by a silence.
    pub suppressed: u64,
    /// When it classified the last one.
    pub last_at: Option<Timestamp>,
}

impl Rule {
    /// A rule with what it did.
    pub(crate) fn of(rule: &rules::Rule, counts: RuleCounts) -> Self {
        let RuleCounts { events, paged, digest, suppressed, last_at } = counts;
        Self {
            name: rule.name.clone(),
            family: rule.family.clone(),
            priority: rule.priority,
            is_shadow: rule.stage == rules::Stage::Shadow,
            actions: rule.actions.iter().map(|action| action.as_str().to_owned()).collect(),
            place: format!("{}:{}", rule.file, rule.line),
            runbook: rule.runbook.clone(),
            events,
            paged,
            digest,
            suppressed,
            last_at,
        }
    }
}

/// How a worker is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    /// Its version.
    pub version: String,
    /// Why its store cannot be written; none while it can.
    pub store: Option<String>,
    /// How many messages are in the embedded queue; none where there is no such queue.
    pub queued: Option<usize>,
    /// Its channels, by name.
    pub channels: Vec<ChannelCondition>,
    /// The cluster that it asks; none where it asks none.
    pub cluster: Option<ClusterCondition>,
}

/// How a channel is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelCondition {
    /// Its name.
    pub name: ChannelName,
    /// Of which kind it is.
    pub kind: String,
    /// Why it takes nothing; none while it does.
    pub down: Option<String>,
}

/// How a cluster is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterCondition {
    /// Its name.
    pub name: String,
    /// Whether its API server answers.
    pub answers: bool,
}

/// An edition of the digest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Digest {
    /// Since when it is written; none before the first.
    pub from: Option<Timestamp>,
    /// When it is closed, and then said; none as long as nothing is in it, or nobody is to get it.
    pub due_at: Option<Timestamp>,
    /// Its lines, the most urgent first; at most 200.
    pub lines: Vec<DigestLine>,
    /// How many more incidents there are.
    pub more: u64,
    /// How many incidents of each family there are, listed or not.
    pub families: BTreeMap<String, u64>,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DigestLine {
    /// The incident.
    pub incident: IncidentKey,
    /// The highest priority it had.
    pub priority: Priority,
    /// The rule's family.
    pub family: String,
    /// What happened, in a line.
    pub title: String,
    /// What it is about, in a line.
    pub subject: String,
    /// When it was first seen.
    pub since: Timestamp,
    /// How many events there were.
    pub events: u64,
    /// What kept it from being said at once, such as a silence.
    pub held: Option<String>,
}

impl Digest {
    /// The edition as it is.
    pub(crate) fn of(record: &DigestRecord, contents: &Contents) -> Self {
        let lines = contents.listed().map(|(incident, line)| DigestLine::of(incident.clone(), line.clone()));
        Self {
            from: Some(record.from),
            due_at: record.due_at,
            lines: lines.collect(),
            more: contents.more(),
            families: contents.families.clone(),
        }
    }
}

impl DigestLine {
    fn of(incident: IncidentKey, line: digest::DigestLine) -> Self {
        let digest::DigestLine { priority, family, title, subject, since, events, held, .. } = line;
        Self { incident, priority, family, title, subject, since, events, held }
    }
}

/// How an event would be decided where nothing was known before, and without what the cluster says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// Every rule's answer, in the order they are tried.
    pub rules: Vec<RuleAnswer>,
    /// What would be decided.
    pub decision: Decision,
    /// Why it cannot be read as an event; none where it can.
    pub unreadable: Option<String>,
}

/// What a rule says of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleAnswer {
    /// The rule.
    pub rule: RuleName,
    /// Whether it matches.
    pub matched: bool,
    /// Whether it is the one that counts.
    pub first: bool,
    /// In a clause.
    pub said: String,
}
