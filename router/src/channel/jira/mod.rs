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

mod answer;
mod config;
mod issue;

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::Fault;
use watchfire_core::verdict::EffectKind;

use super::reply::Reply;
use super::tickets::{self, Remark, Ticket, Tickets};
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings as _};
use crate::clients::{Clients, Doubt};
use crate::failure::{Done, NotTaken};
use answer::Answer;
pub use config::{Config, JiraAuth};
use config::{Known, shown};
use issue::Issues;

/// Makes issues in one project.
#[derive(Debug)]
pub struct Jira {
    http: reqwest::Client,
    site: reqwest::Url,
    known: Known,
    issues: Issues,
    doubt: Doubt,
    pace: PerMinute,
}

impl Action for Jira {
    const ROLE: Role = Role::Notify;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let issues = config.issues();
        let Config { site, auth, pages_per_minute: pace, .. } = config;
        let known = auth.resolved(clients).await?;
        let (site, doubt) = (site.url().clone(), clients.doubt.clone());
        Ok(Self { http: clients.http()?, site, known, issues, doubt, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        tickets::perform(self, dispatch).await
    }

    /// Whether the project is there for whom we are.
    async fn ask(&self) -> Option<Asked> {
        let path = format!("project/{}", self.issues.project);
        let asked = self.send(Method::GET, &path, None).await;
        Some(match asked {
            Ok(reply) => answer::known(&reply, &self.issues.project),
            Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["jira", self.site.as_str(), &self.known.header()]))
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
        match self.ask_for(Method::POST, path, &body).await? {
            Answer::Done(said) => Ok(said["issues"][0]["key"].as_str().and_then(|key| self.ticket(key))),
            // A project that is not there, or not for us, can be made or opened while the page waits.
            Answer::Refused(reason) | Answer::Gone(reason) => {
                Err(NotTaken::ForNow { reason, retry_after: None })
            }
        }
    }

    async fn create(&self, effect: &Effect, key: &str) -> Result<(Ticket, Remark), NotTaken> {
        let refusal = match self.ask_for(Method::POST, "issue", &self.issues.whole(effect, key)).await? {
            Answer::Done(said) => return Ok((self.made(&said)?, Remark::new())),
            Answer::Refused(reason) | Answer::Gone(reason) => reason,
        };
        match self.ask_for(Method::POST, "issue", &self.issues.bare(effect, key)).await? {
            Answer::Done(said) => {
                Ok((self.made(&said)?, format!("bare, since all of it was refused: {refusal}")))
            }
            Answer::Refused(reason) => Err(NotTaken::ForGood { reason }),
            Answer::Gone(reason) => Err(NotTaken::ForNow { reason, retry_after: None }),
        }
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
        let reply = self.send(Method::GET, &path, None).await?;
        let there = match self.read(&reply)? {
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

    fn made(&self, said: &Value) -> Result<Ticket, NotTaken> {
        said["key"].as_str().and_then(|key| self.ticket(key)).ok_or_else(|| NotTaken::ForNow {
            reason: "Jira took it, and did not say which issue it is".to_owned(),
            retry_after: None,
        })
    }

    fn ticket(&self, key: &str) -> Option<Ticket> {
        let url = tickets::is_number(key).then(|| self.site.join(&format!("browse/{key}")))?.ok()?;
        Some(Ticket { number: key.to_owned(), url })
    }

    async fn ask_for(&self, method: Method, path: &str, body: &Value) -> Result<Answer, NotTaken> {
        let reply = self.send(method, path, Some(body)).await?;
        self.read(&reply)
    }

    fn read(&self, reply: &Reply) -> Result<Answer, NotTaken> {
        if matches!(reply.status, 401 | 403) {
            self.doubt.raise();
        }
        answer::read(reply)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, NotTaken> {
        let none = |_| NotTaken::ForNow { reason: "its address is none".to_owned(), retry_after: None };
        let url =
            self.site.join(&format!("rest/api/{}/{path}", self.issues.version.as_str())).map_err(none)?;
        let header = self.known.header();
        let request = self.http.request(method, url).header(AUTHORIZATION, &header);
        let request = request.header(ACCEPT, "application/json");
        let request = match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => request,
        };
        Reply::to(request, "Jira", &[&header]).await
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
    preview.part("body", shown(&body))
}

#[cfg(test)]
mod tests;
