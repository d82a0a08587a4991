//! Signing in at a provider: a code that comes back by the same browser is changed for an ID token, and that is looked at.
//!
//! What has to be known of a sign-in when it comes back is in a cookie of the browser that began it, and nowhere else:
//! nobody can have it forgotten by beginning many.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use watchfire_core::text::clean;

use super::super::Stranger;
use super::super::claims::{Audience, Claimed};
use super::super::fetch::{self, Unfetched};
use super::super::jwt::{Unproven, text};
use super::super::session::LoginCookie;
use super::super::token::{Digest, random};
use super::provider::Metadata;
use super::{Arrived, Oidc, OidcConfig, SignedIn, Site};
use crate::secret::Secret;

/// A sign-in that takes longer begins anew.
const LASTS: SignedDuration = SignedDuration::from_mins(10);
/// The longest way to where somebody wanted, in bytes.
const LONGEST: usize = 1_024;

/// A sign-in that has begun: where the browser goes, and what it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    /// The provider's page.
    pub(crate) location: HeaderValue,
    /// `Set-Cookie`.
    pub(crate) cookie: HeaderValue,
}

/// What a browser comes back with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Came {
    code: String,
    state: String,
    iss: Option<String>,
    error: String,
    error_description: String,
}

/// What the cookie holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    verifier: String,
    to: String,
    at: Timestamp,
}

/// What a code is changed for.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: String,
}

impl Oidc {
    /// Begins one that leads there.
    ///
    /// # Errors
    /// The provider cannot be asked where its page is.
    pub(in super::super) async fn begin(
        &self,
        http: &reqwest::Client,
        site: Site<'_>,
        to: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Begun, Stranger> {
        let OidcConfig { issuer, client_id, scopes, .. } = site.config;
        let Metadata { authorization_endpoint, .. } = self.provider.metadata(http, issuer).await?;
        let bits = |_| Stranger::unheard("the system gives no random bits");
        let to = if to.len() <= LONGEST { to } else { "/" };
        let kept = Kept {
            state: random().map_err(bits)?,
            nonce: random().map_err(bits)?,
            verifier: random().map_err(bits)?,
            to: to.to_owned(),
            at: now,
        };
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, kept.verifier.as_bytes()));
        let scope =
            ["openid"].into_iter().chain(scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        let asked = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", &site.back())
            .append_pair("scope", &scope)
            .append_pair("state", &kept.state)
            .append_pair("nonce", &kept.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let cookie = serde_json::to_vec(&kept).map(|kept| URL_SAFE_NO_PAD.encode(kept)).ok();
        let cookie = cookie.and_then(|kept| LoginCookie::Begins(&kept).header(headers));
        let location = HeaderValue::from_str(&with_query(&authorization_endpoint, &asked)).ok();
        let begun = location.zip(cookie).map(|(location, cookie)| Begun { location, cookie });
        begun.ok_or_else(|| Stranger::unheard(format!("{issuer} has a page that cannot be gone to")))
    }

    /// Ends one: who it is.
    ///
    /// # Errors
    /// It was not begun by this browser, or too long ago; the provider says no, or what it says is not right; or it cannot
    /// be asked.
    pub(in super::super) async fn back(
        &self,
        http: &reqwest::Client,
        site: Site<'_>,
        came: &Came,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Arrived, Stranger> {
        let kept = LoginCookie::shown(headers).and_then(|kept| URL_SAFE_NO_PAD.decode(kept).ok());
        let kept: Option<Kept> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
        let same = |one: &str, other: &str| Digest::of(one.as_bytes()).is(&Digest::of(other.as_bytes()));
        let kept = kept.filter(|kept| same(&kept.state, &came.state));
        let kept = kept.filter(|kept| kept.at <= now && now.duration_since(kept.at) < LASTS);
        let Kept { nonce, verifier, to, .. } = kept.ok_or_else(|| {
            Stranger::refused("this sign-in was not begun here, or too long ago: sign in again")
        })?;
        let OidcConfig { issuer, client_id, .. } = site.config;
        if came.iss.as_ref().is_some_and(|named| named != issuer) {
            return Err(Stranger::refused("another issuer has sent you back"));
        }
        if !came.error.is_empty() || came.code.is_empty() {
            let Came { error, error_description, .. } = came;
            let said = clean(&format!("{error} {error_description}"), 200);
            return Err(Stranger::refused(format!(
                "{issuer} says: {}",
                if said.is_empty() { "nothing" } else { &said }
            )));
        }
        let metadata = self.provider.metadata(http, issuer).await?;
        let tokens = exchanged(http, site, &metadata, &came.code, &verifier).await?;
        let token = Unproven::read(&tokens.id_token)
            .ok_or_else(|| Stranger::refused("the ID token cannot be read"))?;
        let audience = Audience::Client { id: client_id, nonce: &nonce };
        let claims = self.proven(http, issuer, token, audience, now).await?;
        let claims = with_groups(http, site.config, &metadata, claims, &tokens.access_token).await?;
        let claimed = Claimed::of(&claims, issuer, site.config.reading())?;
        let id_token = Secret::new(tokens.id_token);
        let (issuer, client_id) = (issuer.clone(), client_id.clone());
        Ok(Arrived { who: SignedIn { claimed, issuer, client_id, id_token }.into(), to })
    }

    /// Where somebody signs out at the provider, too; none where it offers none.
    pub(in super::super) async fn sign_out(
        &self,
        http: &reqwest::Client,
        site: Site<'_>,
        who: &SignedIn,
    ) -> Option<String> {
        let config = site.config;
        who.identity(Some(config))?;
        let metadata = self.provider.metadata(http, &config.issuer).await.ok()?;
        let asked = form_urlencoded::Serializer::new(String::new())
            .append_pair("id_token_hint", &who.id_token.expose())
            .append_pair("client_id", &config.client_id)
            .append_pair("post_logout_redirect_uri", &format!("{}/login", site.url))
            .finish();
        Some(with_query(&metadata.end_session_endpoint?, &asked))
    }
}

fn with_query(url: &str, query: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}

async fn exchanged(
    http: &reqwest::Client,
    site: Site<'_>,
    metadata: &Metadata,
    code: &str,
    verifier: &str,
) -> Result<Tokens, Stranger> {
    let OidcConfig { issuer, client_id, client_secret, .. } = site.config;
    let secret = client_secret.as_ref().map(|source| source.known().map(Secret::expose));
    let secret = match secret {
        Some(None) => return Err(Stranger::unheard("the client's secret is not known")),
        Some(Some(secret)) => Some(secret),
        None => None,
    };
    let back = site.back();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &back),
        ("code_verifier", verifier),
    ];
    let mut request = http.post(&metadata.token_endpoint).header("accept", "application/json");
    match &secret {
        None => form.push(("client_id", client_id)),
        Some(secret) if takes_basic(metadata) => {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let basic = STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(secret)));
            request = request.header("authorization", format!("Basic {basic}"));
        }
        Some(secret) => form.extend([("client_id", client_id.as_str()), ("client_secret", secret.as_str())]),
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    fetch::json(request).await.map_err(|error| match error {
        Unfetched::Status(400 | 401 | 403, body) => {
            let said: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
            let said = clean(&format!("{} {}", text(&said, "error"), text(&said, "error_description")), 200);
            Stranger::refused(format!("{issuer} does not take the code of this sign-in: {said}"))
        }
        other => Stranger::unheard(format!("{issuer} gives no token: {other}")),
    })
}

/// What is said where nothing is said of how a client proves who it is.
fn takes_basic(Metadata { token_endpoint_auth_methods_supported, .. }: &Metadata) -> bool {
    let methods = token_endpoint_auth_methods_supported.as_ref();
    methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
}

/// Some say in which groups somebody is only to who asks for it with the other token.
async fn with_groups(
    http: &reqwest::Client,
    config: &OidcConfig,
    metadata: &Metadata,
    claims: Map<String, Value>,
    access_token: &str,
) -> Result<Map<String, Value>, Stranger> {
    let is_said = Claimed::of(&claims, &config.issuer, config.reading())?.has_groups();
    let endpoint = metadata.userinfo_endpoint.as_ref().filter(|_| !is_said && !access_token.is_empty());
    let Some(endpoint) = endpoint else { return Ok(claims) };
    let asked = fetch::json(http.get(endpoint).bearer_auth(access_token)).await;
    let mut more: Map<String, Value> = asked
        .map_err(|error| Stranger::unheard(format!("{} does not say who you are: {error}", config.issuer)))?;
    if text(&more, "sub") != text(&claims, "sub") {
        return Err(Stranger::refused("what is said of you is said of somebody else"));
    }
    // What is signed counts before what is not.
    more.extend(claims);
    Ok(more)
}
