//! How a PagerDuty channel is asked about its alerts where no webhook can reach us.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use crate::channel::local::Address;
use crate::secret::{Secret, SecretSource};

/// Secrets that PagerDuty makes are far longer; what is shorter is something else, or can be guessed.
const LEAST_SECRET: usize = 16;

/// The `poll` part of a PagerDuty channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "PagerDutyPoll")]
#[serde(deny_unknown_fields, expecting = "a mapping of token, api, every_seconds")]
pub struct PollConfig {
    /// A read-only key of the REST API.
    pub token: SecretSource,
    /// The REST API; plain HTTP only on this machine.
    #[serde(default = "api")]
    pub api: Address,
    /// How often it is asked.
    #[serde(default)]
    pub every_seconds: EverySeconds,
}

fn api() -> Address {
    Address::known("https://api.pagerduty.com")
}

/// Seconds from one round of questions to the next, 5 to 3,600.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct EverySeconds(u32);

value_schema!(EverySeconds, {"type": "integer", "minimum": 5, "maximum": 3600});

impl EverySeconds {
    /// The same as a time.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}

impl Default for EverySeconds {
    fn default() -> Self {
        Self(60)
    }
}

impl TryFrom<u32> for EverySeconds {
    type Error = Mistake;

    fn try_from(seconds: u32) -> Result<Self, Mistake> {
        match (5..=3600).contains(&seconds) {
            true => Ok(Self(seconds)),
            false => Err(expected("5 to 3600").found(seconds.to_string())),
        }
    }
}

/// Whether it can sign webhooks.
pub(crate) fn fits_webhooks(secret: &Secret) -> Result<(), Mistake> {
    let length = secret.expose().chars().count();
    match length >= LEAST_SECRET {
        true => Ok(()),
        false => {
            let mistake = expected(format!("a webhook secret of at least {LEAST_SECRET} characters"));
            Err(mistake.found(format!("one of {length}")))
        }
    }
}

/// Whether it can be a key of the REST API.
pub(crate) fn fits_polls(token: &Secret) -> Result<(), Mistake> {
    let fit = token.expose().bytes().all(|byte| byte.is_ascii_graphic());
    fit.then_some(()).ok_or_else(|| expected("a token of visible ASCII characters").found("others in it"))
}
