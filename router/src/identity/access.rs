//! Who may ask at all: what a request shows, to whom that belongs.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use tokio::sync::watch;

use super::alb::{self, AlbConfig};
use super::basis::Basis;
use super::config::TAKEN;
use super::iam::{self, IamConfig};
use super::jwt::Unproven;
use super::kubernetes::{self, KubernetesConfig, Reviewer};
use super::oidc::{Oidc, OidcConfig};
use super::remembered::Remembered;
use super::session::{Begun, Binding, Cookie, Found, Sessions, shown};
use super::token::{LEAST_CHARACTERS, bearer};
use super::{Csrf, Digest, Grant, How, Identity, Lasts, Stranger, Token, Use};
use crate::clients::Clients;
use crate::secret::Secret;
use crate::telemetry;

/// What a proxy says of whom it asks for.
const FORWARDED: [HeaderName; 2] = [header::FORWARDED, HeaderName::from_static("x-forwarded-for")];

/// Somebody's own token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedToken {
    /// Their name.
    pub name: String,
    /// What the token is recognised by.
    pub sha256: Digest,
    /// When it ends; never, if it is none.
    pub expires_at: Option<Timestamp>,
    /// What they may.
    pub roles: Vec<Grant>,
}

/// Somebody in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackUser {
    /// What Slack calls them, which they cannot choose.
    pub user: String,
    /// Their name.
    pub name: String,
    /// What they may.
    pub roles: Vec<Grant>,
}

/// Who is known, as the configuration in force says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Those with tokens of their own.
    pub tokens: Vec<NamedToken>,
    /// Those who press buttons in Slack.
    pub slack: Vec<SlackUser>,
    /// Those whose tokens are of Kubernetes.
    pub kubernetes: Option<KubernetesConfig>,
    /// Those whom AWS knows.
    pub iam: Option<IamConfig>,
    /// Those whom a provider of OpenID Connect knows.
    pub oidc: Option<OidcConfig>,
    /// Those whom a load balancer has let in.
    pub alb: Option<AlbConfig>,
    /// Where people open the board, without the last slash; empty where that is not said.
    pub url: String,
    /// What whoever asks from this machine may without showing anything; nothing, mostly.
    pub loopback: Option<super::Role>,
    /// How long sessions last.
    pub sessions: Lasts,
}

impl Known {
    /// Somebody of whom others say what they are called, by a name that is nobody's whom we name ourselves.
    pub(super) fn told_apart(&self, identity: Identity) -> Identity {
        identity.not_called_as(|name| {
            let ours = self.tokens.iter().map(|token| token.name.as_str());
            let ours = ours.chain(self.slack.iter().map(|user| user.name.as_str()));
            let mut taken = TAKEN.into_iter().chain(ours);
            taken.any(|taken| taken.eq_ignore_ascii_case(name))
        })
    }
}

/// Whom those who vouch are asked by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vouching {
    /// The API server of our cluster.
    pub(crate) kubernetes: Option<Reviewer>,
    /// AWS, and whatever else is somewhere by HTTP.
    pub(crate) clients: Option<Arc<Clients>>,
}

/// Who may ask, and their sessions. One for the process; a reload replaces what is [`Known`].
#[derive(Debug)]
pub struct Access {
    operator: Option<Token>,
    pub(super) known: ArcSwap<Known>,
    pub(super) reach: Vouching,
    remembered: Remembered,
    pub(super) oidc: Oidc,
    alb: alb::Keys,
    /// What forms are bound to those by whom no session of ours knows.
    binding: Binding,
    pub(super) sessions: Sessions,
    /// Counts whatever may have ended somebody's session before its time.
    ended: watch::Sender<u64>,
}

/// What there is to know somebody by.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'r> {
    /// The headers of their request.
    pub headers: &'r HeaderMap,
    /// Where its connection comes from; none where there is none.
    pub peer: Option<IpAddr>,
    /// Whether somebody asks.
    pub how: Use,
    /// When.
    pub now: Timestamp,
}

/// In a request's extensions where a session's cookie is what let it in: what changes something has to carry its token.
#[derive(Clone, Debug)]
pub struct Session {
    /// The token that is bound to it.
    pub csrf: Csrf,
    /// What they called themselves when it began; it counts for those who show the operators' token.
    pub says: Option<String>,
}

impl Access {
    /// Those who are known, and whoever shows the operators' token. Nobody is asked who vouches for others.
    pub fn new(operator: Option<&Secret>, known: Known) -> Arc<Self> {
        Self::reaching(operator, known, Vouching::default())
    }

    /// The same, and whoever those vouch for who can be asked.
    pub(crate) fn reaching(operator: Option<&Secret>, known: Known, reach: Vouching) -> Arc<Self> {
        let known = ArcSwap::from_pointee(known);
        let (remembered, oidc, alb, binding, sessions, ended) = Default::default();
        let operator = operator.map(Token::from);
        Arc::new(Self { operator, known, reach, remembered, oidc, alb, binding, sessions, ended })
    }

    /// From now on those are known. Sessions of others are over.
    pub fn becomes(&self, known: Known) {
        self.known.store(Arc::new(known));
        self.remembered.forget();
        self.ended.send_modify(|count| *count += 1);
    }

    /// Changes when somebody's session may have ended before its time.
    pub(crate) fn endings(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// Who it is, and the session where it is one.
    ///
    /// # Errors
    /// Why it is nobody that is known. A wrong token is not outweighed by a cookie.
    pub async fn who(&self, asked: Shown<'_>) -> Result<(Identity, Option<Session>), Stranger> {
        let Shown { headers, peer, how, now } = asked;
        if headers.contains_key(header::AUTHORIZATION) {
            let shown = bearer(headers).and_then(|shown| std::str::from_utf8(shown).ok());
            let (identity, _) = self.of_shown(shown.ok_or(self.wrong())?, now).await?;
            return Ok((identity, None));
        }
        let lasts = self.known.load().sessions;
        if let Some(Found { basis, csrf, says }) =
            shown(headers).and_then(|id| self.sessions.of(id, lasts, how, now))
        {
            match self.of_basis(&basis, now).await {
                Ok(identity) => return Ok((identity, Some(Session { csrf, says }))),
                Err(unheard @ Stranger::Unheard(_)) => return Err(unheard),
                Err(
                    Stranger::ShowsNothing
                    | Stranger::ShowsWrong
                    | Stranger::NobodyMay
                    | Stranger::Refused(_),
                ) => {}
            }
        }
        let known = self.known.load_full();
        if let Some(config) = known.alb.as_ref().filter(|_| alb::is_shown(headers)) {
            let identity = known.told_apart(self.alb.of(&self.http()?, config, headers, now).await?);
            // A cookie of the load balancer's is what their browser sends: what changes something has to carry more.
            let csrf = self.binding.csrf(&identity.key())?;
            return Ok((identity, Some(Session { csrf, says: None })));
        }
        if let Some(role) = known.loopback.filter(|_| is_from_here(headers, peer)) {
            let (name, roles) = ("anonymous".to_owned(), vec![Grant::anywhere(role)]);
            let identity = Identity { name, how: How::AnonymousLoopback, subject: None, roles };
            return Ok((identity, None));
        }
        Err(if self.is_nobodys() { Stranger::NobodyMay } else { Stranger::ShowsNothing })
    }

    /// Who has that id in Slack, where they are known; that it is theirs is Slack's to say, and to sign.
    pub fn in_slack(&self, user: &str) -> Option<Identity> {
        let known = self.known.load();
        let SlackUser { user, name, roles } = known.slack.iter().find(|known| known.user == user)?.clone();
        Some(Identity { name, how: How::Slack, subject: Some(user), roles })
    }

    /// Begins a session by a token: who it is, and what `Set-Cookie` is to say. What somebody calls themselves is what
    /// they go by where all operators show one token, and nothing otherwise.
    ///
    /// # Errors
    /// Why it is nobody that is known.
    pub async fn log_in(
        &self,
        token: &Secret,
        says: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<(Identity, HeaderValue), Stranger> {
        let (identity, basis) = self.of_shown(token.expose().trim(), now).await?;
        let says = (identity.how == How::OperatorToken && !says.is_empty()).then(|| says.to_owned());
        let begun = Begun { basis, person: identity.key(), says };
        let cookie = self.begin(begun, headers, now)?;
        telemetry::logged_in(&identity.name, identity.how.as_str());
        Ok((identity, cookie))
    }

    /// Begins a session; what `Set-Cookie` is to say.
    pub(super) fn begin(
        &self,
        begun: Begun,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<HeaderValue, Stranger> {
        // A session that was there before is not taken over.
        if let Some(id) = shown(headers) {
            self.end(id);
        }
        let lasts = self.known.load().sessions;
        let id = self.sessions.begin(begun, lasts, now).map_err(|_| Stranger::ShowsWrong)?;
        Cookie::Begins(&id).header(headers).ok_or(Stranger::ShowsWrong)
    }

    pub(super) fn end(&self, id: &str) {
        self.sessions.end(id);
        self.ended.send_modify(|count| *count += 1);
    }

    async fn of_basis(&self, basis: &Basis, now: Timestamp) -> Result<Identity, Stranger> {
        match basis {
            Basis::Token(digest) => self.of_token(digest, now).ok_or(self.wrong()),
            Basis::Shown(token) => Ok(self.of_shown(&token.expose(), now).await?.0),
            Basis::SignedIn(who) => {
                let known = self.known.load();
                let identity = who.identity(known.oidc.as_ref()).ok_or(Stranger::ShowsWrong)?;
                Ok(known.told_apart(identity))
            }
        }
    }

    /// Whose token that is, and what a session by it stands on.
    async fn of_shown(&self, token: &str, now: Timestamp) -> Result<(Identity, Basis), Stranger> {
        if token.chars().count() < LEAST_CHARACTERS {
            return Err(self.wrong());
        }
        let digest = Digest::of(token.as_bytes());
        if let Some(identity) = self.of_token(&digest, now) {
            return Ok((identity, Basis::Token(digest)));
        }
        let known = self.known.load_full();
        // By way of a box: whom it asks is large, and hardly any question goes there.
        let identity = Box::pin(self.vouched(&known, digest, token, now)).await?;
        Ok((known.told_apart(identity), Basis::Shown(Secret::new(token))))
    }

    /// Whose token it is by somebody else's word: which of them is asked, the token's own shape says.
    async fn vouched(
        &self,
        known: &Known,
        digest: Digest,
        token: &str,
        now: Timestamp,
    ) -> Result<Identity, Stranger> {
        let nowhere = |what: &str| Stranger::unheard(format!("{what} is not within reach"));
        let Vouching { kubernetes: reviewer, clients } = &self.reach;
        let of_issuer =
            |config: &OidcConfig| Unproven::read(token).filter(|token| token.issuer() == config.issuer);
        if let Some((config, token)) =
            known.oidc.as_ref().and_then(|config| Some((config, of_issuer(config)?)))
        {
            return self.oidc.shown(&self.http()?, config, token, now).await;
        }
        match (&known.iam, &known.kubernetes) {
            (Some(config), _) if iam::is_one(token) => {
                let clients = clients.as_ref().ok_or_else(|| nowhere("AWS"))?;
                self.remembered.or(digest, now, iam::of(config, clients, token, now)).await
            }
            (_, Some(config)) if kubernetes::is_one(token) => {
                let reviewer = reviewer.as_ref().ok_or_else(|| nowhere("the cluster"))?;
                self.remembered.or(digest, now, reviewer.of(config, token)).await
            }
            _ => Err(self.wrong()),
        }
    }

    /// Whose token of the configuration that is. All are compared, so that the time it takes does not tell whose it might be.
    fn of_token(&self, shown: &Digest, now: Timestamp) -> Option<Identity> {
        let known = self.known.load();
        let theirs = known.tokens.iter().filter(|token| token.sha256.is(shown));
        let theirs = theirs.filter(|token| token.expires_at.is_none_or(|end| now < end));
        let theirs: Vec<_> = theirs.collect();
        let is_operators = self.operator.as_ref().is_some_and(|token| token.digest().is(shown));
        match theirs.first() {
            _ if is_operators => Some(Identity::operator()),
            Some(NamedToken { name, roles, sha256: _, expires_at: _ }) => {
                let (name, roles) = (name.clone(), roles.clone());
                Some(Identity { name, how: How::Token, subject: None, roles })
            }
            None => None,
        }
    }

    fn is_nobodys(&self) -> bool {
        let known = self.known.load();
        let Known { tokens, kubernetes, iam, oidc, alb, slack: _, url: _, loopback: _, sessions: _ } =
            &**known;
        let is_vouched_for = kubernetes.is_some() || iam.is_some() || oidc.is_some() || alb.is_some();
        self.operator.is_none() && tokens.is_empty() && !is_vouched_for
    }

    /// What asks by HTTP.
    pub(super) fn http(&self) -> Result<reqwest::Client, Stranger> {
        let clients = self.reach.clients.as_ref();
        let clients = clients.ok_or_else(|| Stranger::unheard("nothing is within reach"))?;
        clients.http().map_err(|error| Stranger::unheard(format!("{error:#}")))
    }

    fn wrong(&self) -> Stranger {
        if self.is_nobodys() { Stranger::NobodyMay } else { Stranger::ShowsWrong }
    }
}

/// Whether they ask from this machine, and for nobody else.
fn is_from_here(headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
    let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(name));
    !is_forwarded && peer.is_some_and(|peer| peer.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests;
