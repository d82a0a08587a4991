//! What is behind the proxy: requests as they came, and its answers.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Response, StatusCode, header};
use serde_json::Value;

use super::refusal::Refusal;
use crate::process::http;

/// A request on its way.
#[derive(Debug)]
pub(super) struct Passing {
    head: Parts,
    body: Bytes,
}

/// An answer on its way.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    body: Bytes,
}

/// The emulator.
#[derive(Debug)]
pub(super) struct Upstream {
    endpoint: String,
    http: reqwest::Client,
}

/// Which are about one connection.
const OWN: [HeaderName; 4] =
    [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

const TARGET: &str = "x-amz-target";
const DYNAMODB: &str = "DynamoDB_20120810.";

impl Passing {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self { head, body }
    }

    /// The operation of DynamoDB that is asked for.
    pub(super) fn operation(&self) -> Option<String> {
        let target = self.head.headers.get(TARGET)?.to_str().ok()?;
        target.strip_prefix(DYNAMODB).map(str::to_owned)
    }

    /// Null where it is no JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// In the same client's account, an operation of the proxy's own: not what the client calls.
    pub(super) fn asking(&self, operation: &str, body: &Value) -> Self {
        let mut head = self.head.clone();
        let target = format!("{DYNAMODB}{operation}").parse().expect("an operation is a plain word");
        head.headers.insert(TARGET, target);
        unsigned(&mut head.headers);
        Self { head, body: body.to_string().into() }
    }
}

/// As a test's own requests are: whom it was signed by shows, and that it was not.
fn unsigned(headers: &mut HeaderMap) {
    let signed = headers.get(header::AUTHORIZATION).and_then(|signed| signed.to_str().ok());
    let Some((by, _)) = signed.and_then(|signed| signed.split_once("Signature=")) else { return };
    let by = format!("{by}Signature=0").parse().expect("it was a header before");
    headers.insert(header::AUTHORIZATION, by);
}

impl Answer {
    pub(super) fn of(status: u16, body: &Value) -> Self {
        let kind = "application/x-amz-json-1.0".parse().expect("it is plain text");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]);
        Self { status, headers, body: body.to_string().into() }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Null where it is no JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        *response.headers_mut() = self.headers;
        response
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, code, body } = refusal;
        let mut answer = Self::of(status, &body);
        answer.headers.insert("x-amzn-errortype", code.parse().expect("a name is plain text"));
        answer
    }
}

impl Upstream {
    pub(super) fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), http: http() }
    }

    /// Its answer; where it gives none, a failure of the service.
    pub(super) async fn forward(&self, passing: &Passing) -> Answer {
        self.try_forward(passing).await.unwrap_or_else(|_| Refusal::internal().into())
    }

    async fn try_forward(&self, Passing { head, body }: &Passing) -> Result<Answer, reqwest::Error> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers.clone();
        OWN.iter().for_each(|name| drop(headers.remove(name)));
        let url = format!("{}{path}", self.endpoint);
        let request = self.http.request(head.method.clone(), url).headers(headers).body(body.clone());
        let answer = request.send().await?;
        let (status, mut headers) = (answer.status().as_u16(), answer.headers().clone());
        OWN.iter().for_each(|name| drop(headers.remove(name)));
        Ok(Answer { status, headers, body: answer.bytes().await? })
    }
}
