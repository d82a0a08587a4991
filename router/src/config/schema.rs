//! The JSON Schema of `watchfire.yaml`: for editors, and for who writes one by a program.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use watchfire_core::calendar::Calendar;
use watchfire_core::noise::NoiseConfig;
use watchfire_core::policy::NestedRouteConfig;
use watchfire_core::schema::{by_priority, text_of};

use super::attention::{ChangesConfig, DigestConfig, EscalationConfig, SecurityHubPart};
use super::canary::CanaryConfig;
use super::file::{HealthConfig, HttpConfig, RouteConfig, RulesConfig, StoreConfig};
use super::mitigation::MitigationConfig;
use super::telemetry::TelemetryConfig;
use crate::channel::ChannelConfig;
use crate::identity::AccessConfig;
use crate::oncall::OnCallConfig;
use crate::source::QueueConfig;
use crate::triage::TriageConfig;
use crate::{cluster, evidence};

// The file is read part by part, so that every mistake is told: a test holds this to the parts that are read.
/// The configuration of Watchfire. Paths in it are relative to its own file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Configuration", title = "watchfire.yaml")]
#[allow(dead_code, reason = "its schema is what it is for")]
struct Configuration {
    /// The one SQS queue that alerts come from.
    queue: Option<QueueConfig>,
    /// The SQS queues that alerts come from, each with slots of its own.
    #[schemars(length(min = 1))]
    queues: Option<Vec<QueueConfig>>,
    /// The HTTP address that takes events and commands.
    http: Option<HttpConfig>,
    /// Who may ask what.
    access: Option<AccessConfig>,
    /// The HTTP address for health and metrics.
    health: Option<HealthConfig>,
    /// What was decided, and what became of it.
    store: Option<StoreConfig>,
    /// Where evidence is kept; without it, none is captured.
    evidence: Option<evidence::Config>,
    /// Where the rules are; without it, those in the binary.
    rules: Option<RulesConfig>,
    /// Our cluster; without it no event has a context.
    cluster: Option<cluster::Config>,
    /// The channels people are told by, each under its name.
    #[schemars(extend("minProperties" = 1))]
    channels: BTreeMap<String, ChannelConfig>,
    /// Who is told: the default of each priority, of which P0 and P1 need a channel, and routes below it.
    #[schemars(schema_with = "routes")]
    routes: BTreeMap<String, RouteConfig>,
    /// How long the first channel of a P0 or P1 has before the fallback is told, in seconds.
    #[schemars(range(min = 1))]
    fallback_after_seconds: Option<u32>,
    /// How long an incident stays quiet after it was said, in minutes.
    #[schemars(schema_with = "by_priority::<u32>", default)]
    repeat_after_minutes: Option<BTreeMap<String, u32>>,
    /// What keeps news from being paged at once.
    noise: Option<NoiseConfig>,
    /// Which days and hours are business.
    business: Option<Calendar>,
    /// Who gets the digest.
    digest: Option<DigestConfig>,
    /// What the report of health goes by, and who gets it.
    health_report: Option<cluster::HealthReportConfig>,
    /// Who is told when nobody has acknowledged a page in time.
    #[schemars(schema_with = "by_priority::<Vec<EscalationConfig>>", default)]
    escalation: Option<BTreeMap<String, Vec<EscalationConfig>>>,
    /// Where it is read who is on call; pages, lists and the board show it.
    oncall: Option<OnCallConfig>,
    /// A model that is asked about a page that was handed over, for a text beside it; none if left out.
    triage: Option<TriageConfig>,
    /// What is written back to Security Hub.
    security_hub: Option<SecurityHubPart>,
    /// Where it is noted what is done to the cluster.
    changes: Option<ChangesConfig>,
    /// An event of ours on a schedule, whose absence a monitor outside pages on; none if left out.
    canary: Option<CanaryConfig>,
    /// The cluster watched for what is the matter in it, where nothing else does that; not if left out.
    watch: Option<cluster::WatchConfig>,
    /// How far Watchfire may go in the cluster.
    mitigation: Option<MitigationConfig>,
    /// What is told of Watchfire itself besides log lines and `/metrics`.
    telemetry: Option<TelemetryConfig>,
    /// Nothing starts unless all TLS goes through the FIPS module of AWS-LC: a build with the feature `fips`.
    require_fips: Option<bool>,
}

fn routes(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let mut schema = by_priority::<RouteConfig>(generator);
    let tree = [
        ("routes", generator.subschema_for::<Vec<NestedRouteConfig>>()),
        ("time_intervals", generator.subschema_for::<BTreeMap<String, Calendar>>()),
    ];
    if let Some(properties) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) {
        properties.extend(tree.map(|(name, of)| (name.to_owned(), of.into())));
    }
    schema.insert("type".to_owned(), "object".into());
    schema.insert("required".to_owned(), serde_json::json!(["P0", "P1"]));
    let told = serde_json::json!({"properties": {"to": {"minItems": 1}}});
    let urgent = serde_json::json!([{"properties": {"P0": told, "P1": told}}]);
    schema.insert("allOf".to_owned(), urgent);
    schema
}

/// The JSON Schema of a configuration file.
pub fn schema() -> String {
    text_of::<Configuration>()
}

#[cfg(test)]
mod tests;
