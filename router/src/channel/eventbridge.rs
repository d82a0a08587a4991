//! Pages as events on a bus of EventBridge, for automation downstream.
//!
//! ```yaml
//! automation:
//!   eventbridge:
//!     bus: watchfire-pages            # a name, or an ARN, also of another account; default is a name, too
//!     region: us-gov-west-1           # default: the ARN's, or as for every AWS client
//!     payload: standard               # or minimal
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     messages_per_minute: 600
//!     templates: {}                   # json: the detail; as ships
//! ```
//!
//! - Role: notify. Permissions: `events:PutEvents` on the bus; `events:DescribeEventBus` for `check --live` and `doctor`.
//! - An event: `source` is `watchfire.pages`, `detail-type` the effect (`page`, `update`, `acknowledge`, `resolve`,
//!   `digest`), `detail` the page as a webhook gets it. What has this source and comes round is no finding: there is no loop.
//! - Idempotency: EventBridge has none; `detail.id` is the effect's, the same at every attempt.
//! - Size: an event has less than 256 KB. A page that is larger is cut to what it is about, and says so; so is one that is refused.
//! - Transient: throttling, 5xx, no connection, no credentials, a missing permission; of an entry that failed, every code but
//!   those that are about what is in it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::event::PAGES_SOURCE;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, JsonTemplates};
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::payload::{Form, Place, Profile, page};
use super::{Action, Asked, Bound, Dispatch, HubRegion, PerMinute, Preview, Settings};
use crate::aws::call::{self, Ask, CallError, Caller, Patience, Service};
use crate::clients::{Arn, Clients};
use crate::failure::{Done, NotTaken};

/// Trying again is the channel's matter.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    in_all: Duration::from_secs(10),
    attempts: 1,
    wait: Duration::ZERO,
};

/// EventBridge takes less than this of an entry, and counts its source, type and time as well.
const MOST_BYTES: usize = 256 * 1024;
/// As EventBridge counts a time.
const TIME_BYTES: usize = 14;

/// A bus in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "EventBridge")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its name or its ARN.
    pub bus: Bus,
    /// Where it is; without it the ARN's region, or as for every AWS client.
    pub region: Option<HubRegion>,
    /// How much of the page leaves.
    #[serde(default = "Profile::standard")]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most events in any 60 s.
    #[serde(default = "default_pace")]
    pub messages_per_minute: PerMinute,
    /// How its events are written; by default as ships.
    #[serde(default)]
    pub templates: JsonTemplates,
}

fn default_pace() -> PerMinute {
    PerMinute::new(600)
}

/// The name or the ARN of a bus.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Bus(String);

value_schema!(Bus, {
    "type": "string",
    "description": "The name or the ARN of an event bus.",
    "pattern": "^(arn:aws[^:]*:events:[^:]+:[0-9]{12}:event-bus/)?[A-Za-z0-9._/-]{1,256}$"
});

impl TryFrom<String> for Bus {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-');
        let is_name = |name: &str| (1..=256).contains(&name.len()) && name.bytes().all(is_plain);
        let name = match text.starts_with("arn:") {
            true => Arn::parse(&text, "events")?
                .as_str()
                .split_once(":event-bus/")
                .map(|(_, name)| name.to_owned()),
            false => Some(text.clone()),
        };
        match name.is_some_and(|name| is_name(&name)) {
            true => Ok(Self(text)),
            false => {
                let bus = expected(
                    "the name of an event bus, or an ARN such as arn:aws:events:us-east-1:123456789012:event-bus/name",
                );
                Err(bus.found(format!("`{}`", text.escape_debug())))
            }
        }
    }
}

impl Bus {
    fn region(&self) -> Option<String> {
        self.0.starts_with("arn:").then(|| self.0.split(':').nth(3).map(str::to_owned))?
    }
}

impl Settings for Config {
    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.payload.check(&self.leave_out, mistake);
        let (named, own) = (self.region.as_ref().map(HubRegion::as_str), self.bus.region());
        if let (Some(named), Some(own)) = (named, own)
            && named != own
        {
            mistake(
                ".region",
                expected(format!("`{own}`, as the ARN of the bus says")).found(format!("`{named}`")),
            );
        }
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        page::faults(effect, &self.form())
    }
}

/// Puts events on one bus.
#[derive(Debug)]
pub struct EventBridge {
    caller: Caller,
    bus: Bus,
    form: Form,
    pace: PerMinute,
}

impl Action for EventBridge {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = false;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let form = config.form();
        // The others are in the form.
        let Config { bus, region, payload: _, leave_out: _, templates: _, messages_per_minute: pace } =
            config;
        let region = region.map(|region| region.as_str().to_owned()).or_else(|| bus.region());
        let caller = Caller::new(clients, Service::EventBridge, region.as_deref()).await?;
        Ok(Self { caller, bus, form, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let refusal = match self.put(&entry(dispatch, &self.form, &self.bus)).await? {
            Put::Taken(id) => return Ok(Done { receipt: format!("event {id}") }),
            Put::Refused(refusal) => refusal,
        };
        match self.put(&bare_entry(dispatch, &self.form, &self.bus)).await? {
            Put::Taken(id) => {
                Ok(Done { receipt: format!("event {id}; cut short, since all of it was refused: {refusal}") })
            }
            Put::Refused(reason) => Err(NotTaken::ForGood { reason }),
        }
    }

    /// Needs `events:DescribeEventBus`, which putting does not.
    async fn ask(&self) -> Option<Asked> {
        let body = json!({"Name": self.bus.0});
        let ask = Ask::Json { target: "AWSEvents.DescribeEventBus", body: &body };
        Some(match self.caller.call(&ask, PATIENCE).await {
            Ok(_) => Asked::Would(format!("the bus {} is there", self.bus.0)),
            Err(error) if error.is_about_permissions() => Asked::Unsure {
                said: format!("the bus {} is not looked at, events:DescribeEventBus is missing", self.bus.0),
                means: "PutEvents may be permitted".to_owned(),
            },
            Err(error) => Asked::WouldNot(format!("EventBridge (events:DescribeEventBus): {error}")),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["eventbridge", self.caller.region(), &self.bus.0]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        page::faults(effect, &self.form)
    }
}

impl EventBridge {
    async fn put(&self, entry: &Value) -> Result<Put, NotTaken> {
        let body = json!({"Entries": [entry]});
        let ask = Ask::Json { target: "AWSEvents.PutEvents", body: &body };
        judge(self.caller.call(&ask, PATIENCE).await)
    }
}

/// The page as an entry. Where it would be too large, what it is about.
fn entry(dispatch: &Dispatch<'_>, form: &Form, bus: &Bus) -> Value {
    let entry = entry_of(dispatch, &page::whole(dispatch, form), bus);
    if size(&entry) < MOST_BYTES { entry } else { bare_entry(dispatch, form, bus) }
}

fn bare_entry(dispatch: &Dispatch<'_>, form: &Form, bus: &Bus) -> Value {
    entry_of(dispatch, &page::bare(dispatch, form), bus)
}

fn entry_of(dispatch: &Dispatch<'_>, page: &Value, Bus(bus): &Bus) -> Value {
    let Effect { kind, notice, .. } = dispatch.effect;
    let mut entry = json!({
        "Source": PAGES_SOURCE, "DetailType": kind.as_str(), "Detail": page.to_string(), "EventBusName": bus,
    });
    if let Some(at) = notice.head.at.or(notice.at) {
        entry["Time"] = at.as_second().into();
    }
    entry
}

/// As EventBridge counts.
fn size(entry: &Value) -> usize {
    let text = |name: &str| entry[name].as_str().map_or(0, str::len);
    text("Source") + text("DetailType") + text("Detail") + TIME_BYTES
}

/// What became of an entry.
#[derive(Debug, PartialEq, Eq)]
enum Put {
    /// On the bus; its id.
    Taken(String),
    /// It will never be taken as it is; the reason.
    Refused(String),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entries {
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Entry {
    event_id: String,
    error_code: String,
    error_message: String,
}

/// A call that is taken says of each entry whether that is.
fn judge(answered: Result<call::Answer, CallError>) -> Result<Put, NotTaken> {
    let for_now = |reason: String| Err(NotTaken::ForNow { reason, retry_after: None });
    match answered.and_then(|answer| answer.json::<Entries>()) {
        Ok(Entries { entries }) => match entries.into_iter().next() {
            Some(Entry { event_id, error_code, .. }) if error_code.is_empty() && !event_id.is_empty() => {
                Ok(Put::Taken(event_id))
            }
            Some(Entry { error_code, error_message, .. }) => failed(&error_code, &error_message),
            None => for_now("EventBridge: it did not say what became of the event".to_owned()),
        },
        Err(CallError::Refused(refusal)) => {
            let (reason, retry_after) = (format!("EventBridge: {refusal}"), refusal.retry_after);
            let is_about_it = refusal.status == 413
                || matches!(refusal.code.as_str(), "ValidationException" | "SerializationException");
            if is_about_it {
                Ok(Put::Refused(reason))
            } else if refusal.status == 429 || refusal.code.contains("Throttl") {
                Err(NotTaken::Busy { reason, retry_after })
            } else {
                Err(NotTaken::ForNow { reason, retry_after })
            }
        }
        Err(CallError::NoAnswer(reason) | CallError::NoCredentials(reason)) => {
            for_now(format!("EventBridge: {reason}"))
        }
    }
}

/// Of an entry within a call that was taken.
fn failed(code: &str, message: &str) -> Result<Put, NotTaken> {
    let reason = format!("EventBridge: {code}: {message}");
    match code {
        "InvalidArgument" | "MalformedDetail" | "MalformedDetailException" | "ValidationException" => {
            Ok(Put::Refused(reason))
        }
        code if code.contains("Throttl") => Err(NotTaken::Busy { reason, retry_after: None }),
        _ => Err(NotTaken::ForNow { reason, retry_after: None }),
    }
}

/// The entry that would be put.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let form = config.form();
    let entry = entry(&Dispatch::alone(effect), &form, &config.bus);
    Preview::of(&format!("PutEvents on {}", config.bus.0), &config.faults(effect))
        .size(size(&entry), "bytes of the entry", Some(MOST_BYTES - 1))
        .part("entry", entry.to_string())
}

#[cfg(test)]
mod tests;
