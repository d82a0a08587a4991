//! Who may ask at all: what a request shows, to whom that belongs.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;

use super::session::{Cookie, Sessions, shown};
use super::token::bearer;
use super::{Csrf, Digest, Grant, How, Identity, Lasts, Token};
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
    /// What whoever asks from this machine may without showing anything; nothing, mostly.
    pub loopback: Option<super::Role>,
    /// How long sessions last.
    pub sessions: Lasts,
}

/// Who may ask, and their sessions. One for the process; a reload replaces what is [`Known`].
#[derive(Debug)]
pub struct Access {
    operator: Option<Token>,
    known: ArcSwap<Known>,
    sessions: Sessions,
}

/// What there is to know somebody by.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'r> {
    /// The headers of their request.
    pub headers: &'r HeaderMap,
    /// Where its connection comes from; none where there is none.
    pub peer: Option<IpAddr>,
    /// When.
    pub now: Timestamp,
}

/// In a request's extensions where a session's cookie is what let it in: what changes something has to carry its token.
#[derive(Clone, Debug)]
pub struct Session {
    /// The token that is bound to it.
    pub csrf: Csrf,
}

/// Why somebody is nobody that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// They show nothing.
    ShowsNothing,
    /// They show what is nobody's, or nobody's any more.
    ShowsWrong,
    /// There is nothing that anybody could show.
    NobodyMay,
}

impl Access {
    /// Those who are known, and whoever shows the operators' token.
    pub fn new(operator: Option<&Secret>, known: Known) -> Arc<Self> {
        let known = ArcSwap::from_pointee(known);
        Arc::new(Self { operator: operator.map(Token::from), known, sessions: Sessions::default() })
    }

    /// From now on those are known. Sessions of others are over.
    pub fn becomes(&self, known: Known) {
        self.known.store(Arc::new(known));
    }

    /// Who it is, and the session where it is one.
    ///
    /// # Errors
    /// Why it is nobody that is known. A wrong token is not outweighed by a cookie.
    pub fn who(&self, asked: Shown<'_>) -> Result<(Identity, Option<Session>), Stranger> {
        let Shown { headers, peer, now } = asked;
        if headers.contains_key(header::AUTHORIZATION) {
            let identity = bearer(headers).and_then(|shown| self.of_token(&Digest::of(shown), now));
            return identity.map(|identity| (identity, None)).ok_or(self.wrong());
        }
        if let Some(id) = shown(headers) {
            let lasts = self.known.load().sessions;
            let session = self.sessions.of(id, lasts, now);
            let known =
                session.and_then(|(token, csrf)| Some((self.of_token(&token, now)?, Session { csrf })));
            if let Some((identity, session)) = known {
                return Ok((identity, Some(session)));
            }
        }
        if let Some(role) = self.known.load().loopback.filter(|_| is_from_here(headers, peer)) {
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

    /// Begins a session by a token: who it is, and what `Set-Cookie` is to say.
    ///
    /// # Errors
    /// Why it is nobody that is known.
    pub fn log_in(
        &self,
        token: &Secret,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<(Identity, HeaderValue), Stranger> {
        let digest = Digest::of(token.expose().trim().as_bytes());
        let identity = self.of_token(&digest, now).ok_or(self.wrong())?;
        let cookie = self.begin(digest, headers, now)?;
        telemetry::logged_in(&identity.name, identity.how.as_str());
        Ok((identity, cookie))
    }

    /// Ends the session that a request shows, if it does: what `Set-Cookie` is to say.
    pub fn log_out(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if let Some(id) = shown(headers) {
            self.sessions.end(id);
        }
        Cookie::Ends.header(headers)
    }

    fn begin(&self, token: Digest, headers: &HeaderMap, now: Timestamp) -> Result<HeaderValue, Stranger> {
        // A session that was there before is not taken over.
        if let Some(id) = shown(headers) {
            self.sessions.end(id);
        }
        let id = self.sessions.begin(token, now).map_err(|_| Stranger::ShowsWrong)?;
        Cookie::Begins(&id).header(headers).ok_or(Stranger::ShowsWrong)
    }

    /// Whose token that is. All are compared, so that the time it takes does not tell whose it might be.
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
        self.operator.is_none() && known.tokens.is_empty()
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
mod tests {
    use jiff::SignedDuration;

    use super::super::Role;
    use super::*;

    const OPERATORS: &str = "the-token-of-the-operators";
    const ANAS: &str = "the-token-of-ana-in-tests";

    fn known() -> Known {
        let roles = vec![Grant::anywhere(Role::Responder)];
        let sha256 = Digest::of(ANAS.as_bytes());
        let ana = NamedToken { name: "ana".to_owned(), sha256, expires_at: None, roles };
        Known { tokens: vec![ana], ..Known::default() }
    }

    fn access(known: Known) -> Arc<Access> {
        Access::new(Some(&Secret::new(OPERATORS)), known)
    }

    fn headers(named: &[(HeaderName, &str)]) -> HeaderMap {
        let value = |text: &str| HeaderValue::from_str(text).expect("a header");
        HeaderMap::from_iter(named.iter().map(|(name, text)| (name.clone(), value(text))))
    }

    fn bearing(token: &str) -> HeaderMap {
        headers(&[(header::AUTHORIZATION, &format!("Bearer {token}"))])
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn who(access: &Access, headers: &HeaderMap, minute: i64) -> Result<(String, How), Stranger> {
        let shown = Shown { headers, peer: "127.0.0.1".parse().ok(), now: at(minute) };
        access.who(shown).map(|(identity, _)| (identity.name, identity.how))
    }

    /// What a browser sends that was told to keep that.
    fn keeps(cookie: &HeaderValue) -> HeaderMap {
        let text = cookie.to_str().expect("text").split(';').next().expect("it has a name");
        headers(&[(header::COOKIE, text)])
    }

    #[test]
    fn each_token_is_somebodys_and_a_wrong_one_nobodys() {
        let access = access(known());
        assert_eq!(who(&access, &bearing(ANAS), 0), Ok(("ana".to_owned(), How::Token)));
        let operator = Ok(("operator".to_owned(), How::OperatorToken));
        assert_eq!(who(&access, &bearing(OPERATORS), 0), operator);
        assert_eq!(who(&access, &bearing("another-token-of-tests"), 0), Err(Stranger::ShowsWrong));
        assert_eq!(who(&access, &bearing(&Digest::of(ANAS.as_bytes()).hex()), 0), Err(Stranger::ShowsWrong));
        assert_eq!(who(&access, &HeaderMap::new(), 0), Err(Stranger::ShowsNothing));
        let nobody = Access::new(None, Known::default());
        assert_eq!(who(&nobody, &HeaderMap::new(), 0), Err(Stranger::NobodyMay));
        assert_eq!(who(&nobody, &bearing(ANAS), 0), Err(Stranger::NobodyMay));
    }

    #[test]
    fn a_token_ends_when_it_was_to_end_and_its_sessions_with_it() {
        let mut known = known();
        known.tokens[0].expires_at = Some(at(5));
        let access = access(known);
        let (_, cookie) = access.log_in(&Secret::new(ANAS), &HeaderMap::new(), at(0)).expect("it is hers");
        for (minute, expected) in [(4, Ok(("ana".to_owned(), How::Token))), (5, Err(Stranger::ShowsWrong))] {
            assert_eq!(who(&access, &bearing(ANAS), minute), expected);
        }
        assert_eq!(who(&access, &keeps(&cookie), 4), Ok(("ana".to_owned(), How::Token)));
        assert_eq!(who(&access, &keeps(&cookie), 5), Err(Stranger::ShowsNothing));
    }

    #[test]
    fn a_session_has_the_roles_that_its_token_has_by_then() {
        let access = access(known());
        let (_, cookie) = access.log_in(&Secret::new(ANAS), &HeaderMap::new(), at(0)).expect("it is hers");
        let cookie = keeps(&cookie);
        let roles = || {
            let who = access.who(Shown { headers: &cookie, peer: None, now: at(1) });
            who.map(|(identity, session)| (identity.highest(), session.is_some()))
        };
        assert_eq!(roles(), Ok((Some(Role::Responder), true)));
        let mut promoted = known();
        promoted.tokens[0].roles = vec![Grant::anywhere(Role::Admin)];
        access.becomes(promoted);
        assert_eq!(roles(), Ok((Some(Role::Admin), true)));
        access.becomes(Known::default());
        assert_eq!(roles(), Err(Stranger::ShowsNothing));
    }

    #[test]
    fn who_logs_out_is_out_and_who_logs_in_again_leaves_no_session_behind() {
        let access = access(known());
        let token = Secret::new(ANAS);
        let (_, first) = access.log_in(&token, &HeaderMap::new(), at(0)).expect("it is hers");
        let (_, second) = access.log_in(&token, &keeps(&first), at(0)).expect("it is hers");
        assert!(who(&access, &keeps(&first), 1).is_err());
        assert!(who(&access, &keeps(&second), 1).is_ok());
        access.log_out(&keeps(&second));
        assert!(who(&access, &keeps(&second), 1).is_err());
        let wrong = access.log_in(&Secret::new("another-token-of-tests"), &HeaderMap::new(), at(0));
        assert_eq!(wrong.err(), Some(Stranger::ShowsWrong));
    }

    #[test]
    fn a_wrong_token_is_not_outweighed_by_a_session_or_by_loopback() {
        let access = access(Known { loopback: Some(Role::Viewer), ..known() });
        let (_, cookie) = access.log_in(&Secret::new(ANAS), &HeaderMap::new(), at(0)).expect("it is hers");
        let mut both = keeps(&cookie);
        both.extend(bearing("another-token-of-tests"));
        assert_eq!(who(&access, &both, 1), Err(Stranger::ShowsWrong));
    }

    #[test]
    fn who_shows_nothing_is_let_in_from_this_machine_alone_where_that_is_configured() {
        let access = access(Known { loopback: Some(Role::Viewer), ..known() });
        let ask = |headers: &HeaderMap, peer: &str| {
            let who = access.who(Shown { headers, peer: peer.parse().ok(), now: at(0) });
            who.map(|(identity, _)| (identity.how, identity.highest()))
        };
        let anonymous = Ok((How::AnonymousLoopback, Some(Role::Viewer)));
        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(ask(&HeaderMap::new(), here), anonymous, "{here}");
        }
        for elsewhere in ["10.0.0.7", "2001:db8::1", ""] {
            assert_eq!(ask(&HeaderMap::new(), elsewhere), Err(Stranger::ShowsNothing), "{elsewhere}");
        }
        for name in FORWARDED {
            assert_eq!(ask(&headers(&[(name, "for=10.0.0.7")]), "127.0.0.1"), Err(Stranger::ShowsNothing));
        }
    }
}
