//! Pages through PagerDuty's Events API v2.
//!
//! ```yaml
//! oncall:
//!   pagerduty:
//!     routing_key: {env: PD_KEY}      # the 32 characters of an Events API v2 integration
//!     url: https://events.pagerduty.com/v2/enqueue
//!     payload: minimal                # or standard, with names, accounts and addresses
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     events_per_minute: 110          # PagerDuty takes about 120 of one key
//!     templates: {}                   # title is the summary; as ships
//!     webhook_secrets: []             # and poll: how people's answers come back, see `crate::pagerduty`
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to the address above.
//! - Idempotency: the effect's dedup key; PagerDuty puts repeats on the alert that is open.
//! - Priority: `custom_details.priority` and the severity (critical, error, warning, info); the API
//!   has no field for it, an event orchestration rule of the service sets it.
//! - Transient: 408, 425, 429, 5xx, no connection, no answer, and any answer that PagerDuty does not
//!   give, such as a proxy's. After 400 or 413 the barest event that can page is sent once; where that
//!   is refused too the failure is permanent. The second request is not paced: the default leaves
//!   PagerDuty ten a minute for it.

mod answer;
pub(super) mod changes;
mod event;
mod poll_config;

pub use changes::{Config as ChangesConfig, PagerDutyChanges};
pub use poll_config::{EverySeconds, PollConfig};
pub(crate) use poll_config::{fits_polls, fits_webhooks};

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Templates};
use watchfire_core::verdict::EffectKind;
use watchfire_core::yaml::{Mistake, expected};

use super::payload::{Form, Place, Profile};
use super::reply::Reply;
use super::{Action, Address, Asked, Bound, Dispatch, PerMinute, Preview, Settings};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use crate::secret::{Secret, SecretSource, SecretUse};
use answer::Answer;

/// The length of every integration key.
const ROUTING_KEY_LENGTH: usize = 32;

/// A PagerDuty channel in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "PagerDuty")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The integration key of an Events API v2 integration.
    pub routing_key: SecretSource,
    /// Where events go; plain HTTP only on this machine.
    #[serde(default = "events_api")]
    pub url: Address,
    /// How much of the page leaves for PagerDuty.
    #[serde(default)]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most events in any 60 s.
    #[serde(default = "default_pace")]
    pub events_per_minute: PerMinute,
    /// How its alerts are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
    /// The secrets of the webhook subscriptions that tell of its alerts; any one of them may sign.
    #[serde(default)]
    pub webhook_secrets: Vec<SecretSource>,
    /// Asking about its alerts, where no webhook can reach us.
    #[serde(default)]
    pub poll: Option<PollConfig>,
}

fn default_pace() -> PerMinute {
    PerMinute::new(110)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let Config {
            routing_key,
            url: _,
            payload: _,
            leave_out: _,
            events_per_minute: _,
            templates: _,
            webhook_secrets,
            poll,
        } = self;
        let path = |member: &str| format!(".pagerduty.{member}");
        let key = SecretUse { path: path("routing_key"), source: routing_key, fits };
        let webhooks = webhook_secrets.iter_mut().enumerate().map(|(index, source)| {
            let path = path(&format!("webhook_secrets[{index}]"));
            SecretUse { path, source, fits: fits_webhooks }
        });
        let token = poll.iter_mut().map(|poll| SecretUse {
            path: path("poll.token"),
            source: &mut poll.token,
            fits: fits_polls,
        });
        [key].into_iter().chain(webhooks).chain(token).collect()
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

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        event::faults(effect, &self.form())
    }
}

/// Whether it can be an integration key.
fn fits(routing_key: &Secret) -> Result<(), Mistake> {
    let key = routing_key.expose();
    let length = key.chars().count();
    let mistake = expected(format!("a routing key of {ROUTING_KEY_LENGTH} letters and digits"));
    match length == ROUTING_KEY_LENGTH && key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        true => Ok(()),
        false if length == ROUTING_KEY_LENGTH => Err(mistake.found("other characters")),
        false => Err(mistake.found(format!("one of {length} characters"))),
    }
}

/// Sends events to one integration.
#[derive(Debug)]
pub struct PagerDuty {
    http: reqwest::Client,
    url: reqwest::Url,
    routing_key: Secret,
    doubt: Doubt,
    form: Form,
    pace: PerMinute,
}

fn events_api() -> Address {
    Address::known("https://events.pagerduty.com/v2/enqueue")
}

impl Action for PagerDuty {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let form = config.form();
        let Config {
            routing_key: source,
            url,
            // In the form.
            payload: _,
            leave_out: _,
            templates: _,
            events_per_minute: pace,
            // What comes back is not this action's.
            webhook_secrets: _,
            poll: _,
        } = config;
        let routing_key = source.resolve_fit(clients, fits).await?;
        let doubt = clients.doubt.clone();
        Ok(Self { http: clients.http()?, url: url.url().clone(), routing_key, doubt, form, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let effect = dispatch.effect;
        let key = self.routing_key.expose();
        let refusal = match self.send(event::full(effect, &key, &self.form)).await? {
            Answer::Accepted(receipt) => return Ok(Done { receipt }),
            Answer::Refused(refusal) => refusal,
        };
        match effect.kind {
            EffectKind::Page | EffectKind::Update | EffectKind::Digest => {
                match self.send(event::bare(effect, &key)).await? {
                    Answer::Accepted(receipt) => Ok(Done {
                        receipt: format!("{receipt}; without its details, which were refused: {refusal}"),
                    }),
                    Answer::Refused(reason) => Err(NotTaken::ForGood { reason }),
                }
            }
            // It has nothing that could be left out.
            EffectKind::Resolve | EffectKind::Acknowledge => Err(NotTaken::ForGood { reason: refusal }),
        }
    }

    /// The end of an alert that never was: PagerDuty drops it, and calls nobody.
    async fn ask(&self) -> Option<Asked> {
        let nothing = event::end_of_nothing(&self.routing_key.expose());
        Some(match self.send(nothing).await {
            Ok(Answer::Accepted(_)) => Asked::Would("PagerDuty takes events by this key".to_owned()),
            Ok(Answer::Refused(reason)) => Asked::WouldNot(format!("PagerDuty: {reason}")),
            Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["pagerduty", self.url.as_str(), &self.routing_key.expose()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        event::faults(effect, &self.form)
    }
}

impl PagerDuty {
    async fn send(&self, body: Vec<u8>) -> Result<Answer, NotTaken> {
        self.send_to(self.url.clone(), body).await
    }

    async fn send_to(&self, url: reqwest::Url, body: Vec<u8>) -> Result<Answer, NotTaken> {
        let request = self.http.post(url);
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
        let reply = Reply::to(request, "PagerDuty", &[&self.routing_key.expose()]).await?;
        if answer::may_be_by_the_key(reply.status) {
            self.doubt.raise();
        }
        answer::read(reply)
    }
}

/// The event that would be sent; in place of the key, as many asterisks.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let form = config.form();
    let body = event::full(effect, &"*".repeat(ROUTING_KEY_LENGTH), &form);
    let text = String::from_utf8_lossy(&body).into_owned();
    let summary = event::summary(&body);
    let preview = Preview::of(&format!("POST {}", config.url.url()), &config.faults(effect));
    let preview = preview.size(body.len(), "bytes", Some(event::MOST_BYTES));
    match summary {
        0 => preview,
        some => preview.size(some, "characters of the summary", Some(event::SUMMARY_LENGTH)),
    }
    .part("body", text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::channel::ChannelConfig;

    fn config(yaml: &str) -> Result<Config, String> {
        match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
            ChannelConfig::PagerDuty(config) => Ok(config),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_example_is_the_defaults_spelled_out() {
        let example = "pagerduty:
  routing_key: {env: PD_KEY}
  url: https://events.pagerduty.com/v2/enqueue
  payload: minimal
  leave_out: []
  templates: {}
  events_per_minute: 110
  webhook_secrets: []
";
        assert_eq!(config(example), config("pagerduty: {routing_key: {env: PD_KEY}}"));
    }

    #[test]
    fn an_unencrypted_address_is_for_this_machine_only() {
        for url in ["http://127.0.0.1:8080/v2/enqueue", "http://[::1]:1/", "https://events.eu.pagerduty.com/"]
        {
            assert!(Address::try_from(url.to_owned()).is_ok(), "{url}");
        }
        for url in ["http://events.pagerduty.com/", "ftp://127.0.0.1/", "events.pagerduty.com", ""] {
            assert!(Address::try_from(url.to_owned()).is_err(), "{url}");
        }
        let error = config("pagerduty: {routing_key: {env: A}, url: 'http://pd.example.com/'}").unwrap_err();
        assert!(error.contains("expected an https address"), "{error}");
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        for wrong in ["service: a", "payload: full", "events_per_minute: 3", "routing_key: plain"] {
            assert!(config(&format!("pagerduty: {{routing_key: {{env: A}}, {wrong}}}")).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_key_of_the_wrong_length_is_refused_and_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "hunter2\n").unwrap();
        let config = Config {
            routing_key: SecretSource::File(path.clone()),
            url: events_api(),
            payload: Profile::Minimal,
            leave_out: Vec::new(),
            templates: Templates::default(),
            events_per_minute: default_pace(),
            webhook_secrets: Vec::new(),
            poll: None,
        };
        let clients = Clients::new(None).unwrap();
        let error = PagerDuty::new(&ChannelName::new("oncall"), config, &clients).await.unwrap_err();
        let expected = format!(
            "file {}: expected a routing key of 32 letters and digits, found one of 7 characters",
            path.display()
        );
        assert_eq!(format!("{error:#}"), expected);
    }
}
