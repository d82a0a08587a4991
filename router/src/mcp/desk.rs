//! The API as an assistant's tools ask it: in this process, with what the assistant's request showed, or a worker elsewhere,
//! with the token of whoever started the assistant. Who may what is decided there, as for every other client.

use axum::Router as Routes;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;
use watchfire_core::command::CommandKind;
use watchfire_core::text::clean;

use super::told::Trouble;
use crate::api::params::{self, Named, query};
use crate::api::{OperatorEndpoint, WorkerEndpoint, views};
use crate::identity::ALB_HEADER;
use crate::secret::Secret;

/// What of an assistant's request goes on to the API. No cookie: what a browser sends by itself is no assistant's.
const SHOWN: [HeaderName; 3] = [header::HOST, header::AUTHORIZATION, HeaderName::from_static(ALB_HEADER)];
/// What stands before the reason that an assistant gives.
const THROUGH: &str = "through an assistant";
/// How an assistant calls itself beside the name that it is known by.
const ITSELF: &str = "assistant";

/// Where the API is asked.
#[derive(Clone)]
pub(super) enum Desk {
    /// In this process.
    Here(Routes),
    /// A worker elsewhere.
    Away(Away),
}

/// A worker elsewhere, and who asks.
#[derive(Clone)]
pub(crate) struct Away {
    pub(crate) http: reqwest::Client,
    /// Its address, without a slash at the end.
    pub(crate) server: String,
    pub(crate) token: Secret,
    /// What whoever asks is called, where the token is that of all operators.
    pub(crate) by: String,
}

/// The desk, and what whoever asks has shown.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) desk: &'a Desk,
    /// Of a request over HTTP.
    pub(super) shown: Option<&'a Parts>,
}

/// What was answered.
struct Heard {
    status: StatusCode,
    bytes: Vec<u8>,
}

impl Asking<'_> {
    /// What operators are answered.
    pub(super) async fn look<T: DeserializeOwned>(
        &self,
        endpoint: OperatorEndpoint,
        question: &impl Serialize,
    ) -> Result<T, Trouble> {
        self.ask(Method::GET, &format!("{}{}", endpoint.path(), query(question)), None).await
    }

    /// What a worker alone answers.
    pub(super) async fn look_at_worker<T: DeserializeOwned>(
        &self,
        endpoint: WorkerEndpoint,
        question: &impl Serialize,
    ) -> Result<T, Trouble> {
        self.ask(Method::GET, &format!("{}{}", endpoint.path(), query(question)), None).await
    }

    /// How an event would be decided.
    pub(super) async fn explain(&self, event: String) -> Result<views::Explained, Trouble> {
        self.ask(Method::POST, WorkerEndpoint::Explain.path(), Some(event)).await
    }

    /// What comes of a command; that it is declined is an answer.
    pub(super) async fn tell(
        &self,
        wish: CommandKind,
        on: Option<Named>,
        reason: &str,
        mode: Mode,
    ) -> Result<views::CommandResult, Trouble> {
        let by = match self.desk {
            Desk::Here(_) => ITSELF.to_owned(),
            Desk::Away(Away { by, .. }) => by.clone(),
        };
        let reason = match clean(reason, 250) {
            reason if reason.is_empty() => THROUGH.to_owned(),
            reason => format!("{THROUGH}: {reason}"),
        };
        let command = params::Command { by, reason, wish, on, dry_run: mode == Mode::Rehearsed, id: None };
        let body = serde_json::to_string(&command).map_err(|error| Trouble::because(error.to_string()))?;
        self.ask(Method::POST, OperatorEndpoint::Commands.path(), Some(body)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<T, Trouble> {
        let Heard { status, bytes } = match self.desk {
            Desk::Here(api) => self.here(api.clone(), method, path, body).await?,
            Desk::Away(away) => away.ask(method, path, body).await?,
        };
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|_| {
                Trouble::because("the worker's answer is not understood; is it of another version?")
            });
        }
        let said = serde_json::from_slice::<views::Error>(&bytes).ok();
        let Some(views::Error { error, candidates }) = said else {
            return Err(Trouble::because(format!("the worker answers {status}")));
        };
        let candidates = candidates.filter(|candidates| !candidates.is_empty());
        let candidates = candidates.map_or_else(String::new, |all| format!("; it may be {}", all.join(", ")));
        Err(Trouble::because(format!("{error}{candidates}")))
    }

    async fn here(
        &self,
        api: Routes,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Heard, Trouble> {
        let broken = |error: String| Trouble::because(error);
        let body = body.map_or_else(Body::empty, Body::from);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .map_err(|error| broken(error.to_string()))?;
        if let Some(shown) = self.shown {
            for name in &SHOWN {
                shown.headers.get_all(name).iter().for_each(|value| {
                    request.headers_mut().append(name.clone(), value.clone());
                });
            }
            request.extensions_mut().extend(shown.extensions.clone());
        }
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let answer = api.oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = answer.status();
        let bytes =
            to_bytes(answer.into_body(), usize::MAX).await.map_err(|error| broken(error.to_string()))?;
        Ok(Heard { status, bytes: bytes.to_vec() })
    }
}

/// Whether a command is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is.
    ForReal,
    /// Nothing is changed, and nothing recorded.
    Rehearsed,
}

impl Away {
    /// Acts are carried out before they are answered.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(180);

    async fn ask(&self, method: Method, path: &str, body: Option<String>) -> Result<Heard, Trouble> {
        let Self { http, server, token, by: _ } = self;
        let request = http.request(method, format!("{server}{path}")).bearer_auth(token.expose());
        let request = request.timeout(Self::PATIENCE).header(header::CONTENT_TYPE, "application/json");
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let silent = |error: reqwest::Error| {
            let why = if error.is_timeout() { "does not answer in time" } else { "cannot be reached" };
            Trouble::because(format!("{server} {why}; is the worker running, and is this its http.listen?"))
        };
        let answer = request.send().await.map_err(silent)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(silent)?.to_vec();
        Ok(Heard { status, bytes })
    }
}
