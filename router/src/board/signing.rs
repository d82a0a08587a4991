//! `/login` and `/logout`: a session for a token, or by a sign-in at a provider.

use askama::Template;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use jiff::Timestamp;
use serde::Deserialize;
use watchfire_core::text::clean;

use super::desk::Trouble;
use super::shell::{self, Main};
use super::visitor::Visitor;
use super::words::asking;
use super::{Board, FORGED};
use crate::identity::{BACK, Begun, Came, SignedOn, SignedOut, Stranger, no_sign_on};
use crate::secret::Secret;
use crate::web::Refusal;

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'p> {
    to: &'p str,
    name: &'p str,
    mistake: Option<&'p str>,
    /// What people call whoever signs them in, and the way there.
    provider: Option<String>,
    sign_on: String,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage<'p> {
    provider: &'p str,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct To {
    to: String,
}

/// What is sent to sign in.
#[derive(Deserialize)]
pub(super) struct SignIn {
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    to: String,
}

/// What is sent to sign out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SignOut {
    csrf: String,
}

/// A token and a name are short, and anybody may send them.
const MOST_BYTES: usize = 32 * 1024;

pub(super) fn routes() -> Router<Board> {
    Router::new()
        .route("/login", get(page).post(log_in))
        .route("/logout", post(log_out))
        .route("/login/oidc", get(sign_on))
        .route(BACK, get(signed_on))
        .route_layer(DefaultBodyLimit::max(MOST_BYTES))
}

async fn page(visitor: Option<Visitor>, State(board): State<Board>, Query(To { to }): Query<To>) -> Response {
    match visitor.filter(|visitor| visitor.csrf.is_some()) {
        Some(_) => Redirect::to(path(&to)).into_response(),
        None => asked(&board, StatusCode::OK, path(&to), "", None),
    }
}

/// To the provider.
async fn sign_on(State(board): State<Board>, headers: HeaderMap, Query(To { to }): Query<To>) -> Response {
    match board.access.sign_on(path(&to), &headers, Timestamp::now()).await {
        Ok(Begun { location, cookie }) => {
            let named = [(header::LOCATION, location), (header::SET_COOKIE, cookie)];
            (StatusCode::SEE_OTHER, named).into_response()
        }
        Err(stranger) => not_signed_on(&board, &headers, path(&to), &stranger),
    }
}

/// Back from it. Its link is of another site, which the session's cookie does not go with: the page that was wanted is
/// opened once more.
async fn signed_on(State(board): State<Board>, headers: HeaderMap, Query(came): Query<Came>) -> Response {
    match board.access.signed_on(&came, &headers, Timestamp::now()).await {
        Ok(SignedOn { to, cookies }) => {
            let mut answer = Redirect::to(path(&to)).into_response();
            cookies.into_iter().for_each(|cookie| {
                answer.headers_mut().append(header::SET_COOKIE, cookie);
            });
            answer
        }
        Err(stranger) => not_signed_on(&board, &headers, "/", &stranger),
    }
}

fn not_signed_on(board: &Board, headers: &HeaderMap, to: &str, stranger: &Stranger) -> Response {
    let (status, mistake) = refused(board, stranger);
    let mut answer = asked(board, status, to, "", Some(&mistake));
    if let Some(cookie) = no_sign_on(headers) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

async fn log_in(
    State(board): State<Board>,
    headers: HeaderMap,
    Form(SignIn { token, name, to }): Form<SignIn>,
) -> Response {
    let to = path(&to);
    let says = clean(&name, 100);
    match board.access.log_in(&Secret::new(token), &says, &headers, Timestamp::now()).await {
        Ok((_, cookie)) => {
            let mut answer = Redirect::to(to).into_response();
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            answer
        }
        Err(stranger) => {
            let (status, mistake) = refused(&board, &stranger);
            asked(&board, status, to, &name, Some(&mistake))
        }
    }
}

/// Counts why somebody is not let in; what they are told of it.
fn refused(board: &Board, stranger: &Stranger) -> (StatusCode, String) {
    let (status, mistake) = match stranger {
        Stranger::NobodyMay => {
            let nobody = "Nobody may: neither http.operator_token nor access is configured.";
            (StatusCode::UNAUTHORIZED, nobody.to_owned())
        }
        Stranger::ShowsNothing | Stranger::ShowsWrong => {
            (StatusCode::UNAUTHORIZED, "This token is nobody's.".to_owned())
        }
        Stranger::Refused(why) => (StatusCode::UNAUTHORIZED, format!("Not let in: {why}.")),
        Stranger::Unheard(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("It is not known who you are: {why}."))
        }
    };
    let reason = match status {
        StatusCode::SERVICE_UNAVAILABLE => Refusal::Unheard,
        _ => Refusal::Token,
    };
    board.refusals.count(reason, format_args!("signing in to the board: {mistake}"));
    (status, mistake)
}

async fn log_out(
    visitor: Visitor,
    State(board): State<Board>,
    Form(SignOut { csrf }): Form<SignOut>,
) -> Response {
    if !visitor.has_sent(&csrf) {
        board.refusals.count(Refusal::Csrf, FORGED);
        let message = "expected this session's own form; open the page again";
        return shell::trouble(&visitor, "/", Trouble::because(StatusCode::FORBIDDEN, message));
    }
    let SignedOut { cookie, provider } = board.access.log_out(&visitor.headers, Timestamp::now()).await;
    let mut answer = match provider {
        Some(provider) => left(&provider),
        None => Redirect::to("/login").into_response(),
    };
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// A form may lead nowhere else, and so this page does.
fn left(provider: &str) -> Response {
    let page = Main::of("Signed out", &SignedOutPage { provider });
    let mut answer = match page {
        Ok(main) => shell::answer(None, StatusCode::OK, &main),
        Err(Trouble { message, .. }) => (StatusCode::INTERNAL_SERVER_ERROR, message).into_response(),
    };
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={provider}")) {
        answer.headers_mut().insert(header::REFRESH, refresh);
    }
    answer
}

fn asked(board: &Board, status: StatusCode, to: &str, name: &str, mistake: Option<&str>) -> Response {
    let sign_on = asking("/login/oidc", &[("to", if to == "/" { "" } else { to })]);
    let page = Login { to, name, mistake, provider: board.access.provider(), sign_on };
    match Main::of("Sign in", &page) {
        Ok(main) => shell::answer(None, status, &main),
        Err(Trouble { message, .. }) => (StatusCode::INTERNAL_SERVER_ERROR, message).into_response(),
    }
}

/// A page of ours; nobody is sent elsewhere.
fn path(to: &str) -> &str {
    let is_ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_who_signs_in_is_sent_elsewhere() {
        for ours in ["/", "/incident?of=wf1-5f", "/?priority=P0"] {
            assert_eq!(path(ours), ours);
        }
        for elsewhere in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a b", "javascript:x"]
        {
            assert_eq!(path(elsewhere), "/", "{elsewhere}");
        }
    }
}
