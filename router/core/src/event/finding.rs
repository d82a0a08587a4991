//! What an event reports, normalised: the same words whoever reports it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use super::HubId;
use super::envelope::Report;
use crate::ids::FindingKey;
use crate::word;

/// A finding as its latest report has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The same for every report of this finding, native or through Security Hub.
    pub key: FindingKey,
    /// Who found it, not who relayed it.
    pub source: FindingSource,
    /// The type in the finder's own words, such as `CryptoCurrency:Runtime/BitcoinTool.B`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One line. Hostile text.
    pub title: String,
    /// More lines. Hostile text.
    pub description: String,
    /// The finder's own severity; none where it gives none.
    pub severity: Option<Severity>,
    /// Open, archived or resolved.
    pub state: FindingState,
    /// Made to try the set-up out; never a real problem.
    pub sample: bool,
    /// How often it was seen, by the finder's own count; 1 where there is none.
    pub count: u64,
    /// When this report was made; none where it is missing or unreadable.
    pub updated_at: Option<Timestamp>,
    /// First and last time the behaviour was seen.
    pub first_seen: Option<Timestamp>,
    /// Last time the behaviour was seen.
    pub last_seen: Option<Timestamp>,
    /// When it is over unless its finder goes on to report it; none where only a report ends it.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
    /// The attack sequence that it says it belongs to.
    #[serde(default)]
    pub sequence: Option<FindingKey>,
    /// For an attack sequence: the findings that it was made from, at most [`Finding::MOST_MEMBERS`].
    #[serde(default)]
    pub members: Vec<FindingKey>,
    /// What Security Hub knows it by, for writing back; none where it did not come through Security Hub, or came
    /// in OCSF, whose ids are those of another API.
    #[serde(default)]
    pub hub: Option<HubId>,
    /// The report looks like our own note to Security Hub coming round.
    ///
    /// Never a reason to hide anything by itself: whoever may change findings can write a note in our name, and
    /// whatever else was changed since (a severity, a resource) comes with the same mark. It may only confirm
    /// that a report of a finding already known, with the same `updated_at` and state, and with nothing that
    /// rose, is not news.
    #[serde(default)]
    pub echo: bool,
}

impl Finding {
    /// More members of a sequence than this are not remembered.
    pub const MOST_MEMBERS: usize = 50;
}

/// Who found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "lowercase")]
pub enum FindingSource {
    /// Amazon GuardDuty, native or as a Security Hub copy (ASFF or OCSF).
    GuardDuty,
    /// A Security Hub control, or a product that reports through Security Hub.
    SecurityHub,
    /// A human pressed a Security Hub custom action.
    CustomAction,
    /// Amazon Inspector.
    Inspector,
    /// An ECR image scan.
    Ecr,
    /// A CloudWatch alarm.
    CloudWatch,
    /// AWS Health.
    Health,
    /// An alert of Prometheus.
    Prometheus,
    /// Our own watch of the cluster.
    Cluster,
}

impl FindingSource {
    /// All of them.
    pub(crate) const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The word rules and metrics use.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }

    /// The source of the events that report its findings; none where that is another finder's.
    pub(crate) fn event_source(self) -> Option<&'static str> {
        let report = match self {
            FindingSource::GuardDuty => Report::GuardDuty,
            FindingSource::SecurityHub => Report::SecurityHub,
            FindingSource::CustomAction => return None,
            FindingSource::Inspector => Report::Inspector,
            FindingSource::Ecr => Report::EcrScan,
            FindingSource::CloudWatch => Report::Alarm,
            FindingSource::Health => Report::Health,
            FindingSource::Prometheus => Report::Prometheus,
            FindingSource::Cluster => Report::Watch,
        };
        Some(report.envelope().0)
    }
}

impl Finding {
    /// Whether it is a human's order about a finding, and not a report of one: what came of an earlier press says
    /// nothing about this one.
    pub fn is_pressed(&self) -> bool {
        self.source == FindingSource::CustomAction
    }

    /// Whether its finder measures the platform, and looks for no breach.
    pub(crate) fn is_measured(&self) -> bool {
        self.source == FindingSource::CloudWatch || self.is_said_again()
    }

    /// Whether its finder says again and again that it goes on, until it is over.
    pub(crate) fn is_said_again(&self) -> bool {
        matches!(self.source, FindingSource::Prometheus | FindingSource::Cluster)
    }

    /// Whether it is about one of the contributors of an alarm.
    pub(crate) fn is_contributor(&self) -> bool {
        self.source == FindingSource::CloudWatch && self.kind == super::cloudwatch::CONTRIBUTOR
    }

    /// Whether it is a problem of its own, whatever else its subject has: a report of GuardDuty on itself.
    pub(crate) fn stands_alone(&self) -> bool {
        match self.source {
            FindingSource::GuardDuty => super::envelope::STATUS.contains(&&*self.kind),
            FindingSource::SecurityHub
            | FindingSource::CustomAction
            | FindingSource::Inspector
            | FindingSource::Ecr
            | FindingSource::CloudWatch
            | FindingSource::Health
            | FindingSource::Prometheus
            | FindingSource::Cluster => false,
        }
    }
}

/// Whether the finder still holds it to be a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// A problem.
    Open,
    /// Put aside by someone: archived, suppressed.
    Archived,
    /// Gone: passed, OK, closed.
    Resolved,
}

impl FindingState {
    /// The word rules and pages use.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

/// A severity on GuardDuty's scale of 0 to 10, with its band.
///
/// Security Hub's 0 to 100 is divided by ten, labels take the lowest value of their band.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "f64", from = "f64")]
pub struct Severity(f64);

impl Severity {
    /// Clamped to 0.0..=10.0; what is not a number counts as 0.
    pub fn new(value: f64) -> Self {
        Self(if value.is_nan() { 0.0 } else { value.clamp(0.0, 10.0) })
    }

    /// The number, 0.0 to 10.0.
    pub fn value(self) -> f64 {
        self.0
    }

    /// GuardDuty's published bands; below 1.0 is informational.
    pub fn band(self) -> Band {
        match self.0 {
            value if value >= 9.0 => Band::Critical,
            value if value >= 7.0 => Band::High,
            value if value >= 4.0 => Band::Medium,
            value if value >= 1.0 => Band::Low,
            _ => Band::Informational,
        }
    }
}

impl From<f64> for Severity {
    fn from(value: f64) -> Self {
        Severity::new(value)
    }
}

impl From<Severity> for f64 {
    fn from(severity: Severity) -> Self {
        severity.0
    }
}

/// The band of a severity; a rise from one to the next is worth a page, a rise within one is not.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Band {
    /// Below 1.0.
    Informational,
    /// 1.0 to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 to 10.0.
    Critical,
}

impl Band {
    /// All of them.
    pub(crate) const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The label, as Security Hub writes it.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}
