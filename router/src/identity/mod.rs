//! Who asks: an identity for every request, with the roles that it has and where it has them.
//!
//! ```text
//! request -> Access::who   -> Identity: a token, a session's cookie, AWS, or a `Stranger`
//!                             what a token of ours is, is known here; for others Kubernetes vouches
//!         -> Identity::may -> the role that a command wants is had there; else Wanted, a 403 that says which
//! login   -> Access::log_in, by a token, or Access::sign_on, at a provider -> a cookie; Access::log_out ends the session
//! ```
//!
//! The middleware that asks `who` is `web::who`; behind it a request has an [`Identity`] in its extensions, and a
//! [`Session`] where a cookie was what it showed.

mod access;
mod alb;
mod basis;
mod claims;
mod config;
mod fetch;
mod host;
mod iam;
mod invitation;
mod jwt;
mod key;
mod kubernetes;
mod least;
mod mapping;
mod oidc;
mod remembered;
mod role;
mod session;
mod sign_on;
#[cfg(test)]
mod signer;
mod stranger;
mod token;

pub(crate) use access::Vouching;
pub use access::{Access, Known, NamedToken, Session, Shown, SlackUser};
pub(crate) use alb::ALB_HEADER;
pub use alb::{AlbConfig, BalancerArn};
pub use config::{AccessConfig, SessionsConfig, SlackId, SlackUserConfig, TokenConfig};
pub(crate) use host::without_port;
pub(crate) use iam::make as token_of_aws;
pub use iam::{IamConfig, People};
pub use invitation::Invitations;
pub(crate) use kubernetes::Reviewer;
pub use kubernetes::{Hold, KubernetesConfig};
pub use least::{Wanted, least};
pub use mapping::{Mapping, Pattern};
pub use oidc::OidcConfig;
pub(crate) use oidc::{BACK, Begun, Came};
pub use role::{Grant, Place, Role};
pub use session::{Csrf, Lasts, Use};
pub(crate) use sign_on::{SignedOn, SignedOut, no_sign_on};
pub use stranger::Stranger;
pub use token::{Digest, Token, new_token};
pub(crate) use token::{LEAST_CHARACTERS, random};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use watchfire_core::audit::Actor;

/// What a command line calls whoever asks, where nothing says who that is: it is nobody's name.
pub(crate) const UNNAMED: &str = "unknown";

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
    /// By a token that the cluster's API server knows.
    Kubernetes,
    /// By a provider of OpenID Connect.
    Oidc,
    /// By a load balancer that has them sign in.
    Alb,
    /// By Slack, which signs who has pressed a button.
    Slack,
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

    /// The same, by a name that says how they are known where somebody else is called so already.
    fn not_called_as(mut self, is_anothers: impl Fn(&str) -> bool) -> Self {
        if is_anothers(&self.name) {
            self.name = format!("{} ({})", self.name, self.how.as_str());
        }
        self
    }

    /// The name that what they do goes by, and what they call themselves where that is another.
    pub fn goes_by(&self, says: &str) -> (String, Option<String>) {
        let says = says.trim();
        match self.how {
            How::OperatorToken if !says.is_empty() => (says.to_owned(), None),
            How::OperatorToken
            | How::Token
            | How::Iam
            | How::Kubernetes
            | How::Oidc
            | How::Alb
            | How::Slack
            | How::AnonymousLoopback => {
                let is_other = !says.is_empty() && says != self.name && says != UNNAMED;
                let other = is_other.then(|| says.to_owned());
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
        match self.how {
            // The configuration gives both names.
            How::Token | How::Slack => format!("{}:{}", How::Token.as_str(), self.name),
            How::OperatorToken
            | How::Iam
            | How::Kubernetes
            | How::Oidc
            | How::Alb
            | How::AnonymousLoopback => {
                format!("{}:{}", self.how.as_str(), self.subject.as_ref().unwrap_or(&self.name))
            }
        }
    }
}
