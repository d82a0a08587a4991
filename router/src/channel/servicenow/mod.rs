//! Pages as records of ServiceNow: one for an episode of an incident, with work notes, and resolved when it is over.
//!
//! ```yaml
//! tickets:
//!   servicenow:
//!     instance: https://example.service-now.com/
//!     auth: {user: watchfire, password: {env: SERVICENOW_PASSWORD}}   # or {bearer: {env: …}}, an OAuth token
//!     table: incident
//!     fields: {}                      # such as {assignment_group: secops, category: security}, when one is made
//!     urgencies: {P0: 1, P1: 1, P2: 2, P3: 3}   # and as much impact, of 1 to 3
//!     resolve: {}                     # such as {state: "6", close_code: …, close_notes: …}; default a work note alone
//!     payload: minimal                # or standard, with names, accounts and addresses
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     pages_per_minute: 60            # a page is two calls: whether there is a record, and one
//!     templates: {}                   # title is the short description, head and body the description; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to the instance. There: the role `itil`, or one that may read, create and
//!   write the table.
//! - Idempotency: `correlation_id`, which is the key of the episode. It is looked for before a record is made; after the page
//!   the record is taken from the receipt.
//! - Transient: 429, 5xx, no connection, no answer, and what refuses us. After 400, 413 or 422 the least that makes a record is
//!   sent once; where that is refused too it is permanent.

mod config;
mod record;

use reqwest::Method;
use serde_json::Value;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::Fault;
use watchfire_core::verdict::EffectKind;

use super::tickets::{self, Answer, At, Desk, Dialect, Remark, Ticket, Tickets};
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings as _};
use crate::clients::Clients;
use crate::failure::{Done, NotTaken};
pub use config::{Config, ServiceNowAuth};
use record::Records;

/// What is read back of a record.
const READ: &str = "sys_id,number";
const FIELDS: &[(&str, &str)] = &[("sysparm_fields", READ)];

/// Makes records in one table.
#[derive(Debug)]
pub struct ServiceNow {
    desk: Desk,
    records: Records,
    pace: PerMinute,
}

/// An answer has a `result`; what is wrong is a message and its detail.
pub(super) const DIALECT: Dialect =
    Dialect { name: "ServiceNow", is_answer: |said| !said["result"].is_null(), faults };

fn faults(said: &Value) -> Vec<String> {
    let texts = ["message", "detail"].into_iter().filter_map(|name| said["error"][name].as_str());
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    Vec::from_iter((!texts.is_empty()).then(|| texts.join(": ")))
}

impl Action for ServiceNow {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = false;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let records = config.records();
        let Config { instance, auth, pages_per_minute: pace, .. } = config;
        let known = auth.resolved(clients).await?;
        let (base, doubt) = (instance.url().clone(), clients.doubt.clone());
        let desk = Desk { dialect: &DIALECT, http: clients.http()?, base, known, doubt };
        Ok(Self { desk, records, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        tickets::perform(self, dispatch).await
    }

    /// Whether the table can be read; that it can be written is seen by writing alone.
    async fn ask(&self) -> Option<Asked> {
        let query = [("sysparm_limit", "1"), ("sysparm_fields", READ)];
        let means = |_: &Value| Some(format!("ServiceNow lets us read {}", self.records.table));
        Some(self.desk.would(self.at(None, &query), means).await)
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["servicenow", self.desk.base.as_str(), &self.desk.known.header()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.records.form.faults(effect)
    }

    /// Which record it is.
    fn goes_on(&self) -> bool {
        true
    }
}

impl Tickets for ServiceNow {
    async fn find(&self, key: &str) -> Result<Option<Ticket>, NotTaken> {
        // The key is ours, or a hash: nothing in it ends the question.
        let query = format!("correlation_id={key}^ORDERBYsys_created_on");
        let query = [("sysparm_query", query.as_str()), ("sysparm_limit", "1"), ("sysparm_fields", READ)];
        let said = self.desk.find(Method::GET, self.at(None, &query), None).await?;
        Ok(self.ticket(&said["result"][0]))
    }

    async fn create(&self, effect: &Effect, key: &str) -> Result<(Ticket, Remark), NotTaken> {
        let (whole, bare) = (self.records.whole(effect, key), self.records.bare(effect, key));
        let (said, remark) = self.desk.create(self.at(None, FIELDS), &whole, &bare).await?;
        Ok((self.ticket(&said["result"]).ok_or_else(|| self.desk.unnamed())?, remark))
    }

    async fn note(&self, ticket: &Ticket, effect: &Effect) -> Result<Option<Remark>, NotTaken> {
        let raises = effect.kind == EffectKind::Page;
        let change = if raises { self.records.raised(effect) } else { self.records.noted(effect) };
        self.changed(ticket, &change, "noted").await
    }

    async fn end(&self, ticket: &Ticket, effect: &Effect) -> Result<Option<Remark>, NotTaken> {
        let what = if self.records.resolve.is_empty() { "noted" } else { "resolved" };
        self.changed(ticket, &self.records.ended(effect), what).await
    }
}

impl ServiceNow {
    async fn changed(&self, ticket: &Ticket, change: &Value, what: &str) -> Result<Option<Remark>, NotTaken> {
        let Some(id) = id_of(ticket) else { return Ok(None) };
        Ok(match self.desk.ask(Method::PATCH, self.at(Some(&id), FIELDS), Some(change)).await? {
            Answer::Done(_) => Some(what.to_owned()),
            Answer::Refused(reason) => Some(format!("not {what}: {reason}")),
            Answer::Gone(_) => None,
        })
    }

    /// Where people look at it has its id, which is what it is changed by.
    fn ticket(&self, record: &Value) -> Option<Ticket> {
        let (id, number) = (record["sys_id"].as_str()?, record["number"].as_str()?);
        if !(tickets::is_number(id) && tickets::is_number(number)) {
            return None;
        }
        let mut url = self.desk.base.join(&format!("{}.do", self.records.table)).ok()?;
        url.query_pairs_mut().append_pair("sys_id", id);
        Some(Ticket { number: number.to_owned(), url })
    }

    fn at<'a>(&self, id: Option<&str>, query: &'a [(&'a str, &'a str)]) -> At<'a> {
        let record = id.map_or_else(String::new, |id| format!("/{id}"));
        At { path: format!("api/now/table/{}{record}", self.records.table), query }
    }
}

fn id_of(ticket: &Ticket) -> Option<String> {
    let (_, id) = ticket.url.query_pairs().find(|(name, _)| name == "sys_id")?;
    tickets::is_number(&id).then(|| id.into_owned())
}

/// The record that would be made, or what would be changed of one.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let records = config.records();
    let base = format!("{}api/now/table/{}", config.instance.url(), records.table);
    let (to, body) = match effect.kind {
        EffectKind::Page | EffectKind::Digest => {
            (format!("POST {base}"), records.whole(effect, &tickets::key(effect)))
        }
        EffectKind::Update | EffectKind::Acknowledge => {
            (format!("PATCH {base}/SYS_ID"), records.noted(effect))
        }
        EffectKind::Resolve => (format!("PATCH {base}/SYS_ID"), records.ended(effect)),
    };
    let preview = Preview::of(&to, &config.faults(effect));
    let title = body["short_description"].as_str().map(|title| title.chars().count());
    let preview = match title {
        Some(title) => preview.size(title, "characters of the short description", Some(record::MOST_TITLE)),
        None => preview,
    };
    preview.part("body", body.to_string())
}

#[cfg(test)]
mod tests;
