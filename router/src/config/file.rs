//! The shape of `watchfire.yaml`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::calendar::Calendar;
use watchfire_core::noise::NoiseConfig;
use watchfire_core::policy::TreeConfig;
use watchfire_core::priority::Priority;

use super::attention::{ChangesConfig, DigestConfig, EscalationConfig, SecurityHubPart};
use super::canary::CanaryConfig;
use super::mitigation::MitigationConfig;
use super::telemetry::TelemetryConfig;
use crate::channel::ChannelConfig;
use crate::cluster;
use crate::evidence;
use crate::identity::AccessConfig;
use crate::oncall::OnCallConfig;
use crate::secret::SecretSource;
use crate::source::QueueConfig;
use crate::store::{DynamoDbConfig, IfDamaged};
use crate::triage::TriageConfig;

/// The parts of the file, in the order of the documented example.
pub(super) const PARTS: [&str; 27] = [
    "queue",
    "queues",
    "http",
    "access",
    "health",
    "store",
    "evidence",
    "rules",
    "cluster",
    "channels",
    "routes",
    "fallback_after_seconds",
    "repeat_after_minutes",
    "noise",
    "business",
    "digest",
    "health_report",
    "escalation",
    "oncall",
    "triage",
    "security_hub",
    "changes",
    "canary",
    "watch",
    "mitigation",
    "telemetry",
    "require_fips",
];

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The SQS queues alerts come from; without one only the embedded queue is read.
    pub queues: Vec<QueueConfig>,
    /// The HTTP address that takes events onto the queue.
    pub http: HttpConfig,
    /// Who may ask what.
    pub access: AccessConfig,
    /// The HTTP address for health and metrics.
    pub health: HealthConfig,
    /// Where it is kept what was decided.
    pub store: StoreConfig,
    /// Where evidence is kept; without it, none is captured.
    pub evidence: Option<evidence::Config>,
    /// Where the rules are.
    pub rules: RulesConfig,
    /// Our cluster; without it no event has a context.
    pub cluster: Option<cluster::Config>,
    /// The channels people are told by, each under its name.
    pub channels: BTreeMap<String, ChannelConfig>,
    /// Per priority, which channels are told.
    pub routes: BTreeMap<Priority, RouteConfig>,
    /// The routes below those.
    pub tree: TreeConfig,
    /// How long the primary channel of a P0 or P1 has before the fallback is told, in seconds.
    pub fallback_after_seconds: u32,
    /// Per priority, how long an incident that goes on stays quiet after it was said, in minutes.
    pub repeat_after_minutes: BTreeMap<Priority, u32>,
    /// What keeps news from being paged at once.
    pub noise: NoiseConfig,
    /// Which days and hours are business.
    pub business: Calendar,
    /// Who gets the digest.
    pub digest: DigestConfig,
    /// What the report of health goes by, and who gets it.
    pub health_report: Option<cluster::HealthReportConfig>,
    /// Per priority, who is told when nobody has acknowledged a page in time.
    pub escalation: BTreeMap<Priority, Vec<EscalationConfig>>,
    /// Where it is read who is on call; nowhere if left out.
    pub oncall: Option<OnCallConfig>,
    /// The model that is asked about a page that was handed over; none if left out.
    pub triage: Option<TriageConfig>,
    /// What is written back to Security Hub; nothing if left out.
    pub security_hub: Option<SecurityHubPart>,
    /// Where it is noted what is done to the cluster.
    pub changes: ChangesConfig,
    /// Canaries; none if left out.
    pub canary: Option<CanaryConfig>,
    /// The cluster watched for what is the matter in it; not if left out.
    pub watch: Option<cluster::WatchConfig>,
    /// How far Watchfire may go in the cluster.
    pub mitigation: MitigationConfig,
    /// What is told of Watchfire itself.
    pub telemetry: TelemetryConfig,
    /// Nothing starts unless all TLS goes through the FIPS module.
    pub require_fips: bool,
}

/// The HTTP address that takes events.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Http")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of listen, token, operator_token, public_url, in_flight, hosts, connections, bodies_mib"
)]
pub struct HttpConfig {
    /// Address and port; port 0 takes any free one.
    #[schemars(with = "String", regex(pattern = ":[0-9]+$"))]
    pub listen: SocketAddr,
    /// The bearer token that senders must show; required unless the address is loopback.
    pub token: Option<SecretSource>,
    /// The bearer token of those who approve, release and switch off; without it nobody can.
    pub operator_token: Option<SecretSource>,
    /// Where people reach this address from their desks, `https://…`: pages link to their incident there.
    #[schemars(extend("pattern" = "^https://[^/@?#]+(/[^?#]*)?$"))]
    pub public_url: Option<String>,
    /// How many messages of the embedded queue are worked on at once, 1 to 10,000.
    #[schemars(range(min = 1, max = 10_000))]
    pub in_flight: u16,
    /// Names and addresses that clients use to get here, besides loopback's and the one listened on.
    pub hosts: Vec<String>,
    /// The most connections at once, 1 to 10,000; fewer where the limit on descriptors leaves fewer.
    #[schemars(range(min = 1, max = 10_000))]
    pub connections: u16,
    /// What large bodies may hold at once, in MiB, 16 to 4,096.
    #[schemars(range(min = 16, max = 4_096))]
    pub bodies_mib: u16,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            token: None,
            operator_token: None,
            public_url: None,
            in_flight: 64,
            hosts: Vec::new(),
            connections: 512,
            bodies_mib: 64,
        }
    }
}

/// The HTTP address for health and metrics.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Health")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of listen")]
pub struct HealthConfig {
    /// Address and port; port 0 takes any free one.
    #[schemars(with = "String", regex(pattern = ":[0-9]+$"))]
    pub listen: SocketAddr,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8081)) }
    }
}

/// Where it is kept what was decided.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Store")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of path, dynamodb, keep_days, if_damaged")]
pub struct StoreConfig {
    /// The embedded store's file, the embedded queue in it; folders are made as needed. With `dynamodb` there is none.
    pub path: PathBuf,
    /// A table of DynamoDB instead, for several workers or a Lambda.
    pub dynamodb: Option<DynamoDbConfig>,
    /// How long decisions and closed incidents are kept, in days.
    #[schemars(range(min = 1))]
    pub keep_days: u16,
    /// What becomes of its file where that is damaged.
    pub if_damaged: IfDamaged,
}

impl StoreConfig {
    /// How long decisions and closed incidents are kept.
    pub(crate) fn keep(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.keep_days))
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from("watchfire-data/watchfire.redb"),
            dynamodb: None,
            keep_days: 90,
            if_damaged: IfDamaged::SetAside,
        }
    }
}

/// Where the rules are.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Rules")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of directory")]
pub struct RulesConfig {
    /// A folder of rule files, read instead of the set in the binary.
    pub directory: Option<PathBuf>,
}

/// Who is told of one priority.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Route")]
#[serde(deny_unknown_fields, expecting = "a mapping of to, fallback")]
pub struct RouteConfig {
    /// Channels, the primary one first; none: the digest.
    pub to: Vec<String>,
    /// The channel for when the primary one does not take a P0 or P1 in time.
    pub fallback: Option<String>,
}
