//! Writes back to Security Hub that a human was told: the finding becomes NOTIFIED and gets a note.
//!
//! ```yaml
//! hub:
//!   security-hub:
//!     region: us-gov-west-1    # default: as for every AWS client; the findings' own or the aggregation Region
//!     fips: true               # default: AWS_USE_FIPS_ENDPOINT
//!     endpoint: https://vpce-1.securityhub.us-gov-west-1.vpce.amazonaws.com   # default: AWS_ENDPOINT_URL[_SECURITYHUB], or the Region's
//! ```
//!
//! - Role: record; it tells nobody. Permissions: `securityhub:BatchUpdateFindings`; the README of this folder has
//!   how to keep it to NOTIFIED and notes.
//! - What is written: a page makes the finding NOTIFIED and notes priority, incident and rule; an update or an
//!   end is a note only. Nothing of the event's own text. Never RESOLVED: Security Hub would open it again.
//! - Idempotency: the same note again is the same note.
//! - Each change comes round as an event: `Finding::echo`.
//! - Batches: what is to be said of several findings in the same words goes in one call, after 200 ms, 100
//!   findings at most; one call at a time, 200 ms apart. So no more than 5 reach Security Hub in any second.
//! - Transient: 408, 429, 5xx, no connection, no credentials, expired or unknown ones, what is not Security Hub's
//!   answer, and a finding left unprocessed for `ConcurrentUpdateError` or `InternalFailure`. Permanent: a missing
//!   permission (403), Security Hub switched off (401), a request or a finding that it refuses. Unlike in a page,
//!   a missing permission is no reason to wait: an alert is not to stay on its queue for a note.
//! - An effect without a finding in ASFF is done at once.

mod answer;
mod batch;
mod call;
mod note;

use anyhow::{Context as _, anyhow};
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::Wording;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::payload::Form;
use super::{Action, Address, Asked, Bound, Dispatch, Settings};
use crate::aws::call::{Place, Service, configured};
use crate::clients::Clients;
use crate::failure::{Done, NotTaken};
use batch::Writer;
use call::Caller;
use note::Update;

/// A Security Hub channel in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "SecurityHub")]
#[serde(deny_unknown_fields, expecting = "a mapping of region, fips, endpoint")]
pub struct Config {
    /// Where the findings are, or where they are aggregated.
    pub region: Option<HubRegion>,
    /// Whether the endpoint is to be the one for FIPS.
    pub fips: Option<bool>,
    /// Another address than the region's own, such as a VPC endpoint's.
    pub endpoint: Option<Address>,
}

impl Settings for Config {
    const WORDS: bool = false;

    fn form(&self) -> Form {
        Form::whole(Wording::default())
    }
}

/// The name of an AWS region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HubRegion(String);

value_schema!(HubRegion, {
    "type": "string",
    "description": "The name of an AWS region.",
    "pattern": "^[a-z0-9]+(-[a-z0-9]+)+$"
});
impl HubRegion {
    /// Its name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HubRegion {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let plain =
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        match plain && text.contains('-') {
            true => Ok(Self(text)),
            false => {
                Err(expected("a region such as us-gov-west-1").found(format!("`{}`", text.escape_debug())))
            }
        }
    }
}

/// Writes back to one region's Security Hub.
#[derive(Debug)]
pub struct SecurityHub {
    writer: Writer,
}

impl Action for SecurityHub {
    const ROLE: Role = Role::Record;
    const WAKES_PEOPLE: bool = false;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let Config { region, fips, endpoint } = config;
        let aws = clients.aws().await;
        let credentials = aws.credentials_provider().context("no AWS credentials")?;
        let region = match region {
            Some(HubRegion(region)) => region,
            None => {
                let known = aws.region().context("expected `region`, or AWS_REGION to be set")?.to_string();
                HubRegion::try_from(known).map_err(|expected| anyhow!(expected))?.0
            }
        };
        let named = |set: String| set.parse().with_context(|| format!("AWS_ENDPOINT_URL: `{set}`"));
        let endpoint = match endpoint {
            Some(address) => Some(address.url().clone()),
            None => configured(Service::SecurityHub, aws).map(named).transpose()?,
        };
        let place = match (endpoint, fips.or(aws.use_fips()).unwrap_or_default()) {
            (Some(url), _) => Ok(Place::at(Service::SecurityHub, &region, &url)),
            (None, true) => Place::regional_fips(Service::SecurityHub, &region),
            (None, false) => Place::regional(Service::SecurityHub, &region),
        };
        let place = place.map_err(|expected| anyhow!(expected))?;
        Ok(Self { writer: Writer::start(Caller::new(clients.http()?, credentials, place)) })
    }

    async fn perform(&self, Dispatch { effect, .. }: &Dispatch<'_>) -> Result<Done, NotTaken> {
        match Update::of(effect) {
            Some(update) => Ok(self.writer.write(update).await?),
            None => Ok(Done { receipt: "no Security Hub finding".to_owned() }),
        }
    }

    /// The only call that is permitted writes to a finding.
    async fn ask(&self) -> Option<Asked> {
        None
    }

    fn bound(&self) -> Option<Bound> {
        // The writer paces its calls, each of which is many effects.
        None
    }
}

#[cfg(test)]
mod tests;
