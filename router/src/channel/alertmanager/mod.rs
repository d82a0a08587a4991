//! Pages as alerts in Alertmanager, by its API v2, for those who route there.
//!
//! ```yaml
//! alerts:
//!   alertmanager:
//!     urls: [https://alertmanager-0.example.com/]   # every one of a cluster of them
//!     authorization: {env: ALERTMANAGER_AUTHORIZATION}   # the header's value; default none
//!     labels: {source: watchfire}     # beside ours; default none
//!     fires_for_hours: 720            # so long an alert fires that nobody ends
//!     payload: standard               # or minimal
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     messages_per_minute: 300
//!     templates: {}                   # title is the summary, head and body the description; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to the addresses.
//! - Idempotency: the labels. The same alert again is the same alert.
//! - An alert fires until `endsAt`, which is far away: nothing has to be repeated before Alertmanager's `resolve_timeout`.
//!   An end is the same alert with an `endsAt` that is now.
//! - Labels are what an alert is known by, so those that were sent stand in the receipt: an end, or a higher priority, ends
//!   the alert that fires, whatever is known by then.
//! - Every address is told, as Alertmanager wants it; one that takes it is enough.
//! - Transient: 429, 5xx, no connection, and what refuses us or is not Alertmanager's answer. After 400 or 413 the labels
//!   alone are sent once; where they are refused too it is permanent.

mod alert;
mod answer;
mod identity;

use std::collections::BTreeMap;

use anyhow::Context as _;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Templates};
use watchfire_core::verdict::EffectKind;
use watchfire_core::yaml::{Mistake, expected};

use super::payload::{Form, Place, Profile};
use super::reply::{Reply, quotable};
use super::webhook::fits_header;
use super::{Action, Address, Asked, Bound, Dispatch, PerMinute, Preview, Settings};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use crate::secret::{Secret, SecretSource, SecretUse};
use alert::Alerts;
use answer::Answer;
use identity::{Identity, OURS};

/// A cluster of Alertmanagers in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Alertmanager")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where they are, each of them; plain HTTP only on this machine.
    #[schemars(length(min = 1))]
    pub urls: Vec<Address>,
    /// The value of the header `Authorization`, such as `Bearer …`.
    pub authorization: Option<SecretSource>,
    /// Labels beside ours.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// So long an alert fires that nobody ends.
    #[serde(default = "a_month")]
    pub fires_for_hours: u32,
    /// How much of the page leaves.
    #[serde(default = "Profile::standard")]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most calls in any 60 s.
    #[serde(default = "default_pace")]
    pub messages_per_minute: PerMinute,
    /// How its alerts are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

fn a_month() -> u32 {
    720
}

fn default_pace() -> PerMinute {
    PerMinute::new(300)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let path = || ".alertmanager.authorization".to_owned();
        let header = self.authorization.iter_mut();
        header.map(|source| SecretUse { path: path(), source, fits: fits_header }).collect()
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
        if self.urls.is_empty() {
            mistake(".urls", expected("at least one address").found("none"));
        }
        for (index, address) in self.urls.iter().enumerate() {
            if !address.url().path().ends_with('/') {
                let found = format!("`{}`", address.url());
                mistake(&format!(".urls[{index}]"), expected("an address that ends in /").found(found));
            }
        }
        for (name, value) in &self.labels {
            let path = format!(".labels.{name}");
            if !identity::is_label(name) {
                let label = expected("the name of a label: letters, digits and _, no digit first");
                mistake(&path, label.found(format!("`{}`", name.escape_debug())));
            } else if OURS.contains(&name.as_str()) {
                mistake(&path, expected("a label that is not ours").found(format!("`{name}`")));
            } else if value.is_empty() {
                mistake(&path, expected("a value").found("nothing, which is no label"));
            }
        }
        if !(1..=8760).contains(&self.fires_for_hours) {
            mistake(".fires_for_hours", expected("1 to 8760").found(self.fires_for_hours.to_string()));
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
        let fires_for = SignedDuration::from_hours(self.fires_for_hours.into());
        Alerts { labels: self.labels.clone(), fires_for, form: self.form() }
    }
}

/// Tells every Alertmanager of a cluster.
#[derive(Debug)]
pub struct Alertmanager {
    http: reqwest::Client,
    urls: Vec<reqwest::Url>,
    authorization: Option<Secret>,
    doubt: Doubt,
    alerts: Alerts,
    pace: PerMinute,
}

impl Action for Alertmanager {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let alerts = config.alerts();
        let Config { urls, authorization, messages_per_minute: pace, .. } = config;
        let authorization = match authorization {
            Some(source) => Some(source.resolve_fit(clients, fits_header).await.context("authorization")?),
            None => None,
        };
        let urls = urls.into_iter().map(|address| address.url().clone()).collect();
        Ok(Self { http: clients.http()?, urls, authorization, doubt: clients.doubt.clone(), alerts, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let known: Vec<Identity> =
            dispatch.receipts.iter().filter_map(|receipt| receipt.parse().ok()).collect();
        let told = self.alerts.of(dispatch.effect, &known, Timestamp::now());
        let results = join_all(self.urls.iter().map(|url| self.tell(url, &told))).await;
        let receipt = match dispatch.effect.kind {
            EffectKind::Resolve => "ended".to_owned(),
            EffectKind::Page | EffectKind::Update | EffectKind::Digest | EffectKind::Acknowledge => {
                told.identity.to_string()
            }
        };
        taken_by_any(results, receipt)
    }

    /// Which version each of them is.
    async fn ask(&self) -> Option<Asked> {
        let answers = join_all(self.urls.iter().map(|url| self.version(url))).await;
        let answers: Result<Vec<String>, String> = answers.into_iter().collect();
        Some(answers.map(|versions| versions.join(", ")).into())
    }

    fn bound(&self) -> Option<Bound> {
        let urls: Vec<_> = self.urls.iter().map(reqwest::Url::as_str).collect();
        Some(Bound::of(self.pace, &[&["alertmanager"], urls.as_slice()].concat()))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.alerts.form.faults(effect)
    }

    /// Which labels fire under a key.
    fn goes_on(&self) -> bool {
        true
    }
}

impl Alertmanager {
    async fn tell(&self, url: &reqwest::Url, told: &alert::Told) -> Result<(), NotTaken> {
        let refusal = match self.post(url, &told.whole).await? {
            Answer::Taken => return Ok(()),
            Answer::Refused(refusal) => refusal,
        };
        match self.post(url, &told.bare()).await? {
            Answer::Taken => Ok(()),
            Answer::Refused(reason) => {
                Err(NotTaken::ForGood { reason: format!("{reason}; all of it: {refusal}") })
            }
        }
    }

    async fn post(&self, url: &reqwest::Url, alerts: &Value) -> Result<Answer, NotTaken> {
        let request = self.http.post(self.at(url, "api/v2/alerts")?);
        let request = request.header(CONTENT_TYPE, "application/json").body(alerts.to_string());
        let reply = self.send(request).await?;
        if matches!(reply.status, 401 | 403) {
            self.doubt.raise();
        }
        answer::read(&reply)
    }

    async fn version(&self, url: &reqwest::Url) -> Result<String, String> {
        let asked = async {
            let reply = self.send(self.http.get(self.at(url, "api/v2/status")?)).await?;
            answer::version(&reply)
        };
        asked.await.map_err(NotTaken::into_reason)
    }

    fn at(&self, url: &reqwest::Url, path: &str) -> Result<reqwest::Url, NotTaken> {
        let none = |_| NotTaken::ForNow { reason: "its address is none".to_owned(), retry_after: None };
        url.join(path).map_err(none)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply, NotTaken> {
        let value = self.authorization.as_ref().map(Secret::expose);
        let request = match &value {
            Some(value) => request.header(AUTHORIZATION, value.as_str()),
            None => request,
        };
        Reply::to(request, "Alertmanager", &quotable(&value)).await
    }
}

/// One that has it gossips nothing of it to the others, and notifies all the same.
fn taken_by_any(results: Vec<Result<(), NotTaken>>, receipt: String) -> Result<Done, NotTaken> {
    let all = results.len();
    let mut missing: Vec<NotTaken> = results.into_iter().filter_map(Result::err).collect();
    match missing.len() {
        0 => Ok(Done { receipt }),
        some if some < all => {
            let reason = missing.swap_remove(0).into_reason();
            Ok(Done { receipt: format!("{receipt}; {some} of {all} did not take it: {reason}") })
        }
        _ => {
            let mended = missing.iter().position(|not| !matches!(not, NotTaken::ForGood { .. }));
            Err(missing.swap_remove(mended.unwrap_or_default()))
        }
    }
}

/// The alerts that would be sent.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let alerts = config.alerts();
    let at = effect.notice.head.at.or(effect.notice.at).unwrap_or_else(Timestamp::now);
    let told = alerts.of(effect, &[], at);
    let to: Vec<_> =
        config.urls.iter().map(|address| format!("POST {}api/v2/alerts", address.url())).collect();
    let body = told.whole.to_string();
    Preview::of(&to.join(", "), &config.faults(effect)).size(body.len(), "bytes", None).part("body", body)
}

#[cfg(test)]
mod tests;
