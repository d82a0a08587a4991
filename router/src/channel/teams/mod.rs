//! Pages in Microsoft Teams, as Adaptive Cards by the address of a workflow ("When a Teams webhook request is received").
//!
//! ```yaml
//! chat:
//!   teams:
//!     url: {env: TEAMS_WORKFLOW_URL}  # whoever knows it can write there, so it is a secret
//!     payload: minimal                # or standard, with names, accounts and addresses
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     messages_per_minute: 60         # and no two within 250 ms: Teams takes four a second
//!     templates: {}                   # title, head, body; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to the address.
//! - Idempotency: Teams has none, and nothing can be changed or ended: what is new is another message.
//! - 202 says that the workflow has begun, not that anybody can read the card.
//! - Text is in text runs, in which Teams reads no Markdown and no mention. Only our own links are links.
//! - Transient: 408, 429, 5xx, no connection, no answer, and what refuses us: a workflow can be switched on while the page waits.
//!   What refuses the card is sent once more as a line, and is permanent after that.

mod answer;
mod card;

use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Templates};
use watchfire_core::yaml::Mistake;

use super::payload::{Form, Place, Profile};
use super::reply::{Reply, secret_parts};
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings, is_address};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use crate::secret::{Secret, SecretSource, SecretUse};
use answer::Answer;

/// Teams takes four messages a second.
const APART: Duration = Duration::from_millis(250);

/// A channel of Teams in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Teams")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address of a workflow; whoever knows it can write there.
    pub url: SecretSource,
    /// How much of the page leaves for Teams.
    #[serde(default)]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most messages in any 60 s.
    #[serde(default = "default_pace")]
    pub messages_per_minute: PerMinute,
    /// How its cards are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

fn default_pace() -> PerMinute {
    PerMinute::new(60)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        vec![SecretUse { path: ".teams.url".to_owned(), source: &mut self.url, fits: is_address }]
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

/// Writes by one workflow.
#[derive(Debug)]
pub struct Teams {
    http: reqwest::Client,
    url: Secret,
    doubt: Doubt,
    form: Form,
    pace: PerMinute,
}

impl Action for Teams {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let form = config.form();
        // The others are in the form.
        let Config { url, payload: _, leave_out: _, templates: _, messages_per_minute: pace } = config;
        let url = url.resolve_fit(clients, is_address).await?;
        Ok(Self { http: clients.http()?, url, doubt: clients.doubt.clone(), form, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let refusal = match self.send(card::whole(dispatch.effect, &self.form)).await? {
            Answer::Begun => return Ok(Done { receipt: "the workflow has begun".to_owned() }),
            Answer::Refused(refusal) => refusal,
        };
        match self.send(card::line(dispatch.effect, &self.form)).await? {
            Answer::Begun => {
                let receipt =
                    format!("the workflow has begun, with a line; all of it was refused: {refusal}");
                Ok(Done { receipt })
            }
            Answer::Refused(reason) => Err(NotTaken::ForGood { reason }),
        }
    }

    /// Whatever it answers, it can be reached.
    async fn ask(&self) -> Option<Asked> {
        Some(match self.request(Method::OPTIONS, Vec::new()).await {
            Ok(reply) => Asked::of_options(reply.status),
            Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["teams", &self.url.expose()]).apart(APART))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.form.faults(effect)
    }
}

impl Teams {
    async fn send(&self, body: Vec<u8>) -> Result<Answer, NotTaken> {
        let reply = self.request(Method::POST, body).await?;
        if matches!(reply.status, 401 | 403 | 404) {
            self.doubt.raise();
        }
        answer::read(&reply)
    }

    async fn request(&self, method: Method, body: Vec<u8>) -> Result<Reply, NotTaken> {
        let Ok(url) = self.url.expose().parse::<reqwest::Url>() else {
            return Err(NotTaken::ForNow { reason: "its address is none".to_owned(), retry_after: None });
        };
        let hide = secret_parts(&url);
        let hide: Vec<_> = hide.iter().map(String::as_str).collect();
        let request = self.http.request(method, url).header(CONTENT_TYPE, "application/json").body(body);
        Reply::to(request, "Teams", &hide).await
    }
}

/// The card that would be sent.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let form = config.form();
    let body = card::whole(effect, &form);
    Preview::of(&format!("POST to the address of {}", config.url), &config.faults(effect))
        .size(body.len(), "bytes", Some(card::MOST_BYTES))
        .part("body", String::from_utf8_lossy(&body).into_owned())
}

#[cfg(test)]
mod tests;
