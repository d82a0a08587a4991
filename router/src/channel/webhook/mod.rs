//! Pages to any other side that takes JSON by HTTP, signed as Standard Webhooks has it.
//!
//! ```yaml
//! automation:
//!   webhook:
//!     url: {env: WEBHOOK_URL}         # https; whoever knows it can write there, so it is a secret
//!     secrets: [{file: /run/secrets/webhook}]   # whsec_ and 24 to 64 bytes in base64; default: nothing is signed
//!     headers: {Authorization: {env: WEBHOOK_AUTHORIZATION}}   # default none
//!     format: page                    # or cloudevents: CloudEvents 1.0, structured
//!     payload: standard               # or minimal
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     messages_per_minute: 60
//!     templates: {}                   # json: the page; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to the address.
//! - Idempotency: the header `webhook-id`, in the body too: the effect's, the same at every attempt. `dedup_key` is one for
//!   all that is said of an episode of an incident.
//! - Signature: `webhook-signature`, one `v1,` for each of the secrets: HMAC-SHA256 in base64 over `webhook-id`,
//!   `webhook-timestamp` and the body with dots in between.
//! - Transient: 408, 409, 425, 429, 5xx, no connection, no answer, and what refuses us or is not the receiver's answer: 3xx, 401, 403,
//!   404, 405, 407, 410. After 413 the barest page is sent once. Permanent: every other 4xx.

mod answer;
mod body;
mod header;
mod signature;

use std::collections::{BTreeMap, HashSet};

use anyhow::Context as _;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, JsonTemplates};
use watchfire_core::yaml::{Mistake, expected};

use super::payload::{self, Place, Profile, page};
use super::reply::{Reply, secret_parts};
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings, is_address};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use crate::secret::{Secret, SecretSource, SecretUse};
use answer::Answer;
use body::Format;
use header::HeaderField;
pub(super) use header::fits as fits_header;

/// The headers of Standard Webhooks.
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A webhook in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Webhook")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where pages go: an https address, plain HTTP only on this machine. Whoever knows it can write there.
    pub url: SecretSource,
    /// What signs: `whsec_` and 24 to 64 bytes in base64. Each of them signs, so that one can take the place of another.
    #[serde(default)]
    pub secrets: Vec<SecretSource>,
    /// Headers of its own, whose values are secrets.
    #[serde(default)]
    pub headers: BTreeMap<HeaderField, SecretSource>,
    /// What the body is.
    #[serde(default)]
    pub format: Format,
    /// How much of the page leaves.
    #[serde(default = "Profile::standard")]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most messages in any 60 s.
    #[serde(default = "default_pace")]
    pub messages_per_minute: PerMinute,
    /// How its pages are written; by default as ships.
    #[serde(default)]
    pub templates: JsonTemplates,
}

fn default_pace() -> PerMinute {
    PerMinute::new(60)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let Config { url, secrets, headers, .. } = self;
        let url = SecretUse { path: ".webhook.url".to_owned(), source: url, fits: is_address };
        let signing = secrets.iter_mut().enumerate().map(|(index, source)| SecretUse {
            path: format!(".webhook.secrets[{index}]"),
            source,
            fits: signature::fits,
        });
        let headers = headers.iter_mut().map(|(name, source)| SecretUse {
            path: format!(".webhook.headers.{}", name.as_str()),
            source,
            fits: header::fits,
        });
        [url].into_iter().chain(signing).chain(headers).collect()
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
        let mut seen = HashSet::new();
        for name in self.headers.keys() {
            if !seen.insert(name.name()) {
                let twice = expected("each header once").found(format!("`{}` twice", name.name()));
                mistake(&format!(".headers.{}", name.as_str()), twice);
            }
        }
    }

    fn form(&self) -> payload::Form {
        payload::Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        page::faults(effect, &self.form())
    }
}

/// How pages become bodies.
#[derive(Debug)]
struct Form {
    format: Format,
    page: payload::Form,
}

/// Sends pages to one address.
#[derive(Debug)]
pub struct Webhook {
    http: reqwest::Client,
    url: Secret,
    secrets: Vec<Secret>,
    headers: Vec<(HeaderName, Secret)>,
    doubt: Doubt,
    form: Form,
    pace: PerMinute,
}

impl Action for Webhook {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let form = Form { format: config.format, page: config.form() };
        let Config {
            url,
            secrets: signing,
            headers: named,
            // In the form.
            format: _,
            payload: _,
            leave_out: _,
            templates: _,
            messages_per_minute: pace,
        } = config;
        let url = url.resolve_fit(clients, is_address).await?;
        let mut secrets = Vec::with_capacity(signing.len());
        for source in &signing {
            secrets.push(source.resolve_fit(clients, signature::fits).await?);
        }
        let mut headers = Vec::with_capacity(named.len());
        for (field, source) in &named {
            let value = source.resolve_fit(clients, header::fits).await;
            headers.push((field.name(), value.with_context(|| format!("header {}", field.as_str()))?));
        }
        let doubt = clients.doubt.clone();
        Ok(Self { http: clients.http()?, url, secrets, headers, doubt, form, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let refusal = match self.send(dispatch, body::full(dispatch, &self.form)).await? {
            Answer::Accepted(receipt) => return Ok(Done { receipt }),
            Answer::Refused(reason) => return Err(NotTaken::ForGood { reason }),
            Answer::TooLarge(refusal) => refusal,
        };
        match self.send(dispatch, body::bare(dispatch, &self.form)).await? {
            Answer::Accepted(receipt) => {
                Ok(Done { receipt: format!("{receipt}; cut short, since all of it was refused: {refusal}") })
            }
            Answer::Refused(reason) | Answer::TooLarge(reason) => Err(NotTaken::ForGood { reason }),
        }
    }

    /// Whatever it answers, it can be reached.
    async fn ask(&self) -> Option<Asked> {
        let asked = self.request(Method::OPTIONS, HeaderMap::new(), Vec::new()).await;
        Some(match asked {
            Ok(reply) => Asked::of_options(reply.status),
            Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["webhook", &self.url.expose()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        page::faults(effect, &self.form.page)
    }
}

impl Webhook {
    async fn send(&self, dispatch: &Dispatch<'_>, body: Vec<u8>) -> Result<Answer, NotTaken> {
        let headers = self.signed(&dispatch.id, Timestamp::now().as_second(), &body);
        let reply = self.request(Method::POST, headers, body).await?;
        if matches!(reply.status, 401 | 403) {
            self.doubt.raise();
        }
        answer::read(&reply)
    }

    /// The headers of that body, sent at that time.
    fn signed(&self, id: &str, at: i64, body: &[u8]) -> HeaderMap {
        let content_type = HeaderValue::from_static(self.form.format.content_type());
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type), (TIMESTAMP, at.into())]);
        let value =
            |text: &str| HeaderValue::from_str(text).expect("base64 and hexadecimal fit into a header");
        headers.insert(ID, value(id));
        if !self.secrets.is_empty() {
            headers.insert(SIGNATURE, value(&signature::of(&self.secrets, id, at, body)));
        }
        headers
    }

    async fn request(&self, method: Method, headers: HeaderMap, body: Vec<u8>) -> Result<Reply, NotTaken> {
        let url = self.url.expose();
        let Ok(address) = url.parse::<reqwest::Url>() else {
            return Err(NotTaken::ForNow { reason: "its address is none".to_owned(), retry_after: None });
        };
        let own: Vec<_> = self.headers.iter().map(|(name, secret)| (name.clone(), secret.expose())).collect();
        let parts = secret_parts(&address);
        let mut request = self.http.request(method, address).headers(headers).body(body);
        for (name, value) in &own {
            request = request.header(name, value.as_str());
        }
        let values = own.iter().map(|(_, value)| value.as_str());
        let hide: Vec<_> = parts.iter().map(String::as_str).chain(values).collect();
        Reply::to(request, "the receiver", &hide).await
    }
}

/// The body that would be sent.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let form = Form { format: config.format, page: config.form() };
    let body = body::full(&Dispatch::alone(effect), &form);
    Preview::of(&format!("POST to the address of {}", config.url), &config.faults(effect))
        .size(body.len(), "bytes", Some(form.format.most_bytes()))
        .part("body", String::from_utf8_lossy(&body).into_owned())
}

#[cfg(test)]
mod tests;
