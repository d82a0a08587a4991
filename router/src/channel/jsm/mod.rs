//! Pages as alerts of Jira Service Management, by the alert API that it has from Opsgenie.
//!
//! ```yaml
//! desk:
//!   jsm:
//!     api_key: {env: JSM_API_KEY}     # of an API integration of the team
//!     url: https://api.atlassian.com/jsm/ops/integration/   # Opsgenie: https://api.opsgenie.com/, until April 2027
//!     responders: [{team: secops}]    # or user, schedule, escalation; default: the integration's team
//!     tags: [watchfire]               # default none
//!     payload: minimal                # or standard, with names, accounts and addresses
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     calls_per_minute: 100           # a page is two calls: the request, and what became of it
//!     templates: {}                   # title is the message, head and body the description; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to the address.
//! - Idempotency: the alias, which is the dedup key: there is one open alert of an alias, and a repeat counts up.
//! - Every request is answered with 202 and done later: what became of it is asked, three times at most. A page that is not
//!   known to be there by then is tried again; of a note, an acknowledgement or an end that is said in the receipt.
//! - Transient: 429, 5xx, no connection, no answer, and what refuses us. After 400, 413 or 422, or where it was taken and then
//!   failed, the least that makes an alert is sent once; where that is refused too it is permanent.

mod alert;
mod answer;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::sleep;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Templates};
use watchfire_core::yaml::{Mistake, expected};

use super::payload::{Form, Place, Profile};
use super::reply::Reply;
use super::{Action, Address, Asked, Bound, Dispatch, PerMinute, Preview, Settings};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use crate::secret::{Secret, SecretSource, SecretUse};
use alert::{Alerts, Step};
use answer::{Answer, Became};

/// How long after a request it is asked what became of it, each time.
const ASKED_AFTER: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_millis(1_000), Duration::from_millis(2_500)];
/// What a receipt of a page begins with. It is kept in the journal.
const ALERT: &str = "alert ";

/// An integration in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Jsm")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The key of an API integration.
    pub api_key: SecretSource,
    /// Where the alert API is, without `v2/`; plain HTTP only on this machine.
    #[serde(default = "integration_api")]
    pub url: Address,
    /// Who is called; by default the team of the integration.
    #[serde(default)]
    pub responders: Vec<Responder>,
    /// What its alerts are tagged with.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How much of the page leaves.
    #[serde(default)]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most pages in any 60 s.
    #[serde(default = "default_pace")]
    pub calls_per_minute: PerMinute,
    /// How its alerts are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

/// Who is called.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "JsmResponder")]
#[serde(rename_all = "lowercase")]
pub enum Responder {
    /// A team, by its name.
    Team(String),
    /// A person, by the address they log in with.
    User(String),
    /// Whoever is on call by that schedule.
    Schedule(String),
    /// An escalation, by its name.
    Escalation(String),
}

fn integration_api() -> Address {
    Address::known("https://api.atlassian.com/jsm/ops/integration/")
}

fn default_pace() -> PerMinute {
    PerMinute::new(100)
}

/// Whether it can be a key of an integration.
fn fits(key: &Secret) -> Result<(), Mistake> {
    let key = key.expose();
    let is_key = key.len() >= 16 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match is_key {
        true => Ok(()),
        false => Err(expected("the key of an API integration: letters, digits and -").found("another text")),
    }
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        vec![SecretUse { path: ".jsm.api_key".to_owned(), source: &mut self.api_key, fits }]
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
        if !self.url.url().path().ends_with('/') {
            mistake(".url", expected("an address that ends in /").found(format!("`{}`", self.url.url())));
        }
        if self.responders.len() > 50 {
            mistake(".responders", expected("50 at most").found(self.responders.len().to_string()));
        }
        if self.tags.len() > 20 {
            mistake(".tags", expected("20 at most").found(self.tags.len().to_string()));
        }
        for (index, tag) in self.tags.iter().enumerate() {
            if tag.is_empty() || tag.chars().count() > 50 {
                let found = format!("{} characters", tag.chars().count());
                mistake(&format!(".tags[{index}]"), expected("1 to 50 characters").found(found));
            }
        }
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

impl Config {
    fn alerts(&self) -> Alerts {
        Alerts { responders: self.responders.clone(), tags: self.tags.clone(), form: self.form() }
    }
}

/// Makes alerts by one integration.
#[derive(Debug)]
pub struct Jsm {
    http: reqwest::Client,
    url: reqwest::Url,
    api_key: Secret,
    doubt: Doubt,
    alerts: Alerts,
    pace: PerMinute,
}

impl Action for Jsm {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let alerts = config.alerts();
        let Config { api_key, url, calls_per_minute: pace, .. } = config;
        let api_key = api_key.resolve_fit(clients, fits).await?;
        let (url, doubt) = (url.url().clone(), clients.doubt.clone());
        Ok(Self { http: clients.http()?, url, api_key, doubt, alerts, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let effect = dispatch.effect;
        let is_known = dispatch.receipts.iter().any(|receipt| receipt.starts_with(ALERT));
        let mut said = Vec::new();
        for step in Step::of(effect.kind, is_known) {
            said.push(match step {
                Step::Create => self.create(effect).await?,
                Step::Priority | Step::Note | Step::Acknowledge | Step::Close => {
                    self.change(effect, step).await?
                }
            });
        }
        Ok(Done { receipt: said.join("; ") })
    }

    /// What became of a request that never was: whoever has the key is told that there is none.
    async fn ask(&self) -> Option<Asked> {
        let path = "v2/alerts/requests/00000000-0000-0000-0000-000000000000";
        let asked = match self.at(path) {
            Ok(url) => self.send(self.http.get(url)).await,
            Err(not_taken) => Err(not_taken),
        };
        Some(match asked {
            Ok(reply) => answer::known(&reply),
            Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["jsm", self.url.as_str(), &self.api_key.expose()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.alerts.form.faults(effect)
    }

    /// Whether there is an alert of its alias.
    fn goes_on(&self) -> bool {
        true
    }
}

impl Jsm {
    /// An alert; where one of its alias is open, that one counts up.
    async fn create(&self, effect: &Effect) -> Result<String, NotTaken> {
        let refusal = match self.request("v2/alerts", &self.alerts.whole(effect)).await? {
            Became::Done(alert) => return Ok(format!("{ALERT}{alert}")),
            Became::Unknown(request) => return Err(not_yet(&request)),
            Became::Refused(refusal) => refusal,
        };
        match self.request("v2/alerts", &self.alerts.bare(effect)).await? {
            Became::Done(alert) => {
                Ok(format!("{ALERT}{alert}, bare, since all of it was refused: {refusal}"))
            }
            Became::Unknown(request) => Err(not_yet(&request)),
            Became::Refused(reason) => Err(NotTaken::ForGood { reason }),
        }
    }

    /// Something about the alert of its alias.
    async fn change(&self, effect: &Effect, step: Step) -> Result<String, NotTaken> {
        let path = alert::path(effect, step);
        let what = step.as_str();
        match self.request(&path, &self.alerts.change(effect, step)).await? {
            Became::Done(_) => Ok(what.to_owned()),
            Became::Unknown(request) => Ok(format!("{what} is asked for, request {request}")),
            // Nobody has it any more.
            Became::Refused(_) if step == Step::Note => self.create(effect).await,
            Became::Refused(reason) => Ok(format!("not {what}: {reason}")),
        }
    }

    /// Asks for it, and what became of it.
    async fn request(&self, path: &str, body: &serde_json::Value) -> Result<Became, NotTaken> {
        let url = self.at(path)?;
        let request = if path.contains("/priority") { self.http.put(url) } else { self.http.post(url) };
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        let reply = self.send(request).await?;
        if matches!(reply.status, 401 | 403) {
            self.doubt.raise();
        }
        match answer::read(&reply)? {
            Answer::Accepted(id) => Ok(self.became(id).await),
            Answer::Refused(reason) => Ok(Became::Refused(reason)),
        }
    }

    async fn became(&self, request: String) -> Became {
        for wait in ASKED_AFTER {
            sleep(wait).await;
            let Ok(url) = self.at(&format!("v2/alerts/requests/{request}")) else { break };
            // Whether it can be asked now says nothing about the alert.
            let Ok(reply) = self.send(self.http.get(url)).await else { continue };
            if let Some(became) = answer::became(&reply) {
                return became;
            }
        }
        Became::Unknown(request)
    }

    fn at(&self, path: &str) -> Result<reqwest::Url, NotTaken> {
        let none = |_| NotTaken::ForNow { reason: "its address is none".to_owned(), retry_after: None };
        self.url.join(path).map_err(none)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply, NotTaken> {
        let key = self.api_key.expose();
        let request = request.header(AUTHORIZATION, format!("GenieKey {key}"));
        Reply::to(request, "JSM", &[key.as_str()]).await
    }
}

fn not_yet(request: &str) -> NotTaken {
    let reason = format!("JSM has taken request {request}, and has no alert of it yet");
    NotTaken::ForNow { reason, retry_after: None }
}

/// The first request that would be made.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let alerts = config.alerts();
    let step = Step::of(effect.kind, false).next().unwrap_or(Step::Create);
    let (method, path, body) = match step {
        Step::Create => ("POST", "v2/alerts".to_owned(), alerts.whole(effect)),
        Step::Priority => ("PUT", alert::path(effect, step), alerts.change(effect, step)),
        Step::Note | Step::Acknowledge | Step::Close => {
            ("POST", alert::path(effect, step), alerts.change(effect, step))
        }
    };
    let message = body["message"].as_str().map_or(0, |message| message.chars().count());
    let preview = Preview::of(&format!("{method} {}{path}", config.url.url()), &config.faults(effect));
    match message {
        0 => preview,
        some => preview.size(some, "characters of the message", Some(alert::MOST_MESSAGE)),
    }
    .part("body", body.to_string())
}

#[cfg(test)]
mod tests;
