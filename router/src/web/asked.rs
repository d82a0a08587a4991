//! What is asked of the API, read; whatever cannot be read is answered as every other mistake is: as JSON.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use serde::de::DeserializeOwned;
use watchfire_core::text::clean;

use super::answer::refuse;
use crate::api::Method;

/// How a route is asked.
pub(super) fn asked_by(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
    }
}

/// A question, behind the `?`.
pub(super) struct Question<T>(pub(super) T);

/// The body of a request, JSON.
pub(super) struct Body<T>(pub(super) T);

/// Why it is neither.
pub(super) struct Unread(StatusCode, String);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Question<T> {
    type Rejection = Unread;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Unread> {
        let Query(question) = Query::from_request_parts(parts, state).await?;
        Ok(Self(question))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Unread;

    async fn from_request(request: Request, state: &S) -> Result<Self, Unread> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}

impl From<QueryRejection> for Unread {
    fn from(rejection: QueryRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl From<JsonRejection> for Unread {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        let Self(status, text) = self;
        refuse(status, &clean(&text, 500))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::Router;
    use axum::http::header::CONTENT_TYPE;
    use axum::routing::post;
    use serde::Deserialize;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Deserialize)]
    struct Which {
        of: String,
    }

    async fn answer(uri: &str, kind: &str, body: &str) -> (StatusCode, serde_json::Value) {
        let both =
            async |Question(question): Question<Which>, Body(body): Body<Which>| question.of + &body.of;
        let request = Request::post(uri)
            .header(CONTENT_TYPE, kind)
            .body(axum::body::Body::from(body.to_owned()))
            .unwrap();
        let answer = Router::new().route("/", post(both)).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_answered_as_json_whatever_is_wrong_with_it() {
        let json = "application/json";
        for (uri, kind, body, status) in [
            ("/?of=a", json, r#"{"of": 1}"#, StatusCode::UNPROCESSABLE_ENTITY),
            ("/?of=a", json, "{}", StatusCode::UNPROCESSABLE_ENTITY),
            ("/?of=a", json, "{", StatusCode::BAD_REQUEST),
            ("/?of=a", "text/plain", r#"{"of": "b"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("/", json, r#"{"of": "b"}"#, StatusCode::BAD_REQUEST),
        ] {
            let (answered, answer) = answer(uri, kind, body).await;
            assert_eq!(answered, status, "{uri} {kind} {body}");
            assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{answer}");
        }
    }
}
