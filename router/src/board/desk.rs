//! The API in this process, asked as whoever looks: with what their browser showed, so that it decides itself who it is
//! and what they may.

use axum::Router as Routes;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use super::visitor::Visitor;
use crate::api::params::query;
use crate::api::{CSRF_HEADER, OperatorEndpoint, WorkerEndpoint, params, views};
use crate::identity::ALB_HEADER;
use crate::web::PART_HEADER;

/// What of a browser's request goes on to the API.
const SHOWN: [HeaderName; 5] = [
    header::HOST,
    header::COOKIE,
    header::AUTHORIZATION,
    HeaderName::from_static(PART_HEADER),
    HeaderName::from_static(ALB_HEADER),
];

/// Where the API is asked.
#[derive(Clone)]
pub(super) struct Desk {
    api: Routes,
}

/// Why there is no answer: what the API said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// Of a name that may stand for several things: each.
    pub(super) candidates: Vec<String>,
}

impl Trouble {
    pub(super) fn because(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), candidates: Vec::new() }
    }
}

impl Desk {
    pub(super) fn new(api: Routes) -> Self {
        Self { api }
    }

    /// What is answered to a question.
    pub(super) async fn look<T: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        endpoint: OperatorEndpoint,
        question: &impl Serialize,
    ) -> Result<T, Trouble> {
        let query = query(question);
        self.ask(visitor, Method::GET, &format!("{}{query}", endpoint.path()), Body::empty()).await
    }

    /// The same of what a worker alone is asked.
    pub(super) async fn look_at_worker<T: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        endpoint: WorkerEndpoint,
        question: &impl Serialize,
    ) -> Result<T, Trouble> {
        let query = query(question);
        self.ask(visitor, Method::GET, &format!("{}{query}", endpoint.path()), Body::empty()).await
    }

    /// What comes of a command.
    pub(super) async fn tell(
        &self,
        visitor: &Visitor,
        command: &params::Command,
    ) -> Result<views::CommandResult, Trouble> {
        let body = serde_json::to_string(command).unwrap_or_default();
        self.ask(visitor, Method::POST, OperatorEndpoint::Commands.path(), Body::from(body)).await
    }

    /// How an event would be decided.
    pub(super) async fn explain(
        &self,
        visitor: &Visitor,
        event: String,
    ) -> Result<views::Explained, Trouble> {
        self.ask(visitor, Method::POST, WorkerEndpoint::Explain.path(), Body::from(event)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<T, Trouble> {
        let broken = |error: String| Trouble::because(StatusCode::INTERNAL_SERVER_ERROR, error);
        let mut request =
            Request::builder().method(method).uri(path).body(body).map_err(|e| broken(e.to_string()))?;
        carry_on(&visitor.headers, request.headers_mut());
        request.extensions_mut().extend(visitor.extensions.clone());
        if let Some(csrf) = &visitor.csrf
            && let Ok(csrf) = csrf.parse()
        {
            request.headers_mut().insert(CSRF_HEADER, csrf);
        }
        let answer: Response = self.api.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.map_err(|e| broken(e.to_string()))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| broken(format!("{path}: {error}")));
        }
        let views::Error { error, candidates } = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| views::Error { error: status.to_string(), candidates: None });
        Err(Trouble { status, message: error, candidates: candidates.unwrap_or_default() })
    }
}

fn carry_on(from: &HeaderMap, to: &mut HeaderMap) {
    for name in &SHOWN {
        from.get_all(name).iter().for_each(|value| {
            to.append(name.clone(), value.clone());
        });
    }
    to.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
}
