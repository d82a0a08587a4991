//! The API and the webhooks behind a function URL or an API Gateway: the worker's routes, called instead of connected to.

mod read;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request as HttpRequest, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::time::timeout_at;
use tower::Service as _;
use watchfire::web::{LetIn, Vouched};

use crate::deadline::Deadline;
pub(crate) use read::Request;

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
        let Request { method, uri, headers, body, is_base64_encoded, signed_by } = request;
        let body = match is_base64_encoded {
            true => STANDARD.decode(body).map_err(|_| "expected a body in base64")?,
            false => body.into_bytes(),
        };
        let mut request = HttpRequest::new(Body::from(body));
        *request.method_mut() = method.parse().map_err(|_| "expected a method")?;
        *request.uri_mut() = uri.parse().map_err(|_| "expected a path")?;
        *request.headers_mut() = headers;
        // Lambda says so beside the request, where nobody who sends one can.
        if let Some(by) = signed_by.filter(|_| self.operators == Operators::AreLetInByIam) {
            request.extensions_mut().insert(Vouched);
            request.extensions_mut().insert(LetIn(by.into()));
        }
        Ok(request)
    }
}

fn refused(status: StatusCode, expected: &str) -> Value {
    let headers =
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    handed_back(status, headers, json!({"error": expected}).to_string().as_bytes())
}

/// As both formats want it.
fn handed_back(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Value {
    // The connection is API Gateway's own.
    let told = headers.iter().filter(|(name, _)| *name != header::CONNECTION);
    let told = told.filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))));
    let (body, is_base64_encoded) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    json!({"statusCode": status.as_u16(), "headers": told.collect::<Map<_, _>>(), "body": body,
        "isBase64Encoded": is_base64_encoded})
}
