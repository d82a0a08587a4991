//! Sessions of browsers: begun by a login, kept in this process, over when they are idle, old, or ended.
//!
//! The id in the cookie is 256 random bits; what is kept is its digest. A session of a token is that token's: it is over
//! when the token is, and has whatever roles the token has by then.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::Unspecified;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};

use super::Digest;
use super::host::is_to_loopback;
use super::token::random;

/// The cookie over TLS: no other host, no page of plain HTTP can set it.
const COOKIE: &str = "__Host-watchfire";
/// The cookie on loopback, where there is no TLS.
const LOOPBACK_COOKIE: &str = "watchfire";
/// So many sessions at once; of more the one that was idle longest is over.
const MOST: usize = 10_000;
/// So many of one token, so that nobody ends those of others by beginning many.
const MOST_OF_ONE: usize = 50;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasts {
    /// Without a request.
    pub idle: SignedDuration,
    /// In all.
    pub whole: SignedDuration,
}

impl Default for Lasts {
    fn default() -> Self {
        Self { idle: SignedDuration::from_mins(60), whole: SignedDuration::from_hours(12) }
    }
}

/// What forms of a session carry, so that no other page can send them. Prints as `***`.
#[derive(Clone)]
pub struct Csrf(String);

impl Csrf {
    /// The text, for a form's hidden field or the header `watchfire-csrf`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request has sent it.
    pub fn is(&self, sent: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), sent.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

#[derive(Clone, Debug)]
struct Kept {
    /// Of the token that it was begun by.
    token: Digest,
    csrf: Csrf,
    since: Timestamp,
    used: Timestamp,
}

/// The sessions of this process.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<Digest, Kept>>);

impl Sessions {
    /// Begins one; the answer is the id, for the cookie alone.
    pub(super) fn begin(&self, token: Digest, now: Timestamp) -> Result<String, Unspecified> {
        let (id, csrf) = (random()?, Csrf(random()?));
        let mut kept = self.kept();
        let own = || kept.iter().filter(|(_, session)| session.token == token);
        let idlest = match (own().count() >= MOST_OF_ONE, kept.len() >= MOST) {
            (true, _) => own().min_by_key(|(_, session)| session.used).map(|(id, _)| *id),
            (false, true) => kept.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id),
            (false, false) => None,
        };
        idlest.and_then(|id| kept.remove(&id));
        kept.insert(Digest::of(id.as_bytes()), Kept { token, csrf, since: now, used: now });
        Ok(id)
    }

    /// The token that the session with that id was begun by, where there is one that is not over; it is in use from now on.
    pub(super) fn of(&self, id: &str, lasts: Lasts, now: Timestamp) -> Option<(Digest, Csrf)> {
        let mut kept = self.kept();
        kept.retain(|_, session| {
            now.duration_since(session.used) < lasts.idle && now.duration_since(session.since) < lasts.whole
        });
        // Looked up by a digest: how long that takes tells nothing of an id.
        let session = kept.get_mut(&Digest::of(id.as_bytes()))?;
        session.used = session.used.max(now);
        Some((session.token, session.csrf.clone()))
    }

    /// Ends it, if there is such a one.
    pub(super) fn end(&self, id: &str) {
        self.kept().remove(&Digest::of(id.as_bytes()));
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<Digest, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a browser is told to keep, or to forget. The cookie is sent over TLS alone, except to loopback.
pub(super) enum Cookie<'c> {
    /// That session.
    Begins(&'c str),
    /// None any more.
    Ends,
}

impl Cookie<'_> {
    /// The header's value. Without an age: it is gone with the browser, and the session is over before.
    pub(super) fn header(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let name = cookie_name(headers);
        let secure = if name == COOKIE { "; Secure" } else { "" };
        let (id, age) = match self {
            Cookie::Begins(id) => (*id, ""),
            Cookie::Ends => ("", "; Max-Age=0"),
        };
        let text = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The id of the session that a request shows; none where it shows two.
pub(super) fn shown(headers: &HeaderMap) -> Option<&str> {
    let name = cookie_name(headers);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    let mut ids = cookies.filter(|(named, _)| *named == name).map(|(_, id)| id);
    ids.next().filter(|id| !id.is_empty() && ids.next().is_none())
}

/// Which of the two, by where the request goes to.
fn cookie_name(headers: &HeaderMap) -> &'static str {
    if is_to_loopback(headers) { LOOPBACK_COOKIE } else { COOKIE }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Lasts = Lasts { idle: SignedDuration::from_mins(10), whole: SignedDuration::from_mins(25) };

    fn minute(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn begun() -> Digest {
        Digest::of(b"a-token-of-the-tests")
    }

    #[test]
    fn a_session_is_over_when_it_is_idle_and_however_much_it_is_used_when_it_is_old() {
        let sessions = Sessions::default();
        let is_there = |id: &str, at| sessions.of(id, LASTS, minute(at)).is_some();
        let idle = sessions.begin(begun(), minute(0)).expect("random bits");
        let used = sessions.begin(begun(), minute(0)).expect("random bits");
        assert!(is_there(&idle, 9) && is_there(&used, 9));
        assert!(is_there(&used, 18));
        assert!(!is_there(&idle, 19));
        assert!(is_there(&used, 24));
        assert!(!is_there(&used, 25));
    }

    #[test]
    fn a_session_that_was_ended_is_over_and_no_other() {
        let sessions = Sessions::default();
        let [one, other] = [0, 0].map(|at| sessions.begin(begun(), minute(at)).expect("random bits"));
        sessions.end(&one);
        assert!(sessions.of(&one, LASTS, minute(1)).is_none());
        assert!(sessions.of(&other, LASTS, minute(1)).is_some());
    }

    #[test]
    fn each_session_has_a_csrf_token_of_its_own() {
        let sessions = Sessions::default();
        let [one, other] = [0, 0].map(|at| sessions.begin(begun(), minute(at)).expect("random bits"));
        let csrf = |id: &str| sessions.of(id, LASTS, minute(1)).expect("it is there").1;
        assert!(csrf(&one).is(csrf(&one).as_str()));
        assert!(!csrf(&one).is(csrf(&other).as_str()) && !csrf(&one).is(""));
        assert_eq!(format!("{:?}", csrf(&one)), "***");
    }

    #[test]
    fn of_more_sessions_than_are_kept_the_idlest_is_over() {
        let sessions = Sessions::default();
        let first = sessions.begin(begun(), minute(0)).expect("random bits");
        let second = sessions.begin(begun(), minute(0)).expect("random bits");
        assert!(sessions.of(&first, LASTS, minute(1)).is_some());
        let another = |number: usize| Digest::of(number.to_string().as_bytes());
        (2..=MOST).for_each(|number| drop(sessions.begin(another(number), minute(2)).expect("random bits")));
        assert!(sessions.of(&second, LASTS, minute(3)).is_none());
        assert!(sessions.of(&first, LASTS, minute(3)).is_some());
    }

    #[test]
    fn whoever_begins_many_sessions_ends_their_own_and_nobody_elses() {
        let sessions = Sessions::default();
        let other = Digest::of(b"another-token-of-the-tests");
        let other = sessions.begin(other, minute(0)).expect("random bits");
        let first = sessions.begin(begun(), minute(1)).expect("random bits");
        let all: Vec<_> =
            (0..MOST_OF_ONE).map(|_| sessions.begin(begun(), minute(2)).expect("random bits")).collect();
        assert!(sessions.of(&first, LASTS, minute(3)).is_none());
        assert!(all.iter().chain([&other]).all(|id| sessions.of(id, LASTS, minute(3)).is_some()));
    }

    #[test]
    fn a_cookie_goes_over_tls_alone_except_to_loopback() {
        let set = |host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            let value = Cookie::Begins("an-id").header(&headers).expect("a header");
            value.to_str().expect("text").to_owned()
        };
        for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST."] {
            assert_eq!(set(host), "watchfire=an-id; Path=/; HttpOnly; SameSite=Strict", "{host}");
        }
        for host in ["alerts.example.com", "localhost.example.com", "10.0.0.7:8080", ""] {
            assert_eq!(
                set(host),
                "__Host-watchfire=an-id; Path=/; HttpOnly; SameSite=Strict; Secure",
                "{host}"
            );
        }
        let ends = Cookie::Ends.header(&HeaderMap::new()).expect("a header");
        assert_eq!(ends, "__Host-watchfire=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0");
    }

    #[test]
    fn the_cookie_of_the_other_kind_of_host_and_two_of_a_name_are_no_session() {
        let shown_to = |host: &'static str, cookies: &'static str| {
            let named = [(header::HOST, host), (header::COOKIE, cookies)];
            let named = named.map(|(name, value)| (name, HeaderValue::from_static(value)));
            shown(&HeaderMap::from_iter(named)).map(str::to_owned)
        };
        assert_eq!(shown_to("localhost", "a=b; watchfire=id; c=d").as_deref(), Some("id"));
        assert_eq!(shown_to("alerts.example.com", "__Host-watchfire=id").as_deref(), Some("id"));
        for (host, cookies) in [
            ("localhost", "__Host-watchfire=id"),
            ("alerts.example.com", "watchfire=id"),
            ("localhost", "watchfire=id; watchfire=other"),
            ("localhost", "watchfire="),
            ("localhost", "awatchfire=id"),
        ] {
            assert_eq!(shown_to(host, cookies), None, "{host} {cookies}");
        }
    }
}
