//! Where traces go, and what a Lambda's metrics are filed under.

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::yaml::{Mistake, expected};

use crate::channel::Address;

/// What is told of Watchfire itself besides log lines and `/metrics`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Telemetry")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of otlp, namespace")]
pub struct TelemetryConfig {
    /// The collector of traces; without it there are none.
    pub otlp: Option<OtlpConfig>,
    /// CloudWatch's namespace of a Lambda's metrics.
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[A-Za-z0-9._#:/-]+$"))]
    pub namespace: String,
}

/// A collector, by OTLP over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Otlp")]
#[serde(deny_unknown_fields, expecting = "a mapping of endpoint")]
pub struct OtlpConfig {
    /// Its address; spans go to `v1/traces` below it.
    pub endpoint: Address,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp: None, namespace: "Watchfire".to_owned() }
    }
}

/// As CloudWatch takes a namespace.
pub(super) fn check(telemetry: &TelemetryConfig, mistake: &mut dyn FnMut(&str, Mistake)) {
    let TelemetryConfig { otlp: _, namespace } = telemetry;
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#:".contains(&byte);
    let is_name = (1..=255).contains(&namespace.len()) && namespace.bytes().all(is_known);
    if !is_name || namespace.starts_with("AWS/") {
        let name = "1 to 255 letters, digits and any of .-_/#:, which do not begin with AWS/";
        mistake(".namespace", expected(name).found(format!("`{namespace}`")));
    }
}
