//! The channel that hears that a canary has arrived: it tells a monitor outside, and no person.
//!
//! - Configuration: the part `canary`, not a channel of the configuration.
//! - Role: record. Permissions: none in AWS; HTTPS to the heartbeat's address.
//! - Idempotency: none needed; a monitor that is called twice has been called.
//! - Transient errors: none. A monitor that does not answer hears of the next canary.

use watchfire_core::action::Role;

use crate::clients::{Clients, chain};
use crate::failure::{Done, NotTaken};
use crate::secret::Secret;

/// Calls the heartbeat's address, where there is one.
#[derive(Debug)]
pub(super) struct Canary {
    heartbeat: Option<(reqwest::Client, Secret)>,
}

impl Canary {
    pub(super) const ROLE: Role = Role::Record;

    pub(super) fn new(heartbeat: Option<Secret>, clients: &Clients) -> anyhow::Result<Self> {
        let heartbeat = heartbeat.map(|url| Ok::<_, anyhow::Error>((clients.http()?, url))).transpose()?;
        Ok(Self { heartbeat })
    }

    pub(super) async fn perform(&self) -> Result<Done, NotTaken> {
        let Some((http, url)) = &self.heartbeat else { return Ok(Done { receipt: "counted".to_owned() }) };
        // Whoever knows its address can call it: it is in no error.
        let failed = |reason: String| NotTaken::ForGood { reason: format!("the heartbeat: {reason}") };
        let answer = http.get(url.expose().as_str()).send().await;
        let answer = answer.map_err(|error| failed(chain(&error.without_url())))?;
        match answer.status() {
            status if status.is_success() => Ok(Done { receipt: format!("the heartbeat: {status}") }),
            status => Err(failed(status.to_string())),
        }
    }
}
