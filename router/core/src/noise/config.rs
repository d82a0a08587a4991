//! Noise control as it is written in a configuration.

mod schema;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::{Group, Inhibition, Limits, Maintenance, Noise, QuietAfter, Quota, Storm};
use crate::attributes::{Attributes, PATHS};
use crate::ids::RouteName;
use crate::incident::IncidentRecord;
use crate::pattern::Pattern;
use crate::window::{Cron, RecurringWindow};
use crate::yaml::{Mistake, expected};
use crate::zone::Zone;

/// The `noise` part.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Noise")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of limits, storm, groups, inhibit, shipped_inhibitions, maintenance, \
                 silence_share_percent, flapping, quiet_after_hours"
)]
pub struct NoiseConfig {
    /// How many pages that are not P0 may go out.
    pub limits: LimitsConfig,
    /// From when on many new incidents are one storm.
    pub storm: StormConfig,
    /// What is paged as one.
    pub groups: Vec<GroupConfig>,
    /// What covers what, before what is shipped.
    pub inhibit: Vec<InhibitConfig>,
    /// Whether what is shipped is in force.
    pub shipped_inhibitions: bool,
    /// Recurring windows in which what matches is silent.
    pub maintenance: Vec<MaintenanceConfig>,
    /// A silence over more than this share of a day's events needs to be confirmed, 1 to 100.
    pub silence_share_percent: UpTo<100>,
    /// More turns than this, in that time, are flapping.
    pub flapping: FlappingConfig,
    /// After how many hours without an event an incident is over.
    pub quiet_after_hours: QuietConfig,
}

/// Under `noise.limits`.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Limits")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of channel, rule, family")]
pub struct LimitsConfig {
    /// Per channel; P1 and what is less urgent each have their own.
    pub channel: Option<QuotaConfig>,
    /// Per rule.
    pub rule: Option<QuotaConfig>,
    /// Per account and family.
    pub family: Option<QuotaConfig>,
}

/// A quota.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "QuotaText")]
pub struct QuotaConfig(Quota);

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Quota")]
#[serde(deny_unknown_fields, expecting = "a mapping of per_hour, burst")]
struct QuotaText {
    /// So many an hour, one after the other;
    #[schemars(range(min = 1))]
    per_hour: u32,
    /// so many at once.
    #[schemars(range(min = 1))]
    burst: u32,
}

impl TryFrom<QuotaText> for QuotaConfig {
    type Error = &'static str;

    fn try_from(text: QuotaText) -> Result<Self, Self::Error> {
        let QuotaText { per_hour, burst } = text;
        Quota::new(per_hour, burst).map(QuotaConfig).ok_or("expected per_hour and burst of at least 1")
    }
}

/// Under `noise.storm`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Storm")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of incidents, within_minutes, interval_minutes")]
pub struct StormConfig {
    /// How many new incidents of an account and family are no storm yet.
    pub incidents: AtLeastOne,
    /// Within how many minutes.
    pub within_minutes: AtLeastOne,
    /// How often a storm that goes on is said again.
    pub interval_minutes: AtLeastOne,
}

impl Default for StormConfig {
    fn default() -> Self {
        Self { incidents: AtLeastOne(20), within_minutes: AtLeastOne(5), interval_minutes: AtLeastOne(5) }
    }
}

/// One of `noise.groups`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Group")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of name, match, group_by, group_wait_seconds, group_interval_minutes, \
                 repeat_interval_hours"
)]
pub struct GroupConfig {
    /// Its name.
    pub name: String,
    /// What it is for; everything if left out.
    #[serde(rename = "match", default)]
    pub matches: Option<PatternConfig>,
    /// Equal values here are one group.
    pub group_by: Paths,
    /// How long the first of a group waits for others.
    #[serde(default = "thirty")]
    pub group_wait_seconds: u32,
    /// How long after a page what has joined since is said.
    #[serde(default = "five")]
    pub group_interval_minutes: AtLeastOne,
    /// After how long a group that is still open is said again.
    #[serde(default = "four")]
    pub repeat_interval_hours: AtLeastOne,
}

/// What of a route is paged as one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RouteGroup")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of group_by, group_wait_seconds, group_interval_minutes, repeat_interval_hours"
)]
pub struct RouteGroupConfig {
    /// Equal values here are one group.
    pub group_by: Paths,
    /// How long the first of a group waits for others.
    #[serde(default = "thirty")]
    pub group_wait_seconds: u32,
    /// How long after a page what has joined since is said.
    #[serde(default = "five")]
    pub group_interval_minutes: AtLeastOne,
    /// After how long a group that is still open is said again.
    #[serde(default = "four")]
    pub repeat_interval_hours: AtLeastOne,
}

impl RouteGroupConfig {
    /// The group of the route of that name: whatever goes by it.
    pub fn group(&self, route: &RouteName) -> Group {
        let Self { group_by, group_wait_seconds, group_interval_minutes, repeat_interval_hours } =
            self.clone();
        GroupConfig {
            name: format!("route {route}"),
            matches: None,
            group_by,
            group_wait_seconds,
            group_interval_minutes,
            repeat_interval_hours,
        }
        .into()
    }
}

/// One of `noise.inhibit`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Inhibition")]
#[serde(deny_unknown_fields, expecting = "a mapping of name, source, target, equal, covers_p0")]
pub struct InhibitConfig {
    /// Its name.
    pub name: String,
    /// What covers.
    pub source: PatternConfig,
    /// What is covered.
    pub target: PatternConfig,
    /// What has to be equal, and known.
    pub equal: Paths,
    /// Whether P0 is covered, too.
    #[serde(default)]
    pub covers_p0: bool,
}

/// One of `noise.maintenance`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "MaintenanceText")]
pub struct MaintenanceConfig(Maintenance);

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Maintenance")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of name, match, cron, time_zone, hours or minutes, covers_p0"
)]
struct MaintenanceText {
    /// Its name.
    name: String,
    /// What is silent.
    #[serde(rename = "match")]
    matches: PatternConfig,
    /// When it begins: five fields; `TUE#2` is the second Tuesday.
    cron: Cron,
    /// The time zone of its clock.
    #[serde(default)]
    time_zone: Zone,
    /// How long it lasts, in hours
    hours: Option<u32>,
    /// or in minutes.
    minutes: Option<u32>,
    /// Whether P0 is silent, too.
    #[serde(default)]
    covers_p0: bool,
}

impl MaintenanceConfig {
    /// What is silent, as text.
    pub fn pattern(&self) -> &str {
        &self.0.pattern
    }
}

impl TryFrom<MaintenanceText> for MaintenanceConfig {
    type Error = String;

    fn try_from(text: MaintenanceText) -> Result<Self, Self::Error> {
        let MaintenanceText { name, matches, cron, time_zone, hours, minutes, covers_p0 } = text;
        let lasts = RecurringWindow::length(hours, minutes).map_err(|error| error.to_string())?;
        let window = RecurringWindow::new(name, cron, time_zone, lasts).map_err(|error| error.to_string())?;
        Ok(Self(Maintenance { window, matches: matches.pattern, pattern: matches.text, covers_p0 }))
    }
}

/// Under `noise.flapping`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Flapping")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of turns, within_minutes")]
pub struct FlappingConfig {
    /// So often it may begin. An incident remembers one turn more than the most there may be.
    pub turns: UpTo<15>,
    /// Within so many minutes.
    pub within_minutes: AtLeastOne,
}

const _: () = assert!(IncidentRecord::MOST_TURNS > 15, "one more turn than the most there may be");

impl Default for FlappingConfig {
    fn default() -> Self {
        Self { turns: UpTo(3), within_minutes: AtLeastOne(60) }
    }
}

/// Under `noise.quiet_after_hours`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "QuietAfterHours")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of findings, events, families")]
pub struct QuietConfig {
    /// Incidents with findings.
    pub findings: AtLeastOne,
    /// Incidents of events that are no findings.
    pub events: AtLeastOne,
    /// Incidents of a family, whatever they are.
    pub families: BTreeMap<String, AtLeastOne>,
}

impl Default for QuietConfig {
    fn default() -> Self {
        Self { findings: AtLeastOne(720), events: AtLeastOne(24), families: BTreeMap::new() }
    }
}

/// A pattern over [`crate::attributes::Attributes::json`].
#[derive(Clone, Debug)]
pub struct PatternConfig {
    /// Read.
    pub pattern: Pattern,
    /// As text.
    pub text: String,
}

impl<'de> Deserialize<'de> for PatternConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value.to_string();
        let pattern = Attributes::pattern(&text).map_err(D::Error::custom)?;
        Ok(Self { pattern, text })
    }
}

/// Paths as in [`PATHS`].
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Paths(Vec<String>);

impl TryFrom<Vec<String>> for Paths {
    type Error = Mistake;

    fn try_from(paths: Vec<String>) -> Result<Self, Mistake> {
        match paths.iter().find(|path| !PATHS.contains(&path.as_str())) {
            _ if paths.is_empty() => {
                Err(expected("at least one path, such as subject.cluster").found("none"))
            }
            Some(unknown) => {
                Err(expected(format!("one of {}", PATHS.join(", "))).found(format!("`{unknown}`")))
            }
            None => Ok(Self(paths)),
        }
    }
}

/// A number from 1 on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct AtLeastOne(u32);

impl TryFrom<u32> for AtLeastOne {
    type Error = Mistake;

    fn try_from(number: u32) -> Result<Self, Mistake> {
        if number == 0 { Err(expected("at least 1").found("0")) } else { Ok(Self(number)) }
    }
}

/// 1 to that many.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u8")]
pub struct UpTo<const MOST: u8>(u8);

impl<const MOST: u8> TryFrom<u8> for UpTo<MOST> {
    type Error = Mistake;

    fn try_from(number: u8) -> Result<Self, Mistake> {
        if (1..=MOST).contains(&number) {
            Ok(Self(number))
        } else {
            Err(expected(format!("1 to {MOST}")).found(number.to_string()))
        }
    }
}

fn thirty() -> u32 {
    30
}

fn five() -> AtLeastOne {
    AtLeastOne(5)
}

fn four() -> AtLeastOne {
    AtLeastOne(4)
}

fn minutes(number: AtLeastOne) -> SignedDuration {
    SignedDuration::from_mins(number.0.into())
}

fn hours(number: AtLeastOne) -> SignedDuration {
    SignedDuration::from_hours(number.0.into())
}

impl Default for NoiseConfig {
    fn default() -> Self {
        Self {
            limits: LimitsConfig::default(),
            storm: StormConfig::default(),
            groups: Vec::new(),
            inhibit: Vec::new(),
            shipped_inhibitions: true,
            maintenance: Vec::new(),
            silence_share_percent: UpTo(50),
            flapping: FlappingConfig::default(),
            quiet_after_hours: QuietConfig::default(),
        }
    }
}

impl From<NoiseConfig> for Noise {
    fn from(config: NoiseConfig) -> Self {
        let NoiseConfig {
            limits: LimitsConfig { channel, rule, family },
            storm: StormConfig { incidents, within_minutes, interval_minutes },
            groups,
            inhibit,
            shipped_inhibitions,
            maintenance,
            silence_share_percent: UpTo(silence_share),
            flapping,
            quiet_after_hours: QuietConfig { findings, events, families },
        } = config;
        let shipped = Limits::default();
        let quota = |own: Option<QuotaConfig>, shipped: Quota| own.map_or(shipped, |QuotaConfig(own)| own);
        let own = inhibit.into_iter().map(|inhibit| {
            let InhibitConfig { name, source, target, equal: Paths(equal), covers_p0 } = inhibit;
            Inhibition { name, source: source.pattern, target: target.pattern, equal, covers_p0 }
        });
        let also = if shipped_inhibitions { Inhibition::shipped() } else { Vec::new() };
        Noise {
            limits: Limits {
                channel: quota(channel, shipped.channel),
                rule: quota(rule, shipped.rule),
                family: quota(family, shipped.family),
            },
            storm: Storm {
                most: incidents.0,
                within: minutes(within_minutes),
                interval: minutes(interval_minutes),
            },
            groups: groups.into_iter().map(Group::from).collect(),
            inhibitions: own.chain(also).collect(),
            maintenance: maintenance.into_iter().map(|MaintenanceConfig(window)| window).collect(),
            silence_share,
            quiet_after: QuietAfter {
                findings: hours(findings),
                events: hours(events),
                families: families.into_iter().map(|(family, after)| (family, hours(after))).collect(),
            },
            flapping: (flapping.turns.0.into(), minutes(flapping.within_minutes)),
        }
    }
}

impl From<GroupConfig> for Group {
    fn from(config: GroupConfig) -> Self {
        let GroupConfig {
            name,
            matches,
            group_by: Paths(group_by),
            group_wait_seconds,
            group_interval_minutes,
            repeat_interval_hours,
        } = config;
        Self {
            name,
            matches: matches.map_or_else(Pattern::any, |matches| matches.pattern),
            group_by,
            group_wait: SignedDuration::from_secs(group_wait_seconds.into()),
            group_interval: minutes(group_interval_minutes),
            repeat_interval: hours(repeat_interval_hours),
        }
    }
}
