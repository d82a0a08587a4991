//! What was done to the cluster, as change events of PagerDuty: they call nobody, and stand beside the alerts of a service.
//!
//! ```yaml
//! changes:
//!   pagerduty-changes:
//!     routing_key: {env: PD_CHANGES_KEY}   # the 32 characters of an Events API v2 integration
//!     url: https://events.pagerduty.com/v2/change/enqueue
//!     payload: minimal                # or standard, with names, accounts and addresses
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     events_per_minute: 60
//!     templates: {}                   # title is the summary; as ships
//! ```
//!
//! - Role: record; it tells nobody, and stands in no route: `changes: {to: [changes]}`. Permissions: none in AWS.
//! - Idempotency: PagerDuty has none for changes. Where an answer is lost, a change is there twice.
//! - Transient: as for pages. After 400 or 413 the summary alone is sent once; where that is refused too it is permanent.

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{Fault, Templates};
use watchfire_core::yaml::Mistake;

use super::answer::{self, Answer};
use super::{Form, Place, Profile, ROUTING_KEY_LENGTH, event, fits};
use crate::channel::reply::Reply;
use crate::channel::{Action, Address, Asked, Bound, Dispatch, PerMinute, Preview, Settings};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use crate::secret::{Secret, SecretSource, SecretUse};

/// Change events of PagerDuty in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "PagerDutyChanges")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The integration key of an Events API v2 integration.
    pub routing_key: SecretSource,
    /// Where change events go; plain HTTP only on this machine.
    #[serde(default = "change_events")]
    pub url: Address,
    /// How much of it leaves for PagerDuty.
    #[serde(default)]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most events in any 60 s.
    #[serde(default = "default_pace")]
    pub events_per_minute: PerMinute,
    /// How its changes are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

fn change_events() -> Address {
    Address::known("https://events.pagerduty.com/v2/change/enqueue")
}

fn default_pace() -> PerMinute {
    PerMinute::new(60)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let path = ".pagerduty-changes.routing_key".to_owned();
        vec![SecretUse { path, source: &mut self.routing_key, fits }]
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        event::faults(effect, &self.form())
    }
}

/// Sends change events to one integration.
#[derive(Debug)]
pub struct PagerDutyChanges {
    http: reqwest::Client,
    url: reqwest::Url,
    routing_key: Secret,
    doubt: Doubt,
    form: Form,
    pace: PerMinute,
}

impl Action for PagerDutyChanges {
    const ROLE: Role = Role::Record;
    const WAKES_PEOPLE: bool = false;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let form = config.form();
        // The others are in the form.
        let Config { routing_key, url, payload: _, leave_out: _, templates: _, events_per_minute: pace } =
            config;
        let routing_key = routing_key.resolve_fit(clients, fits).await?;
        let doubt = clients.doubt.clone();
        Ok(Self { http: clients.http()?, url: url.url().clone(), routing_key, doubt, form, pace })
    }

    async fn perform(&self, Dispatch { effect, .. }: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let key = self.routing_key.expose();
        let noted = || "noted as a change".to_owned();
        let refusal = match self.send(event::change(effect, &key, &self.form)).await? {
            Answer::Accepted(_) => return Ok(Done { receipt: noted() }),
            Answer::Refused(refusal) => refusal,
        };
        match self.send(event::bare_change(effect, &key)).await? {
            Answer::Accepted(_) => {
                let receipt = format!("{}; without its details, which were refused: {refusal}", noted());
                Ok(Done { receipt })
            }
            Answer::Refused(reason) => Err(NotTaken::ForGood { reason }),
        }
    }

    /// A change that is sent is there: nothing can be asked without one.
    async fn ask(&self) -> Option<Asked> {
        None
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["pagerduty-changes", self.url.as_str(), &self.routing_key.expose()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        event::faults(effect, &self.form)
    }
}

impl PagerDutyChanges {
    async fn send(&self, body: Vec<u8>) -> Result<Answer, NotTaken> {
        let request = self.http.post(self.url.clone());
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
        let reply = Reply::to(request, "PagerDuty", &[&self.routing_key.expose()]).await?;
        if answer::may_be_by_the_key(reply.status) {
            self.doubt.raise();
        }
        answer::read(reply)
    }
}

/// The change that would be sent; in place of the key, as many asterisks.
pub(in crate::channel) fn preview(config: &Config, effect: &Effect) -> Preview {
    let form = config.form();
    let body = event::change(effect, &"*".repeat(ROUTING_KEY_LENGTH), &form);
    let preview = Preview::of(&format!("POST {}", config.url.url()), &config.faults(effect));
    preview
        .size(body.len(), "bytes", Some(event::MOST_BYTES))
        .size(event::summary(&body), "characters of the summary", Some(event::SUMMARY_LENGTH))
        .part("body", String::from_utf8_lossy(&body).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use watchfire_core::builders::page;
    use watchfire_core::notice::List;
    use watchfire_core::verdict::EffectKind;

    use super::*;
    use crate::channel::ChannelConfig;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn config(yaml: &str) -> Config {
        match serde_saphyr::from_str(yaml).expect("a configuration") {
            ChannelConfig::PagerDutyChanges(config) => config,
            other => panic!("{other:?}"),
        }
    }

    fn contained() -> Effect {
        let mut effect = Effect { kind: EffectKind::Update, ..page() };
        effect.notice.head.lead = "Contained".to_owned();
        effect.notice.doing = vec!["quarantine: done in 2 s".to_owned()];
        effect
    }

    fn change(effect: &Effect, payload: &str) -> Value {
        let yaml = format!("pagerduty-changes: {{routing_key: {{env: A}}, payload: {payload}}}");
        serde_json::from_slice(&event::change(effect, KEY, &config(&yaml).form())).expect("JSON")
    }

    #[test]
    fn the_example_is_the_defaults_spelled_out() {
        let example = "pagerduty-changes:
  routing_key: {env: PD_CHANGES_KEY}
  url: https://events.pagerduty.com/v2/change/enqueue
  payload: minimal
  leave_out: []
  events_per_minute: 60
  templates: {}
";
        assert_eq!(config(example), config("pagerduty-changes: {routing_key: {env: PD_CHANGES_KEY}}"));
    }

    #[test]
    fn a_change_has_the_documented_members_and_no_other() {
        let mut change = change(&contained(), "standard");
        let details = change["payload"]["custom_details"].take();
        let expected = json!({
            "routing_key": KEY,
            "payload": {
                "summary": "[P0] Contained: Bitcoin miner in pod shop/pay-1",
                "source": "prod-1",
                "timestamp": "2026-11-20T02:58:11Z",
                "custom_details": null,
            },
            "links": [{"href": "https://runbooks.example.com/mining", "text": "Runbook"}],
        });
        assert_eq!(change, expected);
        assert_eq!(
            (&details["incident"], &details["done"]),
            (&json!("v1:5f3c9a"), &json!("quarantine: done in 2 s"))
        );
    }

    #[test]
    fn minimal_names_nothing_and_what_is_too_large_is_its_summary() {
        let text = change(&contained(), "minimal").to_string();
        for kept in ["pay-1", "123456789012", "prod-1"] {
            assert!(!text.contains(kept), "{kept} in {text}");
        }
        let mut effect = contained();
        effect.notice.lists =
            vec![List { head: "All".to_owned(), lines: vec!["x".repeat(1_000); 600], more: 0 }];
        let bare = json!({
            "routing_key": KEY,
            "payload": {
                "summary": "[P0] CryptoCurrency:Runtime/BitcoinTool.B", "source": "watchfire",
            },
            "links": [],
        });
        assert_eq!(change(&effect, "standard"), bare);
    }
}
