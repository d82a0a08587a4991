//! `/login` and `/logout`: a session for a token.

use askama::Template;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use watchfire_core::text::clean;

use super::desk::Trouble;
use super::shell::{self, Main};
use super::visitor::{NAME, Visitor};
use super::{Board, FORGED};
use crate::identity::Stranger;
use crate::secret::Secret;
use crate::web::Refusal;

/// A browser keeps the name for so long, in seconds: a year.
const KEPT: u32 = 31_536_000;

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'p> {
    to: &'p str,
    name: &'p str,
    mistake: Option<&'p str>,
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
const MOST_BYTES: usize = 8 * 1024;

pub(super) fn routes() -> Router<Board> {
    Router::new()
        .route("/login", get(page).post(log_in))
        .route("/logout", post(log_out))
        .route_layer(DefaultBodyLimit::max(MOST_BYTES))
}

async fn page(visitor: Option<Visitor>, Query(To { to }): Query<To>) -> Response {
    match visitor.filter(|visitor| visitor.csrf.is_some()) {
        Some(_) => Redirect::to(path(&to)).into_response(),
        None => asked(StatusCode::OK, &Login { to: path(&to), name: "", mistake: None }),
    }
}

async fn log_in(
    State(board): State<Board>,
    headers: HeaderMap,
    Form(SignIn { token, name, to }): Form<SignIn>,
) -> Response {
    let to = path(&to);
    match board.access.log_in(&Secret::new(token), &headers, Timestamp::now()) {
        Ok((_, cookie)) => {
            let mut answer = Redirect::to(to).into_response();
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            if let Some(named) = named(&clean(&name, 100)) {
                answer.headers_mut().append(header::SET_COOKIE, named);
            }
            answer
        }
        Err(stranger) => {
            board.refusals.count(Refusal::Token, "a token that is nobody's, to sign in to the board");
            let mistake = match stranger {
                Stranger::NobodyMay => "Nobody may: neither http.operator_token nor access is configured.",
                Stranger::ShowsNothing | Stranger::ShowsWrong => "This token is nobody's.",
            };
            let page = Login { to, name: &name, mistake: Some(mistake) };
            asked(StatusCode::UNAUTHORIZED, &page)
        }
    }
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
    let mut answer = Redirect::to("/login").into_response();
    if let Some(cookie) = board.access.log_out(&visitor.headers) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

fn asked(status: StatusCode, page: &Login<'_>) -> Response {
    match Main::of("Sign in", page) {
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

/// The name that whoever shows the operators' token is recorded by. It lets nobody in.
fn named(name: &str) -> Option<HeaderValue> {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let age = if name.to_string().is_empty() { 0 } else { KEPT };
    HeaderValue::from_str(&format!("{NAME}={name}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}")).ok()
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
