//! A provider of identities: what it says of itself, and the keys that it signs by, kept for an hour.
//!
//! A key that is not among those that are known is looked for at once, and then for half a minute no other: whoever makes
//! tokens up does not have us ask.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::jwt::Unproven;
use super::super::key::{Algorithm, Key, Published};
use super::super::{Stranger, fetch};

/// What is older is asked for again.
const FRESH: Duration = Duration::from_secs(3_600);
/// What is older is not believed any more, whether or not the provider answers.
const BELIEVED: Duration = Duration::from_secs(24 * 3_600);
/// Between two questions.
const LEAST: Duration = Duration::from_secs(30);
/// The most keys.
const MOST: usize = 100;

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    jwks_uri: String,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) end_session_endpoint: Option<String>,
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A set of keys, of which some may be of no kind that is known.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Clone, Debug)]
struct Known {
    metadata: Metadata,
    keys: Vec<Published>,
    at: Instant,
}

/// The provider.
#[derive(Debug, Default)]
pub(super) struct Provider(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    issuer: String,
    known: Option<Known>,
    /// When it was asked last, and why in vain, if it was.
    asked: Option<(Instant, Option<String>)>,
}

impl Provider {
    /// What it says of itself.
    ///
    /// # Errors
    /// It does not say it.
    pub(super) async fn metadata(&self, http: &reqwest::Client, issuer: &str) -> Result<Metadata, Stranger> {
        let mut state = self.0.lock().await;
        state.is_of(issuer);
        if !state.is_fresh() {
            state.ask(http).await;
        }
        state.believed().map(|known| known.metadata.clone())
    }

    /// The key that a token says it is signed by.
    ///
    /// # Errors
    /// There is none that fits; or the provider does not say which there are.
    pub(super) async fn key(
        &self,
        http: &reqwest::Client,
        issuer: &str,
        token: &Unproven<'_>,
    ) -> Result<(Key, Algorithm), Stranger> {
        let algorithm = token.algorithm();
        let algorithm =
            algorithm.ok_or_else(|| Stranger::refused("the token is signed in a way that is not taken"))?;
        let kid = token.head.get("kid").and_then(Value::as_str);
        let mut state = self.0.lock().await;
        state.is_of(issuer);
        let found = state.known.as_ref().and_then(|known| known.key(kid, algorithm));
        if found.is_none() || !state.is_fresh() {
            state.ask(http).await;
        }
        match (state.believed()?.key(kid, algorithm), state.asked.as_ref()) {
            (Some(key), _) => Ok((key, algorithm)),
            // It may have a new one.
            (None, Some((_, Some(why)))) => {
                Err(Stranger::unheard(format!("{issuer} does not say what it is signed by: {why}")))
            }
            (None, _) => Err(Stranger::refused("the token is signed by no key of the issuer")),
        }
    }
}

impl State {
    /// What was known of another is forgotten.
    fn is_of(&mut self, issuer: &str) {
        if self.issuer != issuer {
            *self = State { issuer: issuer.to_owned(), ..State::default() };
        }
    }

    fn is_fresh(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.at.elapsed() < FRESH)
    }

    fn believed(&self) -> Result<&Known, Stranger> {
        let known = self.known.as_ref().filter(|known| known.at.elapsed() < BELIEVED);
        let why = self.asked.as_ref().and_then(|(_, why)| why.as_deref()).unwrap_or("it was not asked");
        known.ok_or_else(|| {
            Stranger::unheard(format!("{} does not say what it is signed by: {why}", self.issuer))
        })
    }

    async fn ask(&mut self, http: &reqwest::Client) {
        if self.asked.as_ref().is_some_and(|(at, _)| at.elapsed() < LEAST) {
            return;
        }
        let published = published(http, &self.issuer).await;
        let why = published.as_ref().err().cloned();
        self.asked = Some((Instant::now(), why));
        if let Ok((metadata, keys)) = published {
            self.known = Some(Known { metadata, keys, at: Instant::now() });
        }
    }
}

impl Known {
    /// The one of that name and kind; without a name, the only one of that kind.
    fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<Key> {
        let named = self.keys.iter().filter(|key| kid.is_none() || key.kid.as_deref() == kid);
        let mut fitting = named.filter_map(|key| key.of(algorithm));
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

async fn published(http: &reqwest::Client, issuer: &str) -> Result<(Metadata, Vec<Published>), String> {
    let told = |error: fetch::Unfetched| error.to_string();
    let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let metadata: Metadata = fetch::json(http.get(&place)).await.map_err(told)?;
    let Metadata { issuer: named, authorization_endpoint, token_endpoint, jwks_uri, .. } = &metadata;
    if named != issuer {
        return Err("it says to be another issuer".to_owned());
    }
    let optional = [&metadata.userinfo_endpoint, &metadata.end_session_endpoint];
    let all = [authorization_endpoint, token_endpoint, jwks_uri].into_iter();
    if !all.chain(optional.into_iter().flatten()).all(|url| fetch::is_safe(url)) {
        return Err("it names addresses that are not https".to_owned());
    }
    let KeySet { keys } = fetch::json(http.get(jwks_uri)).await.map_err(told)?;
    let keys = keys.into_iter().take(MOST).filter_map(|key| serde_json::from_value(key).ok());
    Ok((metadata, keys.collect()))
}

#[cfg(test)]
mod tests;
