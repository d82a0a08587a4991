//! Who asks: an identity for every request, with the roles that it has and where it has them.
//!
//! ```text
//! request -> Access::who   -> Identity: a token, a session's cookie, AWS, or nobody that is known
//!         -> Identity::may -> the role that a command wants is had there; else Wanted, a 403 that says which
//! login   -> Access::log_in, by a token -> a cookie; Access::log_out ends the session
//! ```
//!
//! The middleware that asks `who` is `web::who`; behind it a request has an [`Identity`] in its extensions, and a
//! [`Session`] where a cookie was what it showed.

mod access;
mod config;
mod host;
mod invitation;
mod least;
mod role;
mod session;
mod token;

pub use access::{Access, Known, NamedToken, Session, Shown, Stranger};
pub use config::{AccessConfig, SessionsConfig, TokenConfig};
pub(crate) use host::without_port;
pub use invitation::Invitations;
pub use least::{Wanted, least};
pub use role::{Grant, Place, Role};
pub use session::{Csrf, Lasts};
pub(crate) use token::random;
pub use token::{Digest, Token, new_token};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use watchfire_core::audit::Actor;

/// How somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum How {
    /// By `http.operator_token`, which several may have: they go by the name that they give.
    OperatorToken,
    /// By a token of their own.
    Token,
    /// By AWS.
    Iam,
    /// Not at all: they ask from this machine, and whoever does may that much.
    AnonymousLoopback,
}

impl How {
    /// The word in answers, log lines and the audit trail.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// What people call them.
    pub name: String,
    /// How they are known.
    pub how: How,
    /// What whoever vouches for them calls them, which they cannot choose, such as an ARN; none where that is the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What they may.
    pub roles: Vec<Grant>,
}

impl Identity {
    /// Whoever shows the token of all operators.
    pub(crate) fn operator() -> Self {
        Self {
            name: "operator".to_owned(),
            how: How::OperatorToken,
            subject: None,
            roles: vec![Grant::anywhere(Role::Admin)],
        }
    }

    /// Whom AWS has let in to all that there is.
    pub(crate) fn let_in(name: String, arn: Option<String>) -> Self {
        Self { name, how: How::Iam, subject: arn, roles: vec![Grant::anywhere(Role::Admin)] }
    }

    /// The name that what they do goes by, and what they call themselves where that is another.
    pub fn goes_by(&self, says: &str) -> (String, Option<String>) {
        let says = says.trim();
        match self.how {
            How::OperatorToken if !says.is_empty() => (says.to_owned(), None),
            How::OperatorToken | How::Token | How::Iam | How::AnonymousLoopback => {
                let other = (!says.is_empty() && says != self.name).then(|| says.to_owned());
                (self.name.clone(), other)
            }
        }
    }

    /// As the audit trail names them.
    pub fn actor(&self, from: Option<String>) -> Actor {
        let Self { name, how, subject, roles: _ } = self.clone();
        Actor { name, how: how.as_str().to_owned(), subject, says: None, from }
    }

    /// What tells one person from another, whatever they call themselves.
    pub fn key(&self) -> String {
        format!("{}:{}", self.how.as_str(), self.subject.as_ref().unwrap_or(&self.name))
    }
}
