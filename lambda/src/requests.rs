//! The API and the webhooks behind a function URL or an API Gateway: the worker's routes, called instead of connected to.

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request as HttpRequest, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::timeout_at;
use tower::Service as _;
use watchfire::web::Vouched;

use crate::deadline::Deadline;

/// A request, as payload format 2.0 has it.
pub(crate) type Request = LambdaFunctionUrlRequest;

/// Lambda hands back no more than 6 MB, in which a body may be a third longer than it is.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Who may command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// Who shows the operator's token.
    ShowTheToken,
    /// They, and whom IAM has let in: to the function URL or the API, with a signed request.
    AreLetInByIam,
}

pub(crate) struct Requests {
    routes: axum::Router,
    operators: Operators,
}

impl Requests {
    pub(crate) fn new(routes: axum::Router, operators: Operators) -> Self {
        Self { routes, operators }
    }

    /// The answer, whatever came; the routes' own, mostly.
    pub(crate) async fn answer(&self, request: Request, deadline: Deadline) -> Value {
        let request = match self.read(request) {
            Ok(request) => request,
            Err(expected) => return refused(StatusCode::BAD_REQUEST, expected),
        };
        let mut routes = self.routes.clone();
        let answered = async {
            let (parts, body) =
                routes.call(request).await.unwrap_or_else(|never| match never {}).into_parts();
            let body = to_bytes(body, MOST_BYTES).await;
            body.map(|body| Response::from_parts(parts, body))
        };
        match timeout_at(deadline.answer_by, answered).await {
            Ok(Ok(answer)) => {
                let (parts, body) = answer.into_parts();
                handed_back(parts.status, parts.headers, &body)
            }
            Ok(Err(_)) => {
                refused(StatusCode::INSUFFICIENT_STORAGE, "the answer is larger than a Lambda hands back")
            }
            Err(_) => refused(StatusCode::GATEWAY_TIMEOUT, "it was not answered in time, ask again"),
        }
    }

    fn read(&self, request: Request) -> Result<HttpRequest<Body>, &'static str> {
        let LambdaFunctionUrlRequest {
            raw_path,
            raw_query_string,
            headers,
            request_context,
            body,
            is_base64_encoded,
            ..
        } = request;
        let method = request_context.http.method.unwrap_or_default();
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| "expected a method")?;
        let path = raw_path.unwrap_or_default();
        let query = raw_query_string.filter(|query| !query.is_empty());
        let uri = query.map_or(path.clone(), |query| format!("{path}?{query}"));
        let uri: Uri = uri.parse().map_err(|_| "expected a path")?;
        let body = body.unwrap_or_default();
        let body = match is_base64_encoded {
            true => STANDARD.decode(body).map_err(|_| "expected a body in base64")?,
            false => body.into_bytes(),
        };
        let mut request = HttpRequest::new(Body::from(body));
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        // Lambda says so beside the request, where nobody who sends one can.
        let is_let_in = request_context.authorizer.and_then(|authorizer| authorizer.iam).is_some();
        if is_let_in && self.operators == Operators::AreLetInByIam {
            request.extensions_mut().insert(Vouched);
        }
        Ok(request)
    }
}

/// The other payload format, which lacks the request's own path and query.
pub(crate) fn of_version_1() -> Value {
    refused(StatusCode::BAD_REQUEST, "expected payload format version 2.0: a function URL or an HTTP API")
}

fn refused(status: StatusCode, expected: &str) -> Value {
    let headers =
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    handed_back(status, headers, json!({"error": expected}).to_string().as_bytes())
}

fn handed_back(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Value {
    let mut answer = LambdaFunctionUrlResponse::default();
    answer.status_code = i64::from(status.as_u16());
    answer.headers = headers;
    // The connection is API Gateway's own.
    answer.headers.remove(header::CONNECTION);
    match std::str::from_utf8(body) {
        Ok(text) => answer.body = Some(text.to_owned()),
        Err(_) => (answer.body, answer.is_base64_encoded) = (Some(STANDARD.encode(body)), true),
    }
    serde_json::to_value(answer).expect("an answer can be written")
}
