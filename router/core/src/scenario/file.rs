//! A scenario file as it is written.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::input::{
    AckText, AlarmText, ControlText, EventText, ExpireText, ExtendText, FindingText, IncidentText,
    ReassignText, SequenceText, SilenceText,
};
use crate::calendar::Calendar;
use crate::noise::NoiseConfig;
use crate::policy::TreeConfig;
use crate::priority::Priority;
use crate::schema::by_priority;
use crate::value_schema;
use crate::yaml::{Mistake, expected};

/// The whole file.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Scenario", title = "A scenario of Watchfire")]
#[serde(deny_unknown_fields, expecting = "a mapping of promise, rules, policy, start, steps")]
pub(super) struct ScenarioText {
    /// What it shows, in a sentence; no two files have the same.
    pub(super) promise: String,
    /// A list as in a rule file; `builtin`: the shipped rules; `plain`: a family per kind of finding. Left out: the
    /// rules of its folder.
    #[serde(default)]
    #[schemars(schema_with = "rules")]
    #[expect(dead_code, reason = "read from the file itself, as a rule file has them")]
    pub(super) rules: Option<IgnoredAny>,
    /// What is configured.
    #[serde(default)]
    pub(super) policy: PolicyText,
    /// When it begins.
    #[schemars(schema_with = "timestamp")]
    pub(super) start: Timestamp,
    /// What happens, in order.
    pub(super) steps: Vec<StepText>,
}

/// What is configured, as far as it matters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Policy")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of noise, routes, tree, fallback, digest, business, escalation, repeat_after_minutes, write_back"
)]
pub(super) struct PolicyText {
    /// As in a configuration.
    pub(super) noise: NoiseConfig,
    /// Who is told.
    #[schemars(schema_with = "by_priority::<Vec<String>>")]
    pub(super) routes: Option<BTreeMap<Priority, Vec<String>>>,
    /// The routes below those, as in a configuration.
    pub(super) tree: TreeConfig,
    /// For P0 and P1.
    pub(super) fallback: Option<String>,
    /// Who gets the digest.
    pub(super) digest: Option<Vec<String>>,
    /// Which days and hours are business.
    pub(super) business: Calendar,
    /// Who is told when nobody has acknowledged.
    #[schemars(schema_with = "by_priority::<Vec<EscalationText>>")]
    pub(super) escalation: BTreeMap<Priority, Vec<EscalationText>>,
    /// How long an incident stays quiet.
    #[schemars(schema_with = "by_priority::<u32>")]
    pub(super) repeat_after_minutes: BTreeMap<Priority, u32>,
    /// The channel that writes back.
    pub(super) write_back: Option<String>,
}

/// A step of an escalation chain.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "EscalationStep")]
#[serde(deny_unknown_fields, expecting = "a mapping of to, after_minutes")]
pub(super) struct EscalationText {
    pub(super) to: Vec<String>,
    #[serde(default)]
    pub(super) after_minutes: u32,
}

/// One step: at most one of its inputs is given; none is a tick.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Step")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of at, expect, and at most one of guardduty, securityhub, ocsf, sequence, control, alarm, \
                 event, eventbridge, message, redelivered, ack, unack, resolve, reassign, silence, expire, extend"
)]
pub(super) struct StepText {
    /// When, from the start on.
    pub(super) at: Offset,
    /// Everything that has to be decided.
    pub(super) expect: Vec<String>,
    /// So many of the same, `{n}` in its texts being 1, 2, 3 and so on.
    pub(super) times: Option<u32>,
    /// How far apart these are.
    pub(super) every_seconds: Option<u32>,
    pub(super) guardduty: Option<FindingText>,
    pub(super) securityhub: Option<FindingText>,
    pub(super) ocsf: Option<FindingText>,
    pub(super) sequence: Option<SequenceText>,
    pub(super) control: Option<ControlText>,
    pub(super) alarm: Option<AlarmText>,
    /// The name of an event file.
    pub(super) event: Option<String>,
    pub(super) eventbridge: Option<EventText>,
    /// A message as it is.
    pub(super) message: Option<String>,
    /// The message of that step again, from 1.
    pub(super) redelivered: Option<usize>,
    pub(super) ack: Option<AckText>,
    pub(super) unack: Option<IncidentText>,
    pub(super) resolve: Option<AckText>,
    pub(super) reassign: Option<ReassignText>,
    pub(super) silence: Option<SilenceText>,
    pub(super) expire: Option<ExpireText>,
    pub(super) extend: Option<ExtendText>,
}

value_schema!(Offset, {
    "type": "string",
    "description": "A time from the start on, such as +14m, +1h30m or +3d.",
    "pattern": "^\\+([0-9]+[dhms])*$"
});

fn rules(generator: &mut SchemaGenerator) -> Schema {
    let list = crate::rules::schema_of_list(generator);
    json_schema!({"anyOf": [{"enum": ["builtin", "plain"]}, list]})
}

fn timestamp(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time"})
}

/// A time from the start on, such as `+14m`, `+1h30m` or `+3d`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Offset(pub(super) SignedDuration);

impl TryFrom<String> for Offset {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let expected =
            || expected("a time from the start on, such as +14m or +1d2h").found(format!("`{text}`"));
        let mut rest = text.strip_prefix('+').ok_or_else(expected)?;
        let mut seconds = 0_i64;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
            let number: u32 = rest[..end].parse().map_err(|_| expected())?;
            let unit = match rest.as_bytes()[end] {
                b'd' => 86_400,
                b'h' => 3_600,
                b'm' => 60,
                b's' => 1,
                _ => return Err(expected()),
            };
            seconds += i64::from(number) * unit;
            rest = rest.get(end + 1..).ok_or_else(expected)?;
        }
        Ok(Self(SignedDuration::from_secs(seconds)))
    }
}
