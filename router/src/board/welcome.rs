//! `/welcome`: signs in whoever follows the link that `watchfire demo --keep` prints.
//!
//! To look at it uses nothing up: what fetches links before anybody follows them takes none away. A form does, which a
//! script sends by itself.

use std::sync::Arc;

use askama::Template;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::HeaderMap;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Form, Router};
use jiff::Timestamp;
use serde::Deserialize;

use super::desk::Trouble;
use super::shell::{self, Main};
use crate::identity::{Access, Invitations};
use crate::web::{Refusal, Refusals};

/// A word is short, and anybody may send one.
const MOST_BYTES: usize = 1024;

/// Who is invited, and to what.
#[derive(Clone)]
pub(super) struct Welcome {
    pub(super) access: Arc<Access>,
    pub(super) invitations: Arc<Invitations>,
    pub(super) refusals: Arc<Refusals>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Page<'p> {
    /// None where it invites nobody.
    word: Option<&'p str>,
}

/// Whom whoever follows the link goes by, where operators say who they are.
const INVITED: &str = "demo";

/// What stands in the link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Invited {
    word: String,
}

/// Behind what stands before every page.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(welcome: Welcome) -> Router<S> {
    Router::new()
        .route("/welcome", get(page).post(sign_in))
        .route_layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(welcome)
}

async fn page(State(welcome): State<Welcome>, Query(Invited { word }): Query<Invited>) -> Response {
    match welcome.invitations.is_open(&word, Timestamp::now()) {
        true => answer(StatusCode::OK, Some(&word)),
        false => answer(StatusCode::GONE, None),
    }
}

async fn sign_in(
    State(welcome): State<Welcome>,
    headers: HeaderMap,
    Form(Invited { word }): Form<Invited>,
) -> Response {
    let Welcome { access, invitations, refusals } = welcome;
    let now = Timestamp::now();
    let signed_in = match invitations.accept(&word, now) {
        Some(token) => access.log_in(&token, INVITED, &headers, now).await.ok(),
        None => None,
    };
    match signed_in {
        Some((_, cookie)) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        None => {
            refusals.count(Refusal::Token, "an invitation to the board that is none, or none any more");
            answer(StatusCode::GONE, None)
        }
    }
}

fn answer(status: StatusCode, word: Option<&str>) -> Response {
    match Main::of("Welcome", &Page { word }) {
        Ok(main) => shell::answer(None, status, &main),
        Err(Trouble { message, .. }) => (StatusCode::INTERNAL_SERVER_ERROR, message).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::identity::{Known, Shown, Use};
    use crate::secret::Secret;
    use crate::telemetry::Metrics;

    const TOKEN: &str = "the-token-of-a-demo";

    fn welcome() -> Welcome {
        let access = Access::new(Some(&Secret::new(TOKEN)), Known::default());
        let refusals = Refusals::new(Arc::new(Metrics::default()));
        Welcome { access, invitations: Arc::default(), refusals }
    }

    async fn asked(welcome: &Welcome, request: axum::http::request::Builder, body: String) -> Response {
        let request = request.header("host", "127.0.0.1:8080").body(Body::from(body)).expect("a request");
        routes::<()>(welcome.clone()).oneshot(request).await.unwrap_or_else(|never| match never {})
    }

    async fn look(welcome: &Welcome, word: &str) -> (StatusCode, String) {
        let answer = asked(welcome, Request::get(format!("/welcome?word={word}")), String::new()).await;
        let (status, body) = (answer.status(), to_bytes(answer.into_body(), 100_000).await);
        (status, String::from_utf8_lossy(&body.expect("a page")).into_owned())
    }

    async fn follow(welcome: &Welcome, word: &str) -> Response {
        let form = Request::post("/welcome").header("content-type", "application/x-www-form-urlencoded");
        asked(welcome, form, format!("word={word}")).await
    }

    #[tokio::test]
    async fn whoever_follows_the_link_first_is_signed_in_and_looking_at_it_takes_it_from_nobody() {
        let welcome = welcome();
        let word = welcome.invitations.invite(Secret::new(TOKEN), Timestamp::now()).expect("random bits");
        for _ in 0..3 {
            let (status, page) = look(&welcome, &word).await;
            assert!(status == StatusCode::OK && page.contains(&word), "{status} {page}");
        }
        let answer = follow(&welcome, &word).await;
        assert_eq!(
            (answer.status(), &answer.headers()["location"]),
            (StatusCode::SEE_OTHER, &"/".parse().expect("a path"))
        );
        let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("one");
        let headers = [("host", "127.0.0.1:8080"), ("cookie", cookie)];
        let headers =
            headers.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        let headers = HeaderMap::from_iter(headers);
        let (identity, _) = welcome
            .access
            .who(Shown { headers: &headers, peer: None, how: Use::Asked, now: Timestamp::now() })
            .await
            .expect("signed in");
        assert_eq!(identity, crate::identity::Identity::operator());
        let again = follow(&welcome, &word).await;
        assert!(again.status() == StatusCode::GONE && !again.headers().contains_key("set-cookie"));
        let (status, page) = look(&welcome, &word).await;
        assert!(status == StatusCode::GONE && !page.contains(&word) && page.contains("/login"), "{page}");
    }

    #[tokio::test]
    async fn a_worker_that_invited_nobody_lets_nobody_in() {
        for word in ["", "another"] {
            assert_eq!(follow(&welcome(), word).await.status(), StatusCode::GONE);
            assert_eq!(look(&welcome(), word).await.0, StatusCode::GONE);
        }
    }
}
