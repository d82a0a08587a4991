//! OpenID Connect: people sign in to the board at a provider, and programs show a token of it.
//!
//! ```text
//! GET /login/oidc       -> flow::begin: state, nonce and PKCE's verifier into a cookie; to the provider
//! GET /login/oidc/back  -> flow::back:  the cookie's state? -> the code for an ID token -> claims -> a session
//! Authorization: Bearer -> shown:       a JWT of the issuer, for one of the audiences
//! ```

mod flow;
mod provider;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::text::clean;
use watchfire_core::yaml::{Mistake, expected};

use super::claims::{Audience, Claimed, Expected, Reading};
use super::jwt::Unproven;
use super::mapping::{self, Mapping};
use super::{How, Identity, Stranger, fetch};
use crate::secret::{Secret, SecretSource, SecretUse};
pub(crate) use flow::{Begun, Came};
use provider::Provider;

/// Where the provider sends people back to.
pub(crate) const BACK: &str = "/login/oidc/back";
/// The longest name of an issuer, in bytes.
const LONGEST: usize = 255;

/// A provider of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "AccessOidc")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of issuer, client_id, client_secret, label, scopes, name_claim, groups_claim, audiences, roles"
)]
pub struct OidcConfig {
    /// Its address, as its tokens name it.
    #[schemars(regex(pattern = "^https?://"))]
    pub issuer: String,
    /// What Watchfire is called there.
    #[schemars(length(min = 1, max = 255))]
    pub client_id: String,
    /// The secret that goes with it; without one, PKCE alone proves that it is the same who comes back.
    #[serde(default)]
    pub client_secret: Option<SecretSource>,
    /// What people call the provider, for "Sign in with …".
    #[serde(default = "single_sign_on")]
    #[schemars(length(min = 1, max = 60))]
    pub label: String,
    /// What is asked for beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: BTreeSet<String>,
    /// The claim with what people are called.
    #[serde(default = "email")]
    pub name_claim: String,
    /// The claim with the groups that they are in; a dot leads deeper.
    #[serde(default = "groups")]
    pub groups_claim: String,
    /// For whom tokens have to be that programs show; without any, programs show none.
    #[serde(default)]
    pub audiences: BTreeSet<String>,
    /// Roles by group.
    #[schemars(length(min = 1))]
    pub roles: Vec<Mapping>,
}

fn single_sign_on() -> String {
    "single sign-on".to_owned()
}

fn scopes() -> BTreeSet<String> {
    ["email", "profile"].map(str::to_owned).into()
}

pub(super) fn email() -> String {
    "email".to_owned()
}

pub(super) fn groups() -> String {
    "groups".to_owned()
}

impl OidcConfig {
    pub(super) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self {
            issuer,
            client_id,
            client_secret: _,
            label,
            scopes,
            name_claim,
            groups_claim,
            audiences,
            roles,
        } = self;
        let is_plain = !issuer.contains('?') && issuer.bytes().all(|byte| byte.is_ascii_graphic());
        if !(fetch::is_safe(issuer) && is_plain && issuer.len() <= LONGEST) {
            let address =
                expected("an address such as https://login.example.com, without query and fragment");
            mistake(".issuer", address);
        }
        let named = [
            (".client_id", client_id, LONGEST),
            (".label", label, 60),
            (".name_claim", name_claim, LONGEST),
            (".groups_claim", groups_claim, LONGEST),
        ];
        for (member, text, most) in named {
            if text.is_empty() || text.len() > most || clean(text, most) != *text {
                mistake(member, expected(format!("1 to {most} characters that can be shown in a line")));
            }
        }
        let is_word = |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        for (member, words) in [(".scopes", scopes), (".audiences", audiences)] {
            if let Some(wrong) = words.iter().find(|word| !is_word(word)) {
                mistake(member, expected("words without spaces").found(format!("`{}`", clean(wrong, 60))));
            }
        }
        mapping::check(roles, |_| Ok(()), &mut |member, wrong| mistake(&format!(".roles{member}"), wrong));
    }

    pub(super) fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        fn fits(secret: &Secret) -> Result<(), Mistake> {
            let is_shown_as_it_is = !secret.expose().chars().any(char::is_control);
            is_shown_as_it_is.then_some(()).ok_or_else(|| expected("a secret in one line"))
        }
        let source = self.client_secret.iter_mut();
        source.map(|source| SecretUse { path: ".oidc.client_secret".to_owned(), source, fits }).collect()
    }

    fn reading(&self) -> Reading<'_> {
        Reading { name: &self.name_claim, groups: &self.groups_claim }
    }
}

/// Somebody who has signed in at the provider; as good as long as that is the one that is configured.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    claimed: Claimed,
    issuer: String,
    client_id: String,
    /// What proves to the provider who signs out.
    id_token: Secret,
}

impl SignedIn {
    /// Who it is, with the roles that their groups have by now; nobody, where another provider is configured.
    pub(super) fn identity(&self, config: Option<&OidcConfig>) -> Option<Identity> {
        let config =
            config.filter(|config| config.issuer == self.issuer && config.client_id == self.client_id)?;
        Some(self.claimed.identity(How::Oidc, &config.roles))
    }
}

/// What is done with a provider.
#[derive(Debug, Default)]
pub(super) struct Oidc {
    provider: Provider,
}

impl Oidc {
    /// Who shows that token, which says to be of the issuer.
    ///
    /// # Errors
    /// It is not, or is not for us; or the provider cannot be asked.
    pub(super) async fn shown(
        &self,
        http: &reqwest::Client,
        config: &OidcConfig,
        token: Unproven<'_>,
        now: Timestamp,
    ) -> Result<Identity, Stranger> {
        if config.audiences.is_empty() {
            return Err(Stranger::refused(format!(
                "no tokens of {} are taken that are shown",
                config.issuer
            )));
        }
        let audience = Audience::AnyOf(&config.audiences);
        let claims = self.proven(http, &config.issuer, token, audience, now).await?;
        let claimed = Claimed::of(&claims, &config.issuer, config.reading())?;
        Ok(claimed.identity(How::Oidc, &config.roles))
    }

    async fn proven(
        &self,
        http: &reqwest::Client,
        issuer: &str,
        token: Unproven<'_>,
        audience: Audience<'_>,
        now: Timestamp,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Stranger> {
        let (key, algorithm) = self.provider.key(http, issuer, &token).await?;
        let claims = token.proven(&key, algorithm)?;
        Expected { issuer, audience, now }.check(&claims)?;
        Ok(claims)
    }
}

/// A provider, and where people come back to from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'s> {
    pub(super) config: &'s OidcConfig,
    /// `http.public_url`, without the last slash.
    pub(super) url: &'s str,
}

impl Site<'_> {
    fn back(&self) -> String {
        format!("{}{BACK}", self.url)
    }
}

/// Somebody who has just signed in, and where they wanted to.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) who: Arc<SignedIn>,
    pub(super) to: String,
}
