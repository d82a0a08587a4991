//! What can happen in a step, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::file::Offset;

/// A GuardDuty finding, native or a copy. What is left out is as the last report of the same id had it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Finding")]
#[serde(deny_unknown_fields, default)]
pub(super) struct FindingText {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// `NAMESPACE/NAME`.
    pub(super) pod: Option<String>,
    pub(super) container: Option<String>,
    pub(super) instance: Option<String>,
    pub(super) node: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    /// The region whose event bus it came by.
    pub(super) by_region: Option<String>,
    pub(super) severity: Option<f64>,
    pub(super) count: Option<u64>,
    /// The attack sequence that it says it belongs to.
    pub(super) sequence: Option<String>,
    /// When it was updated; as of the step if left out.
    pub(super) updated: Option<Offset>,
    pub(super) sample: bool,
    pub(super) archived: bool,
    /// Security Hub's workflow status: NEW, NOTIFIED, SUPPRESSED or RESOLVED.
    pub(super) workflow: Option<String>,
    /// Our own note on it, come round.
    pub(super) note: bool,
    /// OCSF's activity: Create, Update or Close.
    pub(super) activity: Option<String>,
}

impl FindingText {
    /// With what is left out as it was before.
    pub(super) fn after(self, before: &FindingText) -> FindingText {
        let before = before.clone();
        FindingText {
            kind: self.kind.or(before.kind),
            pod: self.pod.or(before.pod),
            container: self.container.or(before.container),
            instance: self.instance.or(before.instance),
            node: self.node.or(before.node),
            principal: self.principal.or(before.principal),
            cluster: self.cluster.or(before.cluster),
            account: self.account.or(before.account),
            region: self.region.or(before.region),
            severity: self.severity.or(before.severity),
            count: self.count.or(before.count),
            sequence: self.sequence.or(before.sequence),
            ..self
        }
    }
}

/// An attack sequence of GuardDuty's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Sequence")]
#[serde(deny_unknown_fields)]
pub(super) struct SequenceText {
    pub(super) id: String,
    /// The account that reports it; that of all else if left out.
    pub(super) account: Option<String>,
    /// The ids of the findings that it was made from.
    #[serde(default)]
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) archived: bool,
}

/// A finding of one of Security Hub's controls.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Control")]
#[serde(deny_unknown_fields)]
pub(super) struct ControlText {
    pub(super) id: String,
    /// PASSED or FAILED.
    pub(super) status: String,
    pub(super) resource: String,
    /// ACTIVE or ARCHIVED.
    pub(super) record: Option<String>,
    pub(super) workflow: Option<String>,
}

/// A CloudWatch alarm.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Alarm")]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmText {
    pub(super) name: String,
    /// ALARM, OK or INSUFFICIENT_DATA.
    pub(super) state: String,
    pub(super) cluster: Option<String>,
    pub(super) node: Option<String>,
    /// `NAMESPACE/NAME`.
    pub(super) pod: Option<String>,
    pub(super) account: Option<String>,
}

/// An event that is no finding.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Event")]
#[serde(deny_unknown_fields)]
pub(super) struct EventText {
    pub(super) source: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) detail: serde_json::Value,
}

/// Which incident: that of a finding's id.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Incident")]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentText {
    pub(super) of: String,
}

/// Who has it, or holds it to be over.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Ack")]
#[serde(deny_unknown_fields)]
pub(super) struct AckText {
    pub(super) of: String,
    pub(super) by: Option<String>,
    pub(super) via: Option<String>,
    pub(super) episode: Option<u32>,
}

/// Who is to have it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Reassign")]
#[serde(deny_unknown_fields)]
pub(super) struct ReassignText {
    pub(super) of: String,
    pub(super) to: String,
}

/// A new silence.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Silence")]
#[serde(deny_unknown_fields)]
pub(super) struct SilenceText {
    /// What it is called in the lines of this scenario.
    pub(super) name: String,
    #[serde(rename = "match")]
    pub(super) matches: serde_json::Value,
    pub(super) hours: u32,
    /// Now, if left out.
    pub(super) from: Option<Offset>,
    pub(super) comment: Option<String>,
    #[serde(default)]
    pub(super) yes_cover_p0: bool,
}

/// Which silence ends.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Expire")]
#[serde(deny_unknown_fields)]
pub(super) struct ExpireText {
    pub(super) name: String,
}

/// Which silence ends later, and when.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Extend")]
#[serde(deny_unknown_fields)]
pub(super) struct ExtendText {
    pub(super) name: String,
    pub(super) to: Offset,
}
