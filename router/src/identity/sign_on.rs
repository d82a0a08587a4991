//! Signing in to the board at a provider of OpenID Connect, and out again.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use super::basis::Basis;
use super::oidc::{Arrived, Begun, Came, OidcConfig, Site};
use super::session::{self, Cookie, Found, LoginCookie};
use super::{Access, Known, Stranger, Use};
use crate::telemetry;

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedOn {
    /// Where they wanted.
    pub(crate) to: String,
    /// What `Set-Cookie` is to say.
    pub(crate) cookies: Vec<HeaderValue>,
}

/// Somebody who has signed out.
#[derive(Clone, Debug)]
pub(crate) struct SignedOut {
    /// What `Set-Cookie` is to say.
    pub(crate) cookie: Option<HeaderValue>,
    /// Where they sign out at the provider, too; none where they did not sign in there, or it offers none.
    pub(crate) provider: Option<String>,
}

impl Access {
    /// What people call the provider; none where none is configured.
    pub(crate) fn provider(&self) -> Option<String> {
        self.known.load().oidc.as_ref().map(|config| config.label.clone())
    }

    /// Begins to sign somebody in who wants there.
    ///
    /// # Errors
    /// There is no provider, or it cannot be asked.
    pub(crate) async fn sign_on(
        &self,
        to: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Begun, Stranger> {
        let known = self.known.load_full();
        self.oidc.begin(&self.http()?, site(&known)?, to, headers, now).await
    }

    /// Ends it, and begins a session. Whether or not it comes to anything, the sign-in is over.
    ///
    /// # Errors
    /// Why it is nobody.
    pub(crate) async fn signed_on(
        &self,
        came: &Came,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<SignedOn, Stranger> {
        let known: Arc<Known> = self.known.load_full();
        let site = site(&known)?;
        let Arrived { who, to } = self.oidc.back(&self.http()?, site, came, headers, now).await?;
        let identity = who.identity(Some(site.config)).ok_or(Stranger::ShowsWrong)?;
        let identity = known.told_apart(identity);
        let begun = session::Begun { basis: Basis::SignedIn(who), person: identity.key(), says: None };
        let cookie = self.begin(begun, headers, now)?;
        telemetry::logged_in(&identity.name, identity.how.as_str());
        let cookies = [Some(cookie), LoginCookie::Ends.header(headers)].into_iter().flatten().collect();
        Ok(SignedOn { to, cookies })
    }

    /// Ends the session that a request shows, if it does.
    pub(crate) async fn log_out(&self, headers: &HeaderMap, now: Timestamp) -> SignedOut {
        let known = self.known.load_full();
        let found = session::shown(headers).and_then(|id| {
            let found = self.sessions.of(id, known.sessions, Use::ByItself, now);
            self.end(id);
            found
        });
        let provider = match (found, site(&known), self.http()) {
            (Some(Found { basis: Basis::SignedIn(who), .. }), Ok(site), Ok(http)) => {
                self.oidc.sign_out(&http, site, &who).await
            }
            _ => None,
        };
        SignedOut { cookie: Cookie::Ends.header(headers), provider }
    }
}

/// What a browser forgets where a sign-in came to nothing.
pub(crate) fn no_sign_on(headers: &HeaderMap) -> Option<HeaderValue> {
    LoginCookie::Ends.header(headers)
}

fn site(known: &Known) -> Result<Site<'_>, Stranger> {
    let config: Option<&OidcConfig> = known.oidc.as_ref();
    let config =
        config.ok_or_else(|| Stranger::refused("nobody signs in at a provider here: none is configured"))?;
    Ok(Site { config, url: &known.url })
}
