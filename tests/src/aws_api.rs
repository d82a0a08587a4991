//! AWS's API as tests speak it to a server that checks no signature: JSON or forms over HTTP.

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::process::http;

/// The region of every test.
pub(crate) const REGION: &str = "us-gov-west-1";

/// One server that stands for AWS.
#[derive(Clone, Debug)]
pub struct AwsApi {
    endpoint: String,
    http: reqwest::Client,
}

impl AwsApi {
    /// On this machine.
    pub fn at(port: u16) -> Self {
        Self::of(&format!("http://127.0.0.1:{port}"))
    }

    /// Wherever it is.
    pub fn of(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), http: http() }
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// One operation of a service that speaks JSON; null where it answers nothing.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let request = self.http.post(&self.endpoint).header("x-amz-target", target);
        // As their models say: one that is strict takes no other.
        let version = if matches!(service, "sqs" | "dynamodb") { "1.0" } else { "1.1" };
        let kind = format!("application/x-amz-json-{version}");
        let request = request.header("content-type", kind).body(body.to_string());
        let text = self.send(request, service).await;
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("the answer is JSON") }
    }

    /// One operation of a service that has resources under paths.
    pub async fn post(&self, service: &str, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.endpoint));
        let request = request.header("content-type", "application/json").body(body.to_string());
        serde_json::from_str(&self.send(request, service).await).expect("the answer is JSON")
    }

    /// One operation of a service that takes forms, with its answer in XML.
    pub async fn form(&self, service: &str, fields: &[(&str, &str)]) -> String {
        let body = fields.iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect::<Vec<_>>();
        let request =
            self.http.post(&self.endpoint).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(body.join("&")), service).await
    }

    /// One operation of S3: method, path, headers and body. Answers with the headers and the body.
    pub async fn s3(&self, call: &str, headers: &[(&str, &str)], body: &str) -> (HeaderMap, String) {
        let (method, path) = call.split_once(' ').expect("a method and a path");
        let method = method.parse().expect("it is a method");
        let mut request = self.http.request(method, format!("{}{path}", self.endpoint));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(body.to_owned()), "s3").await
    }

    async fn send(&self, request: reqwest::RequestBuilder, service: &str) -> String {
        self.answer(request, service).await.1
    }

    /// Nobody checks the signature; the region and the service are read from it.
    async fn answer(&self, request: reqwest::RequestBuilder, service: &str) -> (HeaderMap, String) {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=test/20261120/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let answer = request.header("authorization", signature).send().await.expect("the server answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.expect("the answer can be read");
        assert!(status.is_success(), "{service} answered {status}: {text}");
        (headers, text)
    }
}

/// What stands between two texts of an answer.
pub fn between(text: &str, before: &str, after: &str) -> String {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.unwrap_or_else(|| panic!("no {before} in {text}")).0.to_owned()
}

fn escaped(text: &str) -> String {
    let bytes = text.bytes();
    bytes
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
