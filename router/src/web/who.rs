//! The first look at every request of people: who asks, and whether they may ask that at all.
//!
//! ```text
//! identified -> an `Identity` in the request's extensions, beside it a `Session` where a cookie was shown; or a `Stranger`
//! permitted  -> no strangers, the role that the route wants, and a session's own token with what changes something
//! ```

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use watchfire_core::text::clean;

use super::commands::{LetIn, Vouched};
use super::line::Line;
use super::refusal::{Refusal, Refusals};
use crate::api::{CSRF_HEADER, MCP, OperatorEndpoint, WorkerEndpoint};
use crate::identity::{Access, Identity, Place, Role, Session, Shown, Stranger, Use};

/// In a request that a page of the board makes by itself: what changed of it is asked for.
pub(crate) const PART_HEADER: &str = "watchfire-part";
/// Where a page of the board hears that something has changed.
pub(crate) const LIVE: &str = "/board/live";

const NOBODY: &str = "nobody may: neither http.operator_token nor access is configured";
/// What is answered to a token that is nobody's; behind it, why, where more is known.
pub(crate) const TOKEN: &str = "expected `Authorization: Bearer` with an operator's token";

/// What the two need.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// Who may ask at all.
    pub(crate) access: Arc<Access>,
    /// Counts who may not.
    pub(crate) refusals: Arc<Refusals>,
}

/// Puts into a request's extensions who asks, or that nobody knows. Refuses none.
pub(crate) async fn identified(State(who): State<Who>, mut request: Request, next: Next) -> Response {
    let found = match let_in(&request) {
        Some(identity) => Ok((identity, None)),
        None => {
            let peer = request.extensions().get::<Arc<Line>>().map(|line| line.from);
            let how = if is_by_itself(&request) { Use::ByItself } else { Use::Asked };
            who.access.who(Shown { headers: request.headers(), peer, how, now: Timestamp::now() }).await
        }
    };
    // The board asks the API with what its own request was found to have, which may have ended since.
    let extensions = request.extensions_mut();
    extensions.remove::<Identity>();
    extensions.remove::<Session>();
    extensions.remove::<Stranger>();
    match found {
        Ok((identity, session)) => {
            if let Some(line) = request.extensions().get::<Arc<Line>>() {
                line.proven();
            }
            request.extensions_mut().insert(identity);
            session.and_then(|session| request.extensions_mut().insert(session));
        }
        Err(stranger) => {
            request.extensions_mut().insert(stranger);
        }
    }
    next.run(request).await
}

/// Whom AWS has let in already.
fn let_in(request: &Request) -> Option<Identity> {
    let extensions = request.extensions();
    extensions.get::<Vouched>()?;
    Some(match extensions.get::<LetIn>() {
        Some(LetIn(known)) => Identity::let_in(known.name.clone(), Some(known.arn.clone())),
        None => Identity::let_in("whom AWS has let in".to_owned(), None),
    })
}

/// Whether a page that is open asks, and nobody who is there.
fn is_by_itself(request: &Request) -> bool {
    request.headers().contains_key(PART_HEADER) || request.uri().path() == LIVE
}

/// Refuses, on a route of the API, who is not known, has not the role that it wants, or does not show that they know of
/// what their browser sends.
pub(super) async fn permitted(State(who): State<Who>, request: Request, next: Next) -> Response {
    match refused(&request) {
        None => next.run(request).await,
        Some((reason, detail)) => who.refusals.answer(reason, detail),
    }
}

fn refused(request: &Request) -> Option<(Refusal, String)> {
    let extensions = request.extensions();
    let Some(identity) = extensions.get::<Identity>() else {
        let (reason, expected) = match extensions.get::<Stranger>() {
            Some(Stranger::NobodyMay) => (Refusal::NoToken, NOBODY.to_owned()),
            Some(Stranger::ShowsNothing | Stranger::ShowsWrong) | None => (Refusal::Token, TOKEN.to_owned()),
            Some(Stranger::Refused(why)) => (Refusal::Token, format!("{TOKEN}: {why}")),
            Some(Stranger::Unheard(why)) => (Refusal::Unheard, format!("it is not known who asks: {why}")),
        };
        let instead = linked(request)
            .map(|of| format!("; this link is for programs, in a terminal: watchfire why {of}"));
        return Some((reason, format!("{expected}{}", instead.unwrap_or_default())));
    };
    let path = request.uri().path();
    let endpoint = OperatorEndpoint::ALL.iter().find(|endpoint| endpoint.path() == path);
    let of_worker = WorkerEndpoint::ALL.iter().find(|endpoint| endpoint.path() == path);
    let least = endpoint.map(|endpoint| endpoint.least());
    // What is not in the lists is everybody's, and then nobody's.
    let least = least.or(of_worker.map(|endpoint| endpoint.least()));
    // What an assistant asks there is asked of the API again, which wants its own roles.
    let least = least.or((path == MCP).then_some(Role::Viewer)).unwrap_or(Role::Admin);
    // What only an admin may ask is about everything, too.
    let everything = least == Role::Admin || of_worker.is_some_and(|endpoint| endpoint.is_about_everything());
    let has = match everything {
        true => identity.has(least, &Place::everywhere()),
        false => identity.has_anywhere(least),
    };
    if let Err(wanted) = has {
        return Some((Refusal::Role, wanted.to_string()));
    }
    let is_only_looking = matches!(*request.method(), Method::GET | Method::HEAD);
    let session = extensions.get::<Session>().filter(|_| !is_only_looking)?;
    let sent = request.headers().get(CSRF_HEADER).and_then(|sent| sent.to_str().ok()).unwrap_or_default();
    let expected = format!("expected the session's token in the header {CSRF_HEADER}");
    (!session.csrf.is(sent)).then_some((Refusal::Csrf, expected))
}

/// Of what a page's link tells, if it is one: whoever opens it in a browser has no token to show.
fn linked(request: &Request) -> Option<String> {
    let of = request
        .uri()
        .query()
        .filter(|_| request.uri().path() == OperatorEndpoint::Story.path())?
        .strip_prefix("of=")?;
    let is_id =
        !of.is_empty() && of.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:._".contains(&byte));
    is_id.then(|| clean(of, 100))
}

#[cfg(test)]
mod tests;
