//! Who looks at a page: known by what their browser shows, or asked to sign in.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};

use super::words::asking;
use super::{Board, shell};
use crate::identity::{How, Identity, Place, Role, Session, Stranger};
use crate::web::{LIVE, PART_HEADER, Refusal, Refusals};

/// A cookie goes with no request that another site's link makes, but with one that a page of ours makes.
const ONCE_MORE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0\">\
     <title>Watchfire</title></head><body><p>Opening.</p></body></html>\n";

/// Who looks.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// The name that what they do goes by.
    pub(super) name: String,
    /// The highest role that they have anywhere.
    pub(super) role: Option<Role>,
    /// What forms of their session carry; none where a cookie is not what let them in.
    pub(super) csrf: Option<String>,
    /// What they may see, so that those who may see the same share a page.
    pub(super) sees: String,
    /// Whether only what has changed is asked for.
    pub(super) is_part: bool,
    pub(super) headers: HeaderMap,
    pub(super) extensions: Extensions,
}

impl Visitor {
    /// Whether they have at least that role somewhere.
    pub(super) fn has(&self, least: Role) -> bool {
        self.role >= Some(least)
    }

    /// Whether they may look everywhere.
    pub(super) fn sees_everything(&self) -> bool {
        let identity = self.extensions.get::<Identity>();
        identity.is_some_and(|identity| identity.has(Role::Viewer, &Place::everywhere()).is_ok())
    }

    /// Whether a form is one of their session's own. Who is let in by no cookie has none, and no other page can have
    /// their browser send what lets them in.
    pub(super) fn has_sent(&self, csrf: &str) -> bool {
        match self.extensions.get::<Session>() {
            Some(session) => session.csrf.is(csrf),
            None => true,
        }
    }

    fn of(parts: &Parts, identity: &Identity) -> Self {
        let session = parts.extensions.get::<Session>();
        let says = session.and_then(|session| session.says.clone());
        let says = says.filter(|_| identity.how == How::OperatorToken);
        Self {
            name: says.unwrap_or_else(|| identity.name.clone()),
            role: identity.highest(),
            csrf: session.map(|session| session.csrf.as_str().to_owned()),
            sees: identity.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(";"),
            is_part: parts.headers.contains_key(PART_HEADER),
            headers: parts.headers.clone(),
            extensions: parts.extensions.clone(),
        }
    }
}

impl FromRequestParts<Board> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, board: &Board) -> Result<Self, Response> {
        match parts.extensions.get::<Identity>() {
            Some(identity) => Ok(Self::of(parts, identity)),
            None => Err(stranger(parts, &board.refusals)),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Identity>().map(|identity| Self::of(parts, identity)))
    }
}

fn stranger(parts: &Parts, refusals: &Refusals) -> Response {
    match parts.extensions.get::<Stranger>() {
        Some(Stranger::Unheard(why)) => {
            refusals.count(Refusal::Unheard, why);
            return shell::nobody(StatusCode::SERVICE_UNAVAILABLE, why);
        }
        Some(Stranger::Refused(why)) => {
            refusals.count(Refusal::Token, why);
            return shell::nobody(StatusCode::UNAUTHORIZED, why);
        }
        Some(Stranger::ShowsWrong) => {
            refusals.count(Refusal::Token, "a token that is nobody's, for the board")
        }
        Some(Stranger::ShowsNothing | Stranger::NobodyMay) | None => {}
    }
    let site = parts.headers.get("sec-fetch-site");
    if parts.headers.contains_key(PART_HEADER) || parts.uri.path() == LIVE {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Html(ONCE_MORE).into_response();
    }
    let to = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let to = if parts.method == axum::http::Method::GET && to != "/" { to } else { "" };
    Redirect::to(&asking("/login", &[("to", to)])).into_response()
}
