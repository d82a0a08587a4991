//! Pages as issues of Jira: one for an episode of an incident, commented on, and moved on when it is over.
//!
//! ```yaml
//! tickets:
//!   jira:
//!     site: https://example.atlassian.net/
//!     auth: {email: watchfire@example.com, api_token: {env: JIRA_API_TOKEN}}   # or {bearer: {env: …}} for a Data Center
//!     project: SEC
//!     issue_type: Task
//!     labels: []                      # beside the one that it is found by
//!     priorities: {}                  # such as {P0: Highest, P1: High}; default the project's
//!     resolve: Done                   # the transition at its end, by name or id; default none, a comment alone
//!     payload: minimal                # or standard, with names, accounts and addresses
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     pages_per_minute: 60            # a page is two calls: whether there is one, and one
//!     templates: {}                   # title is the summary, head and body the description; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS; HTTPS to the site. In Jira: browse the project, create, edit, comment, transition.
//! - Idempotency: a label, which is the key of the episode. It is looked for before an issue is made; Jira's search
//!   lags by seconds, so that after the page its key is taken from the receipt. Where an answer is lost, and the next try
//!   comes before the search has found it, there are two.
//! - Cloud by `email` and token: REST version 3, whose texts are documents. A Data Center by `bearer`: version 2, wiki text.
//! - Transient: 429, 5xx, no connection, no answer, and what refuses us. After 400, 413 or 422 the least that makes an issue
//!   is sent once; where that is refused too it is permanent.

mod config;
mod issue;

use reqwest::Method;
use serde_json::{Value, json};
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::Fault;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

use super::tickets::{self, Answer, At, Desk, Dialect, Remark, Ticket, Tickets};
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings as _};
use crate::clients::Clients;
use crate::failure::{Done, NotTaken};
pub use config::{Config, JiraAuth};
use issue::Issues;

/// Makes issues in one project.
#[derive(Debug)]
pub struct Jira {
    desk: Desk,
    issues: Issues,
    pace: PerMinute,
}

/// Answers are objects; what is wrong is told of the whole, and of each field by its name.
pub(super) const DIALECT: Dialect = Dialect { name: "Jira", is_answer: |_| true, faults };

fn faults(said: &Value) -> Vec<String> {
    let messages = said["errorMessages"].as_array().into_iter().flatten();
    let messages = messages.filter_map(Value::as_str).map(str::to_owned);
    let fields = said["errors"].as_object().into_iter().flatten();
    let fields = fields.filter_map(|(field, why)| Some(format!("{field}: {}", why.as_str()?)));
    messages.chain(fields).collect()
}

impl Action for Jira {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = false;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let issues = config.issues();
        let Config { site, auth, pages_per_minute: pace, .. } = config;
        let known = auth.resolved(clients).await?;
        let (base, doubt) = (site.url().clone(), clients.doubt.clone());
        let desk = Desk { dialect: &DIALECT, http: clients.http()?, base, known, doubt };
        Ok(Self { desk, issues, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        tickets::perform(self, dispatch).await
    }

    /// Whether the project is there for whom we are.
    async fn ask(&self) -> Option<Asked> {
        let project = &self.issues.project;
        let named = |said: &Value| {
            let name = clean(said["name"].as_str().unwrap_or("?"), 60);
            (said["key"] == *project).then(|| format!("Jira has the project {project} ({name}) for us"))
        };
        Some(self.desk.would(self.at(&format!("project/{project}")), named).await)
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["jira", self.desk.base.as_str(), &self.desk.known.header()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.issues.form.faults(effect)
    }

    /// Which issue it is.
    fn goes_on(&self) -> bool {
        true
    }
}

impl Tickets for Jira {
    async fn find(&self, key: &str) -> Result<Option<Ticket>, NotTaken> {
        let (path, body) = self.issues.search(key);
        let said = self.desk.find(Method::POST, self.at(path), Some(&body)).await?;
        Ok(said["issues"][0]["key"].as_str().and_then(|key| self.ticket(key)))
    }

    async fn create(&self, effect: &Effect, key: &str) -> Result<(Ticket, Remark), NotTaken> {
        let (whole, bare) = (self.issues.whole(effect, key), self.issues.bare(effect, key));
        let (said, remark) = self.desk.create(self.at("issue"), &whole, &bare).await?;
        let ticket = said["key"].as_str().and_then(|key| self.ticket(key));
        Ok((ticket.ok_or_else(|| self.desk.unnamed())?, remark))
    }

    async fn note(&self, ticket: &Ticket, effect: &Effect) -> Result<Option<Remark>, NotTaken> {
        let raised = match (effect.kind, self.issues.priority(effect)) {
            (EffectKind::Page, Some(priority)) => {
                let (path, body) =
                    (format!("issue/{}", ticket.number), json!({"fields": {"priority": priority}}));
                match self.ask_for(Method::PUT, &path, &body).await? {
                    Answer::Done(_) => "",
                    Answer::Refused(_) => ", its priority not changed",
                    Answer::Gone(_) => return Ok(None),
                }
            }
            _ => "",
        };
        Ok(self.comment(ticket, effect).await?.map(|remark| format!("{remark}{raised}")))
    }

    /// Moved on first: where the comment has to be tried again, that is done already, and done once.
    async fn end(&self, ticket: &Ticket, effect: &Effect) -> Result<Option<Remark>, NotTaken> {
        let moved = match &self.issues.resolve {
            Some(transition) => match self.moved(ticket, transition).await? {
                Some(moved) => moved,
                None => return Ok(None),
            },
            None => String::new(),
        };
        Ok(self.comment(ticket, effect).await?.map(|remark| format!("{remark}{moved}")))
    }
}

impl Jira {
    async fn comment(&self, ticket: &Ticket, effect: &Effect) -> Result<Option<Remark>, NotTaken> {
        let path = format!("issue/{}/comment", ticket.number);
        Ok(match self.ask_for(Method::POST, &path, &self.issues.comment(effect)).await? {
            Answer::Done(_) => Some("commented".to_owned()),
            Answer::Refused(reason) => Some(format!("not commented: {reason}")),
            Answer::Gone(_) => None,
        })
    }

    /// By the transition of that name or id, if the issue has it where it stands now.
    async fn moved(&self, ticket: &Ticket, transition: &str) -> Result<Option<Remark>, NotTaken> {
        let path = format!("issue/{}/transitions", ticket.number);
        let there = match self.desk.ask(Method::GET, self.at(&path), None).await? {
            Answer::Done(said) => said,
            Answer::Refused(reason) => return Ok(Some(format!(", not moved on: {reason}"))),
            Answer::Gone(_) => return Ok(None),
        };
        let there: Vec<_> = there["transitions"].as_array().cloned().unwrap_or_default();
        let is_it = |it: &&Value| {
            it["id"] == transition
                || it["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(transition))
        };
        let Some(id) = there.iter().find(is_it).and_then(|it| it["id"].as_str()) else {
            let names: Vec<_> = there.iter().filter_map(|it| it["name"].as_str()).take(8).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Ok(Some(format!(", not moved on: there is no transition {transition} but {known}")));
        };
        let body = json!({"transition": {"id": id}});
        Ok(match self.ask_for(Method::POST, &path, &body).await? {
            Answer::Done(_) => Some(format!(", moved on by {transition}")),
            Answer::Refused(reason) => Some(format!(", not moved on: {reason}")),
            Answer::Gone(_) => None,
        })
    }

    fn ticket(&self, key: &str) -> Option<Ticket> {
        let url = tickets::is_number(key).then(|| self.desk.base.join(&format!("browse/{key}")))?.ok()?;
        Some(Ticket { number: key.to_owned(), url })
    }

    async fn ask_for(&self, method: Method, path: &str, body: &Value) -> Result<Answer, NotTaken> {
        self.desk.ask(method, self.at(path), Some(body)).await
    }

    fn at(&self, path: &str) -> At<'static> {
        format!("rest/api/{}/{path}", self.issues.version.as_str()).into()
    }
}

/// The issue that would be made, or what would be said on one.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let issues = config.issues();
    let key = tickets::key(effect);
    let base = format!("{}rest/api/{}/", config.site.url(), issues.version.as_str());
    let (path, body) = match effect.kind {
        EffectKind::Page | EffectKind::Digest => ("issue", issues.whole(effect, &key)),
        EffectKind::Update | EffectKind::Acknowledge | EffectKind::Resolve => {
            ("issue/KEY/comment", issues.comment(effect))
        }
    };
    let preview = Preview::of(&format!("POST {base}{path}"), &config.faults(effect));
    let summary = body["fields"]["summary"].as_str().map(|summary| summary.chars().count());
    let preview = match summary {
        Some(summary) => preview.size(summary, "characters of the summary", Some(issue::MOST_SUMMARY)),
        None => preview,
    };
    preview.part("body", body.to_string())
}

#[cfg(test)]
mod tests;
