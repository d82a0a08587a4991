//! Sessions of browsers: begun by a login, kept in this process, over when they are idle, old, or ended.
//!
//! The id in the cookie is 256 random bits; what is kept is its digest. A session of a token is that token's: it is over
//! when the token is, and has whatever roles the token has by then. What a page asks by itself is no use of a session: one
//! that nobody uses is over, however many pages are left open.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::basis::Basis;
use super::host::is_to_loopback;
use super::token::random;
use super::{Digest, Stranger};

/// The cookie over TLS: no other host, no page of plain HTTP can set it.
const COOKIE: &str = "__Host-watchfire";
/// The cookie on loopback, where there is no TLS.
const LOOPBACK_COOKIE: &str = "watchfire";
/// So many sessions at once; of more the one that was idle longest is over.
const MOST: usize = 10_000;
/// So many of one person, so that nobody ends those of others by beginning many.
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

/// What binds a form to somebody without a session of ours, as long as this process lives.
#[derive(Default)]
pub(super) struct Binding(OnceLock<Option<hmac::Key>>);

impl fmt::Debug for Binding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl Binding {
    /// What their forms carry.
    pub(super) fn csrf(&self, person: &str) -> Result<Csrf, Stranger> {
        let new = || Some(hmac::Key::new(hmac::HMAC_SHA256, random().ok()?.as_bytes()));
        let key = self.0.get_or_init(new).as_ref();
        let key = key.ok_or_else(|| Stranger::unheard("the system gives no random bits"))?;
        Ok(Csrf(URL_SAFE_NO_PAD.encode(hmac::sign(key, person.as_bytes()))))
    }
}

/// Whether somebody asked, or a page that is open did by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Somebody did: the session is in use.
    Asked,
    /// A page did: nobody may be there any more.
    ByItself,
}

/// A session that begins.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// By what.
    pub(super) basis: Basis,
    /// Whose: what tells people from one another.
    pub(super) person: String,
    /// What they call themselves, where that is what they go by.
    pub(super) says: Option<String>,
}

/// A session that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) basis: Basis,
    pub(super) csrf: Csrf,
    pub(super) says: Option<String>,
}

#[derive(Clone, Debug)]
struct Kept {
    begun: Begun,
    csrf: Csrf,
    since: Timestamp,
    used: Timestamp,
}

impl Kept {
    fn is_over(&self, lasts: Lasts, now: Timestamp) -> bool {
        now.duration_since(self.used) >= lasts.idle || now.duration_since(self.since) >= lasts.whole
    }
}

/// The sessions of this process.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<Digest, Kept>>);

impl Sessions {
    /// Begins one; the answer is the id, for the cookie alone.
    pub(super) fn begin(&self, begun: Begun, lasts: Lasts, now: Timestamp) -> Result<String, Unspecified> {
        let (id, csrf) = (random()?, Csrf(random()?));
        let mut kept = self.kept();
        if kept.len() >= MOST {
            kept.retain(|_, session| !session.is_over(lasts, now));
        }
        let own = || kept.iter().filter(|(_, session)| session.begun.person == begun.person);
        let idlest = match (own().count() >= MOST_OF_ONE, kept.len() >= MOST) {
            (true, _) => own().min_by_key(|(_, session)| session.used).map(|(id, _)| *id),
            (false, true) => kept.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id),
            (false, false) => None,
        };
        idlest.and_then(|id| kept.remove(&id));
        kept.insert(Digest::of(id.as_bytes()), Kept { begun, csrf, since: now, used: now });
        Ok(id)
    }

    /// The session with that id, where there is one that is not over.
    pub(super) fn of(&self, id: &str, lasts: Lasts, how: Use, now: Timestamp) -> Option<Found> {
        // Looked up by a digest: how long that takes tells nothing of an id.
        let id = Digest::of(id.as_bytes());
        let mut kept = self.kept();
        if kept.get(&id)?.is_over(lasts, now) {
            kept.remove(&id);
        }
        let session = kept.get_mut(&id)?;
        match how {
            Use::Asked => session.used = session.used.max(now),
            Use::ByItself => {}
        }
        let Begun { basis, person: _, says } = session.begun.clone();
        Some(Found { basis, csrf: session.csrf.clone(), says })
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

/// What a browser is told to keep of a sign-in elsewhere that has begun, or to forget. Whoever signs people in there sends
/// them back by a link of another site, which this cookie goes with, and the session's own does not.
#[derive(Clone, Copy, Debug)]
pub(super) enum LoginCookie<'c> {
    /// That sign-in.
    Begins(&'c str),
    /// None any more.
    Ends,
}

impl LoginCookie<'_> {
    const NAME: &'static str = "__Host-watchfire-login";
    const ON_LOOPBACK: &'static str = "watchfire-login";

    /// The header's value.
    pub(super) fn header(self, headers: &HeaderMap) -> Option<HeaderValue> {
        let (name, secure) = match is_to_loopback(headers) {
            true => (Self::ON_LOOPBACK, ""),
            false => (Self::NAME, "; Secure"),
        };
        let (kept, age) = match self {
            LoginCookie::Begins(kept) => (kept, 600),
            LoginCookie::Ends => ("", 0),
        };
        let text = format!("{name}={kept}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={age}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What a request shows of it; none where it shows two.
    pub(super) fn shown(headers: &HeaderMap) -> Option<&str> {
        only(headers, if is_to_loopback(headers) { Self::ON_LOOPBACK } else { Self::NAME })
    }
}

/// The id of the session that a request shows; none where it shows two.
pub(super) fn shown(headers: &HeaderMap) -> Option<&str> {
    only(headers, cookie_name(headers))
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
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
mod tests;
