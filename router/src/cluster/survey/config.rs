//! The part `watch` of `watchfire.yaml`.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::survey::{Condition, PRODUCTION, Settings, Thresholds};
use watchfire_core::yaml::{Mistake, expected};

/// The cluster watched for what is the matter in it, where nothing else does that.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Watch")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of every_seconds, production, ignored, off, thresholds, prometheus"
)]
pub struct WatchConfig {
    /// How often it is looked, in seconds, 10 to 300.
    #[schemars(range(min = 10, max = 300))]
    pub every_seconds: u32,
    /// The namespaces of production; `*` at the beginning or end stands for anything.
    pub production: Vec<String>,
    /// Namespaces that are not looked at, written alike.
    pub ignored: Vec<String>,
    /// What is not looked for, by the names of docs/watch.md.
    pub off: BTreeSet<Condition>,
    /// From where on it is too much.
    pub thresholds: ThresholdsConfig,
    /// A Prometheus that knows how full volumes are; without one that is not known.
    #[schemars(with = "Option<String>", regex(pattern = "^https?://"))]
    #[serde(deserialize_with = "address")]
    pub prometheus: Option<reqwest::Url>,
}

/// From where on it is too much.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "WatchThresholds")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of cpu_percent, memory_percent, volume_percent, quota_percent, restarts, api_milliseconds, nodes"
)]
pub struct ThresholdsConfig {
    /// Of a node's processors, in percent of what pods can have, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub cpu_percent: u8,
    /// Of a node's memory, likewise.
    #[schemars(range(min = 1, max = 100))]
    pub memory_percent: u8,
    /// Of a volume, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub volume_percent: u8,
    /// Of a quota, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub quota_percent: u8,
    /// More restarts of a pod in ten minutes than that, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub restarts: u32,
    /// An answer of the API server that takes longer, in milliseconds, 100 to 9,000.
    #[schemars(range(min = 100, max = 9_000))]
    pub api_milliseconds: u32,
    /// So many nodes that are not ready are several, 2 to 1,000.
    #[schemars(range(min = 2, max = 1_000))]
    pub nodes: u32,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            every_seconds: 30,
            production: PRODUCTION.map(str::to_owned).to_vec(),
            ignored: Vec::new(),
            off: BTreeSet::new(),
            thresholds: ThresholdsConfig::default(),
            prometheus: None,
        }
    }
}

impl Default for ThresholdsConfig {
    fn default() -> Self {
        let Thresholds {
            cpu_percent,
            memory_percent,
            volume_percent,
            quota_percent,
            restarts,
            api_millis,
            nodes,
        } = Thresholds::default();
        Self {
            cpu_percent,
            memory_percent,
            volume_percent,
            quota_percent,
            restarts,
            api_milliseconds: api_millis,
            nodes,
        }
    }
}

impl WatchConfig {
    pub(crate) fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds.into())
    }

    /// What a look goes by.
    pub(crate) fn settings(&self) -> Settings {
        let Self { every_seconds: _, production, ignored, off, thresholds, prometheus: _ } = self;
        Settings {
            production: production.clone(),
            ignored: ignored.clone(),
            off: off.clone(),
            thresholds: thresholds.settings(),
        }
    }

    /// Says what cannot be meant.
    pub(crate) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self { every_seconds, production, ignored, off: _, thresholds, prometheus: _ } = self;
        within(".every_seconds", *every_seconds, (10, 300), mistake);
        thresholds.check(mistake);
        check_patterns(".production", production, mistake);
        check_patterns(".ignored", ignored, mistake);
    }
}

impl ThresholdsConfig {
    /// From where on it is too much.
    pub(in crate::cluster) fn settings(self) -> Thresholds {
        let Self {
            cpu_percent,
            memory_percent,
            volume_percent,
            quota_percent,
            restarts,
            api_milliseconds,
            nodes,
        } = self;
        Thresholds {
            cpu_percent,
            memory_percent,
            volume_percent,
            quota_percent,
            restarts,
            api_millis: api_milliseconds,
            nodes,
        }
    }

    /// Says what cannot be meant of the part `thresholds`.
    pub(in crate::cluster) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self {
            cpu_percent,
            memory_percent,
            volume_percent,
            quota_percent,
            restarts,
            api_milliseconds,
            nodes,
        } = self;
        for (member, number, bounds) in [
            (".thresholds.cpu_percent", (*cpu_percent).into(), (1, 100)),
            (".thresholds.memory_percent", (*memory_percent).into(), (1, 100)),
            (".thresholds.volume_percent", (*volume_percent).into(), (1, 100)),
            (".thresholds.quota_percent", (*quota_percent).into(), (1, 100)),
            (".thresholds.restarts", *restarts, (1, 100)),
            (".thresholds.api_milliseconds", *api_milliseconds, (100, 9_000)),
            (".thresholds.nodes", *nodes, (2, 1_000)),
        ] {
            within(member, number, bounds, mistake);
        }
    }
}

/// Says that a number is out of its bounds.
pub(in crate::cluster) fn within(
    member: &str,
    number: u32,
    (least, most): (u32, u32),
    mistake: &mut dyn FnMut(&str, Mistake),
) {
    if !(least..=most).contains(&number) {
        mistake(member, expected(format!("{least} to {most}")).found(number.to_string()));
    }
}

/// Says which of these stand for nothing.
pub(in crate::cluster) fn check_patterns(
    member: &str,
    patterns: &[String],
    mistake: &mut dyn FnMut(&str, Mistake),
) {
    for pattern in patterns {
        let inner = pattern.strip_prefix('*').or_else(|| pattern.strip_suffix('*')).unwrap_or(pattern);
        if inner.contains('*') || pattern.is_empty() {
            let one = expected("a name, with one `*` at its beginning or end at most");
            mistake(member, one.found(format!("`{pattern}`")));
        }
    }
}

/// An address without a user or a password in it: what it leads to is in the log.
pub(in crate::cluster) fn address<'de, D: serde::Deserializer<'de>>(
    input: D,
) -> Result<Option<reqwest::Url>, D::Error> {
    let Some(text) = Option::<String>::deserialize(input)? else { return Ok(None) };
    let url = text.parse::<reqwest::Url>().ok().filter(|url| {
        let is_http = ["http", "https"].contains(&url.scheme());
        is_http
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    });
    let expected = "an http or https address without a user and a query";
    url.map(Some).ok_or_else(|| serde::de::Error::custom(format!("expected {expected}")))
}
