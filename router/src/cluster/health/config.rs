//! The part `health_report` of `watchfire.yaml`.

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::health::Settings;
use watchfire_core::survey;
use watchfire_core::yaml::Mistake;

use crate::cluster::survey::config::{ThresholdsConfig, WatchConfig, address, check_patterns, within};

/// What `watchfire health` goes by, and who gets it as a report.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "HealthReport")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of to, weekly_to, production, ignored, system, restarts, backup_hours, thresholds, prometheus"
)]
pub struct HealthReportConfig {
    /// Who gets it, on business days when they open.
    pub to: Vec<String>,
    /// Who gets what a week was like, on its first business day when it opens.
    pub weekly_to: Vec<String>,
    /// The namespaces of production; those of `watch` if left out.
    pub production: Option<Vec<String>>,
    /// Namespaces that are not looked at; those of `watch` if left out.
    pub ignored: Option<Vec<String>>,
    /// Namespaces of the system.
    pub system: Vec<String>,
    /// Pods that were started again so often, and at last within a day, are told, 1 to 1,000.
    #[schemars(range(min = 1, max = 1_000))]
    pub restarts: u32,
    /// The newest of Velero's backups may be so old, in hours, 1 to 2,000.
    #[schemars(range(min = 1, max = 2_000))]
    pub backup_hours: u32,
    /// From where on it is too much; as in `watch` if left out.
    pub thresholds: Option<ThresholdsConfig>,
    /// A Prometheus that knows how full volumes are; that of `watch` if left out.
    #[schemars(with = "Option<String>", regex(pattern = "^https?://"))]
    #[serde(deserialize_with = "address")]
    pub prometheus: Option<reqwest::Url>,
}

impl Default for HealthReportConfig {
    fn default() -> Self {
        let Settings { survey: _, system, restarts, backup_hours, prometheus: _ } = Settings::default();
        Self {
            to: Vec::new(),
            weekly_to: Vec::new(),
            production: None,
            ignored: None,
            system,
            restarts,
            backup_hours,
            thresholds: None,
            prometheus: None,
        }
    }
}

impl HealthReportConfig {
    /// What a report goes by: what is left out is as in `watch`, and where nothing is watched, as it is by default.
    pub(crate) fn settings(&self, watch: Option<&WatchConfig>) -> Settings {
        let Self {
            to: _,
            weekly_to: _,
            production,
            ignored,
            system,
            restarts,
            backup_hours,
            thresholds,
            prometheus,
        } = self;
        let of_watch = watch.map(WatchConfig::settings).unwrap_or_default();
        let prometheus = prometheus.as_ref().or(watch.and_then(|watch| watch.prometheus.as_ref()));
        Settings {
            survey: survey::Settings {
                production: production.clone().unwrap_or(of_watch.production),
                ignored: ignored.clone().unwrap_or(of_watch.ignored),
                off: of_watch.off,
                thresholds: thresholds.map_or(of_watch.thresholds, ThresholdsConfig::settings),
            },
            system: system.clone(),
            restarts: *restarts,
            backup_hours: *backup_hours,
            prometheus: prometheus.map(reqwest::Url::to_string),
        }
    }

    /// Says what cannot be meant; of channels whoever knows them does.
    pub(crate) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self {
            to: _,
            weekly_to: _,
            production,
            ignored,
            system: _,
            restarts,
            backup_hours,
            thresholds,
            prometheus: _,
        } = self;
        within(".restarts", *restarts, (1, 1_000), mistake);
        within(".backup_hours", *backup_hours, (1, 2_000), mistake);
        for (member, patterns) in [(".production", production), (".ignored", ignored)] {
            check_patterns(member, patterns.as_deref().unwrap_or_default(), mistake);
        }
        if let Some(thresholds) = thresholds {
            thresholds.check(mistake);
        }
    }
}
