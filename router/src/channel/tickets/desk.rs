//! The other side: where it is, who we are there, and one request of it.

use aws_smithy_types::base64;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Url};
use serde_json::Value;
use watchfire_core::yaml::Mistake;

use super::Remark;
use super::answer::{Answer, Dialect};
use crate::channel::Asked;
use crate::channel::reply::Reply;
use crate::clients::{Clients, Doubt};
use crate::failure::NotTaken;
use crate::secret::{Secret, SecretSource, fits_token};

/// What is shown with each request.
#[derive(Clone, Debug)]
pub(in crate::channel) enum Known {
    /// A name and its password, or its token.
    Basic(String, Secret),
    /// A token alone.
    Bearer(Secret),
}

/// Whether a secret can be what it is for.
pub(in crate::channel) type Fits = fn(&Secret) -> Result<(), Mistake>;

impl Known {
    /// By a name and its password, or by a token alone.
    ///
    /// # Errors
    ///
    /// `wanted`, where it is neither or both; a secret that cannot be had, or does not fit.
    pub(in crate::channel) async fn resolved(
        basic: (Option<String>, Option<SecretSource>, Fits),
        bearer: Option<SecretSource>,
        wanted: &'static str,
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        match (basic, bearer) {
            ((Some(name), Some(password), fits), None) => {
                Ok(Self::Basic(name, password.resolve_fit(clients, fits).await?))
            }
            ((None, None, _), Some(token)) => Ok(Self::Bearer(token.resolve_fit(clients, fits_token).await?)),
            _ => anyhow::bail!("expected {wanted}"),
        }
    }

    /// Anew each time: the secret may have been rotated.
    pub(in crate::channel) fn header(&self) -> String {
        match self {
            Known::Basic(name, password) => {
                format!("Basic {}", base64::encode(format!("{name}:{}", password.expose())))
            }
            Known::Bearer(token) => format!("Bearer {}", token.expose()),
        }
    }
}

/// Whoever keeps tickets, to be asked.
#[derive(Debug)]
pub(in crate::channel) struct Desk {
    pub(in crate::channel) dialect: &'static Dialect,
    pub(in crate::channel) http: reqwest::Client,
    /// Ends in `/`.
    pub(in crate::channel) base: Url,
    pub(in crate::channel) known: Known,
    pub(in crate::channel) doubt: Doubt,
}

/// Where something is, below the base.
#[derive(Clone)]
pub(in crate::channel) struct At<'a> {
    pub(in crate::channel) path: String,
    pub(in crate::channel) query: &'a [(&'a str, &'a str)],
}

impl From<String> for At<'_> {
    fn from(path: String) -> Self {
        Self { path, query: &[] }
    }
}

impl Desk {
    /// What is said to one request.
    pub(in crate::channel) async fn ask(
        &self,
        method: Method,
        at: At<'_>,
        body: Option<&Value>,
    ) -> Result<Answer, NotTaken> {
        let none = |_| NotTaken::ForNow { reason: "its address is none".to_owned(), retry_after: None };
        let mut url = self.base.join(&at.path).map_err(none)?;
        if !at.query.is_empty() {
            url.query_pairs_mut().extend_pairs(at.query);
        }
        let header = self.known.header();
        let request = self.http.request(method, url).header(AUTHORIZATION, &header);
        let request = request.header(ACCEPT, "application/json");
        let request = match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => request,
        };
        let reply = Reply::to(request, self.dialect.name, &[&header]).await?;
        if matches!(reply.status, 401 | 403) {
            self.doubt.raise();
        }
        self.dialect.read(&reply)
    }

    /// What it finds. A place that is not there, or not for us, can be made or opened while the page waits.
    pub(in crate::channel) async fn find(
        &self,
        method: Method,
        at: At<'_>,
        body: Option<&Value>,
    ) -> Result<Value, NotTaken> {
        match self.ask(method, at, body).await? {
            Answer::Done(said) => Ok(said),
            Answer::Refused(reason) | Answer::Gone(reason) => {
                Err(NotTaken::ForNow { reason, retry_after: None })
            }
        }
    }

    /// Makes one; where all of it is refused, of the least that makes one.
    pub(in crate::channel) async fn create(
        &self,
        at: At<'_>,
        whole: &Value,
        bare: &Value,
    ) -> Result<(Value, Remark), NotTaken> {
        let refusal = match self.ask(Method::POST, at.clone(), Some(whole)).await? {
            Answer::Done(said) => return Ok((said, Remark::new())),
            Answer::Refused(reason) | Answer::Gone(reason) => reason,
        };
        match self.ask(Method::POST, at, Some(bare)).await? {
            Answer::Done(said) => Ok((said, format!("bare, since all of it was refused: {refusal}"))),
            Answer::Refused(reason) => Err(NotTaken::ForGood { reason }),
            Answer::Gone(reason) => Err(NotTaken::ForNow { reason, retry_after: None }),
        }
    }

    /// Whether it answers a question as it should, and what that means.
    pub(in crate::channel) async fn would(
        &self,
        at: At<'_>,
        means: impl Fn(&Value) -> Option<String>,
    ) -> Asked {
        match self.ask(Method::GET, at, None).await {
            Ok(Answer::Done(said)) => match means(&said) {
                Some(means) => Asked::Would(means),
                None => Asked::WouldNot(format!("not an answer of {}'s", self.dialect.name)),
            },
            Ok(Answer::Refused(reason) | Answer::Gone(reason)) => Asked::WouldNot(reason),
            Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
        }
    }

    /// Where it took one, and did not say which.
    pub(in crate::channel) fn unnamed(&self) -> NotTaken {
        let reason = format!("{} took it, and did not say which one it is", self.dialect.name);
        NotTaken::ForNow { reason, retry_after: None }
    }
}
